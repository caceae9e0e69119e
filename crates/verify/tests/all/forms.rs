//! Known breaks of other token readers, each tried here (traps T-05 to T-07 of the requirements: kinds, types, forms).

use poundlock_verify::{ACCESS_TOKEN_TYP, Reject, STATUS_LIST_TYP, StatusList, b64, jws};
use serde_json::json;

use crate::signer::{EC, NOW, all, claims, claims_with, keys, verifier};
use crate::traps::refusal;

#[test]
fn t_05_only_the_diagonal_of_token_kinds_passes() {
    let kinds = [
        "at+jwt",
        "JWT",
        "id_token+jwt",
        "logout+jwt",
        "secevent+jwt",
        "statuslist+jwt",
        "client-authentication+jwt",
        "dpop+jwt",
        "oauth-authz-req+jwt",
        "token-introspection+jwt",
        "vc+jwt",
    ];
    for made in kinds {
        let token = EC.sign(&EC.header(made).to_string(), &claims().to_string());
        for wanted in kinds {
            assert_eq!(jws::verify(&token, wanted, &keys()).is_ok(), made == wanted, "{made} for {wanted}");
        }
        assert_eq!(verifier().check(&token, NOW).is_ok(), made == ACCESS_TOKEN_TYP, "{made}");
        let as_list = StatusList::check_token(&token, &keys(), "u", NOW).unwrap_err();
        assert_eq!(as_list == Reject::WrongType, made != STATUS_LIST_TYP, "{made}");
    }
    let untyped = EC.sign(r#"{"alg":"ES256","kid":"ec"}"#, &claims().to_string());
    assert_eq!(refusal(&untyped), Reject::WrongType);
}

#[test]
fn t_06_signed_claims_of_the_wrong_type() {
    let later = NOW.value() + 100;
    let instead = [
        json!(later.to_string()),
        json!([later]),
        json!({"at": later}),
        json!(-1),
        json!(later as f64),
        json!(1e308),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(null),
        json!(true),
    ];
    for name in ["exp", "nbf", "iat", "auth_time", "mfa_time"] {
        for value in &instead {
            assert_eq!(refusal(&EC.token(&claims_with(name, value.clone()))), Reject::BadClaim, "{name}: {value}");
        }
    }
    let iss = claims()["iss"].clone();
    for value in [json!([iss]), json!({"iss": iss}), json!(null), json!(1)] {
        assert_eq!(refusal(&EC.token(&claims_with("iss", value.clone()))), Reject::BadClaim, "{value}");
    }
    for text in [r#""exp":1e12"#, r#""exp":1790000300.0"#, r#""exp":17900003e2"#] {
        let payload = claims().to_string().replace(r#""exp":1790000300"#, text);
        assert_ne!(payload, claims().to_string());
        assert_eq!(refusal(&EC.sign(&EC.header("at+jwt").to_string(), &payload)), Reject::BadClaim, "{text}");
    }
}

#[test]
fn t_07_json_serialisation_and_extra_segments() {
    let token = EC.token(&claims());
    let parts: Vec<_> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let flat = json!({"protected": header, "payload": payload, "signature": signature});
    let general = json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]});
    for other in [
        flat.to_string(),
        general.to_string(),
        format!("{token}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}.{payload}..{signature}"),
        format!("{token}:{flat}"),
        format!("{token} {token}"),
    ] {
        assert_eq!(refusal(&other), Reject::Malformed, "{other}");
    }
}

#[test]
fn t_07_every_other_spelling_of_the_same_bytes() {
    for signer in all() {
        let token = signer.token(&claims());
        let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        for part in 0..3 {
            for change in ["=", "==", "\n", " ", "\0", "\r\n", "é", "%3D", "+", "/"] {
                for front in [true, false] {
                    let mut parts = parts.clone();
                    parts[part] =
                        if front { format!("{change}{}", parts[part]) } else { format!("{}{change}", parts[part]) };
                    assert_eq!(refusal(&parts.join(".")), Reject::Malformed, "{change:?}");
                }
            }
        }
    }
    // Trailing bits: 64 bytes leave four unused bits in the last character.
    let token = EC.token(&claims());
    let last = token.chars().last().unwrap();
    for other in ('A'..='Z').chain('a'..='z').chain('0'..='9').filter(|other| *other != last) {
        let respelled = format!("{}{other}", &token[..token.len() - 1]);
        assert!(matches!(refusal(&respelled), Reject::Malformed | Reject::BadSignature), "{other}");
    }
}

#[test]
fn t_07_duplicate_names_in_header_and_payload() {
    let payload = claims().to_string();
    for header in [
        r#"{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"ec"}"#,
        r#"{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"ec"}"#,
        r#"{"alg":"ES256","typ":"at+jwt","kid":"ec","\u006bid":"ec"}"#,
        r#"{"alg":"ES256","typ":"JWT","typ":"at+jwt","kid":"ec"}"#,
    ] {
        assert_eq!(refusal(&EC.sign(header, &payload)), Reject::Malformed, "{header}");
    }
    let header = EC.header("at+jwt").to_string();
    for first in [r#""sub":"admin""#, r#""s\u0075b":"admin""#, r#""x":{"a":1,"a":2}"#, r#""x":[{"a":{"b":1,"b":1}}]"#] {
        let doubled = payload.replacen('{', &format!("{{{first},"), 1);
        assert_eq!(refusal(&EC.sign(&header, &doubled)), Reject::Malformed, "{first}");
        assert_eq!(jws::verify(&EC.sign(&header, &doubled), "at+jwt", &keys()).unwrap_err(), Reject::Malformed);
    }
    for other in ["", "null", "[]", "\"sub\"", "{}{}", "{} ", "[{}]"] {
        let expected = if other == "{} " { Reject::BadClaim } else { Reject::Malformed };
        assert_eq!(refusal(&EC.sign(&header, other)), expected, "{other}");
    }
}

#[test]
fn bnd_12_encrypted_tokens_are_not_signed_ones() {
    let header = b64::encode(br#"{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"at+jwt","kid":"rsa"}"#);
    let jwe =
        format!("{header}.{}.{}.{}.{}", b64::encode(&[1; 256]), b64::encode(&[2; 12]), "AAAA", b64::encode(&[3; 16]));
    assert_eq!(refusal(&jwe), Reject::Malformed);
    let three = format!("{header}.{}.{}", b64::encode(claims().to_string().as_bytes()), b64::encode(&[3; 16]));
    assert_eq!(refusal(&three), Reject::HeaderNotAllowed);
}

#[test]
fn a_verified_token_of_any_kind_gives_its_payload_and_key() {
    for signer in all() {
        let header = signer.header("logout+jwt").to_string();
        let verified = jws::verify(&signer.sign(&header, r#" {"any":[1]} "#), "logout+jwt", &keys()).unwrap();
        assert_eq!(verified.payload, br#" {"any":[1]} "#);
        assert_eq!(Some(verified.kid.as_str()), signer.jwk().kid());
        assert_eq!(jws::verify(&signer.sign(&header, "[1]"), "logout+jwt", &keys()).unwrap_err(), Reject::Malformed);
    }
}
