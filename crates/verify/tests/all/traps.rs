//! Known breaks of other token readers, each tried here (traps T-01 to T-04 of the requirements: algorithms and keys).

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::hmac;
use poundlock_verify::{Alg, Reject, b64};
use serde_json::{Value, json};

use crate::signer::{EC, NOW, Signer, all, claims, keys, verifier};

pub(crate) fn refusal(token: &str) -> Reject {
    verifier().check(token, NOW).map(|_| ()).unwrap_err()
}

fn header_with(name: &str, value: Value) -> String {
    let mut header = EC.header("at+jwt");
    header[name] = value;
    header.to_string()
}

#[test]
fn t_01_alg_none_in_every_spelling() {
    for alg in ["none", "None", "NONE", "noNE", "nonE", " none", "none\0", ""] {
        let header = header_with("alg", json!(alg));
        assert_eq!(refusal(&EC.sign(&header, &claims().to_string())), Reject::AlgNotAllowed, "{alg}");
        let unsigned = format!("{}.{}.", b64::encode(header.as_bytes()), b64::encode(claims().to_string().as_bytes()));
        assert_eq!(refusal(&unsigned), Reject::Malformed, "{alg}");
        assert_eq!(refusal(&format!("{unsigned}AA")), Reject::AlgNotAllowed, "{alg}");
    }
    assert_eq!(refusal(&EC.sign(r#"{"typ":"at+jwt","kid":"ec"}"#, &claims().to_string())), Reject::AlgNotAllowed);
    for alg in [json!(null), json!(["ES256"]), json!({}), json!(0)] {
        assert_eq!(refusal(&EC.sign(&header_with("alg", alg), &claims().to_string())), Reject::Malformed);
    }
}

#[test]
fn t_01_an_empty_or_blank_signature() {
    for signer in all() {
        let token = signer.token(&claims());
        let signed = token.rsplit_once('.').unwrap().0;
        assert_eq!(refusal(&format!("{signed}.")), Reject::Malformed);
        assert_eq!(refusal(signed), Reject::Malformed);
        for length in [1, 32, 63, 64, 65, 256] {
            let blank = b64::encode(&vec![0; length]);
            assert_eq!(refusal(&format!("{signed}.{blank}")), Reject::BadSignature, "{length}");
        }
    }
}

#[test]
fn t_01_a_der_encoded_ecdsa_signature_is_refused() {
    let token = EC.token(&claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let raw = b64::decode(signature).unwrap();
    let integer = |bytes: &[u8]| [&[2, 33, 0][..], bytes].concat();
    let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
    let der = [&[0x30, 70][..], &body].concat();
    assert_eq!(refusal(&format!("{signed}.{}", b64::encode(&der))), Reject::BadSignature);
}

/// The public key in every form in which a careless server might hand it to HMAC.
fn public_forms(signer: &Signer) -> Vec<Vec<u8>> {
    let jwk = signer.jwk();
    let json = serde_json::to_value(&jwk).unwrap();
    let part = |name: &str| json[name].as_str().map(|text| b64::decode(text).unwrap()).unwrap_or_default();
    let spki = if signer.alg() == Alg::Rs256 {
        let numbers = aws_lc_rs::signature::RsaPublicKeyComponents { n: part("n"), e: part("e") };
        numbers.as_der().unwrap().as_ref().to_vec()
    } else {
        [part("x"), part("y")].concat()
    };
    let base64 = b64::encode(&spki).replace('-', "+").replace('_', "/");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----");
    let text = serde_json::to_string(&jwk).unwrap();
    let mut forms = vec![spki, part("n"), part("x"), vec![], b"ec".to_vec()];
    for text in
        [pem.clone(), format!("{pem}\n"), format!(" {pem}"), format!("\n\n{pem}\n"), text, keys().to_json().unwrap()]
    {
        forms.push(text.into_bytes());
    }
    forms
}

#[test]
fn t_02_hmac_with_the_public_key_as_secret() {
    let hashes = [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)];
    for signer in all() {
        for secret in public_forms(signer) {
            for (alg, hash) in hashes {
                for (named, refused) in [(alg, Reject::AlgNotAllowed), (signer.alg().as_str(), Reject::BadSignature)] {
                    let mut header = signer.header("at+jwt");
                    header["alg"] = json!(named);
                    let parts = [header.to_string(), claims().to_string()].map(|part| b64::encode(part.as_bytes()));
                    let signed = parts.join(".");
                    let tag = hmac::sign(&hmac::Key::new(hash, &secret), signed.as_bytes());
                    assert_eq!(refusal(&format!("{signed}.{}", b64::encode(tag.as_ref()))), refused);
                }
            }
        }
    }
}

#[test]
fn t_02_the_header_cannot_choose_another_algorithm_for_a_key() {
    for signer in all() {
        for other in all().iter().filter(|other| other.alg() != signer.alg()) {
            let mut header = signer.header("at+jwt");
            header["alg"] = json!(other.alg());
            assert_eq!(refusal(&signer.sign(&header.to_string(), &claims().to_string())), Reject::AlgNotAllowed);
            // Another key's honest signature under this key's name.
            let mut header = other.header("at+jwt");
            header["kid"] = signer.header("at+jwt")["kid"].clone();
            assert_eq!(refusal(&other.sign(&header.to_string(), &claims().to_string())), Reject::AlgNotAllowed);
        }
    }
    let stranger = Signer::new(Alg::Es256, "ec");
    assert_eq!(refusal(&stranger.token(&claims())), Reject::BadSignature);
}

#[test]
fn t_03_kid_injection() {
    for kid in [
        "../../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        "https://evil.example/jwks.json",
        "ec' OR '1'='1",
        "ec\0",
        "ec ",
        " ec",
        "EC",
        "",
        "ec\n",
        "%65c",
        "ec/../ec",
        "$(id)",
        "../ec",
        "ec;ed",
        "*",
    ] {
        assert_eq!(
            refusal(&EC.sign(&header_with("kid", json!(kid)), &claims().to_string())),
            Reject::UnknownKey,
            "{kid}"
        );
    }
    for kid in [json!(null), json!(["ec"]), json!({"ec": 1}), json!(0), json!(true)] {
        assert_eq!(refusal(&EC.sign(&header_with("kid", kid), &claims().to_string())), Reject::Malformed);
    }
    let huge = header_with("kid", json!("k".repeat(1 << 20)));
    assert_eq!(refusal(&EC.sign(&huge, &claims().to_string())), Reject::TooLarge);
    let other_key = Signer::new(Alg::Es256, "other_tenant");
    assert_eq!(refusal(&other_key.token(&claims())), Reject::UnknownKey);
}

/// Nothing can be fetched either: the crate holds no code that opens a connection.
#[test]
fn t_04_keys_in_the_header() {
    let attacker = Signer::new(Alg::Es256, "ec");
    let jwk = serde_json::to_value(attacker.jwk()).unwrap();
    for (name, value) in [
        ("jwk", jwk.clone()),
        ("jwk", serde_json::to_value(EC.jwk()).unwrap()),
        ("jku", json!("http://127.0.0.1:1/jwks.json")),
        ("x5u", json!("http://127.0.0.1:1/cert.pem")),
        ("x5c", json!(["AA=="])),
        ("x5t", json!("AA")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("jwk", json!(null)),
    ] {
        let header = header_with(name, value);
        for signer in [&attacker, &*EC] {
            assert_eq!(refusal(&signer.sign(&header, &claims().to_string())), Reject::HeaderNotAllowed, "{name}");
        }
    }
}
