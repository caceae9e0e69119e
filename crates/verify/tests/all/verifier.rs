//! The boundary rules, one by one (BND).

use poundlock_verify::{Context, JwkSet, Reject, Seconds, Verifier};
use serde_json::{Value, json};

use crate::signer::{AUDIENCE, EC, ED, ISSUER, NOW, all, claims, claims_with, claims_without, keys, verifier};

fn check(claims: &Value) -> Result<(), Reject> {
    verifier().check(&EC.token(claims), NOW).map(|_| ())
}

#[test]
fn key_01_every_algorithm_verifies() {
    for signer in all() {
        let checked = verifier().check(&signer.token(&claims()), NOW).unwrap();
        assert_eq!(serde_json::to_value(&checked).unwrap(), claims());
    }
}

#[test]
fn c_7_both_names_of_ed25519_are_read() {
    for alg in ["EdDSA", "Ed25519"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"ed"}}"#);
        assert!(verifier().check(&ED.sign(&header, &claims().to_string()), NOW).is_ok(), "{alg}");
    }
}

#[test]
fn bnd_04_the_type_is_at_jwt_in_either_spelling() {
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        let token = EC.sign(&EC.header(typ).to_string(), &claims().to_string());
        assert!(verifier().check(&token, NOW).is_ok(), "{typ}");
    }
}

#[test]
fn bnd_05_the_issuer_is_compared_exactly() {
    for issuer in
        ["https://login.example/", "https://LOGIN.example", "http://login.example", "https://login.example.evil"]
    {
        assert_eq!(check(&claims_with("iss", json!(issuer))), Err(Reject::WrongIssuer), "{issuer}");
    }
}

#[test]
fn bnd_06_the_audience_must_be_named() {
    assert_eq!(check(&claims_with("aud", json!(["https://other.example", AUDIENCE]))), Ok(()));
    for aud in [json!("https://other.example"), json!(["a", "b"]), json!("https://api.example/"), json!("https://api")]
    {
        assert_eq!(check(&claims_with("aud", aud)), Err(Reject::WrongAudience));
    }
    assert_eq!(check(&claims_without("aud")), Err(Reject::BadClaim));
    let blank = Verifier::new("", "").with_keys(keys());
    for (iss, aud) in [("", ""), (ISSUER, AUDIENCE)] {
        let mut claims = claims_with("iss", json!(iss));
        claims["aud"] = json!(aud);
        assert!(blank.check(&EC.token(&claims), NOW).is_err());
    }
}

#[test]
fn bnd_07_times_at_their_edges() {
    let token = EC.token(&claims());
    let at =
        |verifier: &Verifier, seconds: i64| verifier.check(&token, Seconds::new(1_790_000_000 + seconds)).map(|_| ());
    let usual = verifier();
    assert_eq!((at(&usual, 329), at(&usual, 330)), (Ok(()), Err(Reject::Expired)));
    assert_eq!((at(&usual, -30), at(&usual, -31)), (Ok(()), Err(Reject::NotYetValid)));
    let exact = verifier().with_skew(Seconds::new(0));
    assert_eq!((at(&exact, 299), at(&exact, 300)), (Ok(()), Err(Reject::Expired)));
    assert_eq!((at(&exact, 0), at(&exact, -1)), (Ok(()), Err(Reject::NotYetValid)));
    let greedy = verifier().with_skew(Seconds::new(i64::MAX));
    assert_eq!((at(&greedy, 359), at(&greedy, 360)), (Ok(()), Err(Reject::Expired)));
    let negative = verifier().with_skew(Seconds::new(-100));
    assert_eq!((at(&negative, 299), at(&negative, 300)), (Ok(()), Err(Reject::Expired)));
    for now in [i64::MIN, i64::MAX] {
        assert!(usual.check(&token, Seconds::new(now)).is_err());
    }
}

#[test]
fn bnd_07_nbf_is_honoured_if_present() {
    assert_eq!(check(&claims_with("nbf", json!(NOW.value() + 30))), Ok(()));
    assert_eq!(check(&claims_with("nbf", json!(NOW.value() + 31))), Err(Reject::NotYetValid));
    assert_eq!(check(&claims_with("nbf", json!(0))), Ok(()));
}

#[test]
fn tok_05_a_life_over_the_hard_cap_is_not_ours() {
    assert_eq!(check(&claims_with("exp", json!(1_790_003_600))), Ok(()));
    assert_eq!(check(&claims_with("exp", json!(1_790_003_601))), Err(Reject::BadClaim));
    assert_eq!(check(&claims_with("exp", json!(253_402_300_799_i64))), Err(Reject::BadClaim));
    let mut backwards = claims_with("iat", json!(NOW.value() + 20));
    backwards["exp"] = json!(NOW.value() + 10);
    assert_eq!(check(&backwards), Err(Reject::BadClaim));
}

#[test]
fn bnd_10_a_bound_token_needs_its_proof() {
    let token = EC.token(&claims_with("cnf", json!({"jkt": "thumb"})));
    let verifier = verifier();
    assert_eq!(verifier.check(&token, NOW), Err(Reject::ProofRequired));
    assert_eq!(verifier.check_in(&token, &Context::at(NOW).with_proof("other")), Err(Reject::WrongProof));
    assert_eq!(verifier.check_in(&token, &Context::at(NOW).with_proof("")), Err(Reject::WrongProof));
    assert!(verifier.check_in(&token, &Context::at(NOW).with_proof("thumb")).is_ok());
    let mtls = EC.token(&claims_with("cnf", json!({"x5t#S256": "thumb"})));
    assert_eq!(verifier.check(&mtls, NOW), Err(Reject::BadClaim));
}

#[test]
fn without_keys_nothing_is_accepted_and_a_dropped_key_stops_at_once() {
    let token = EC.token(&claims());
    assert_eq!(Verifier::new(ISSUER, AUDIENCE).check(&token, NOW), Err(Reject::UnknownKey));
    let mut verifier = verifier();
    assert!(verifier.check(&token, NOW).is_ok());
    verifier.replace_keys(JwkSet::from_keys(vec![ED.jwk()]).unwrap());
    assert_eq!(verifier.check(&token, NOW), Err(Reject::UnknownKey));
}

/// The stored token of the documentation: if this fails, released verifiers would refuse released tokens.
#[test]
fn the_example_of_the_documentation_is_still_accepted() {
    let keys = JwkSet::parse(include_bytes!("../vectors/example/jwks.json")).unwrap();
    let token = include_str!("../vectors/example/token.jwt");
    let checked = Verifier::new(ISSUER, AUDIENCE).with_keys(keys).check(token, NOW).unwrap();
    assert_eq!(serde_json::to_value(&checked).unwrap(), claims());
}
