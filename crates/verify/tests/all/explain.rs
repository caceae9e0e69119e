//! `explain` and `check` are one pipeline: what one says, the other does.

use poundlock_verify::{Check, Outcome, Reject, Seconds};
use proptest::prelude::*;
use serde_json::json;

use crate::signer::{EC, NOW, Signer, all, claims, claims_with, verifier};

const ORDER: [&str; 14] = [
    "shape",
    "header",
    "type",
    "key",
    "signature",
    "payload",
    "claims",
    "issuer",
    "audience",
    "expiry",
    "not-before",
    "lifetime",
    "binding",
    "status",
];

fn failed(checks: &[Check]) -> Option<(&'static str, Reject)> {
    checks.iter().find_map(|check| match check.outcome {
        Outcome::Failed(reject) => Some((check.name, reject)),
        _ => None,
    })
}

#[test]
fn bnd_01_the_order_is_fixed_and_a_good_token_passes_all() {
    let checks = verifier().explain(&EC.token(&claims()), NOW);
    assert_eq!(checks.iter().map(|check| check.name).collect::<Vec<_>>(), ORDER);
    for check in checks {
        assert_eq!(check.outcome, Outcome::Passed);
        assert!(!check.detail.is_empty(), "{}", check.name);
    }
}

#[test]
fn the_first_failure_is_named_and_nothing_after_it_is_reached() {
    let sign = |header: &str, payload: &str| EC.sign(header, payload);
    let header = EC.header("at+jwt").to_string();
    let stranger = Signer::new(EC.alg(), "ec");
    let cases = [
        ("shape", Reject::Malformed, "a.b".to_owned()),
        ("shape", Reject::TooLarge, "a".repeat(8193)),
        ("header", Reject::HeaderNotAllowed, sign(r#"{"alg":"ES256","jku":"https://evil.example"}"#, "{}")),
        ("type", Reject::WrongType, sign(&EC.header("JWT").to_string(), "{}")),
        ("key", Reject::AlgNotAllowed, sign(r#"{"alg":"none","typ":"at+jwt","kid":"ec"}"#, "{}")),
        ("key", Reject::UnknownKey, sign(r#"{"alg":"ES256","typ":"at+jwt","kid":"other"}"#, "{}")),
        ("signature", Reject::BadSignature, stranger.token(&claims())),
        ("payload", Reject::Malformed, sign(&header, r#"{"iss":"a","iss":"b"}"#)),
        ("claims", Reject::BadClaim, sign(&header, "{}")),
        ("issuer", Reject::WrongIssuer, EC.token(&claims_with("iss", json!("x")))),
        ("audience", Reject::WrongAudience, EC.token(&claims_with("aud", json!("x")))),
        ("expiry", Reject::Expired, EC.token(&claims_with("exp", json!(1)))),
        ("not-before", Reject::NotYetValid, EC.token(&claims_with("nbf", json!(1_800_000_000)))),
        ("lifetime", Reject::BadClaim, EC.token(&claims_with("exp", json!(1_800_000_000)))),
        ("binding", Reject::ProofRequired, EC.token(&claims_with("cnf", json!({"jkt": "x"})))),
    ];
    for (name, reject, token) in cases {
        let checks = verifier().explain(&token, NOW);
        assert_eq!(failed(&checks), Some((name, reject)));
        assert_eq!(verifier().check(&token, NOW), Err(reject));
        let at = ORDER.iter().position(|check| *check == name).unwrap();
        assert!(checks[..at].iter().all(|check| check.outcome == Outcome::Passed), "{name}");
        assert!(checks[at + 1..].iter().all(|check| check.outcome == Outcome::NotReached), "{name}");
        assert!(checks[at].detail.starts_with(&reject.to_string()), "{name}");
    }
}

#[test]
fn details_say_what_was_found_and_cannot_steer_a_terminal() {
    let token = EC.token(&claims_with("iss", json!("\u{1b}[2Jevil\n")));
    let checks = verifier().explain(&token, NOW);
    let detail = &checks.iter().find(|check| check.name == "issuer").unwrap().detail;
    assert!(detail.ends_with(r#"expected "https://login.example", found "\u{1b}[2Jevil\u{a}""#), "{detail}");
    let missing = verifier().explain(&EC.sign(&EC.header("at+jwt").to_string(), r#"{"iss":"a"}"#), NOW);
    assert!(missing.iter().any(|check| check.name == "claims" && check.detail.contains("missing field `sub`")));
    let kid = "\u{202e}\u{7}".repeat(1000);
    let token = EC.sign(&json!({"alg": "ES256", "typ": "at+jwt", "kid": kid}).to_string(), "{}");
    for check in verifier().explain(&token, NOW) {
        assert!(check.detail.len() < 3000);
        assert!(check.detail.chars().all(|shown| shown == '…' || !shown.is_control() && shown.is_ascii()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is done to a token, `check` accepts if and only if every check passed, and both give one reason.
    #[test]
    fn check_is_ok_if_and_only_if_every_check_passed(
        signer in 0_usize..3, place in 0_usize..2000, byte in any::<u8>(), shift in -400_i64..400,
    ) {
        let mut token = all()[signer].token(&claims()).into_bytes();
        let place = place % (token.len() * 3 / 2);
        if let Some(at) = token.get_mut(place) {
            *at = byte & 0x7f;
        }
        let token = String::from_utf8(token).unwrap();
        let now = NOW.plus(Seconds::new(shift));
        let checks = verifier().explain(&token, now);
        let outcome = verifier().check(&token, now);
        prop_assert_eq!(checks.len(), ORDER.len());
        prop_assert_eq!(outcome.is_ok(), checks.iter().all(|check| check.outcome == Outcome::Passed));
        prop_assert_eq!(outcome.err(), failed(&checks).map(|(_, reject)| reject));
    }
}
