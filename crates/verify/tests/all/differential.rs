//! Against another library with the same key, algorithm, issuer and audience: whatever is accepted here, it accepts.
//!
//! It checks nothing about types and header members, so the reverse does not hold and is not asked.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, get_current_timestamp};
use poundlock_verify::{Alg, Seconds, b64};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::signer::{AUDIENCE, ISSUER, Signer, all, claims, verifier};

fn other_accepts(signer: &Signer, token: &str) -> bool {
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(serde_json::to_value(signer.jwk()).unwrap()).unwrap();
    let mut validation = Validation::new(match signer.alg() {
        Alg::Es256 => Algorithm::ES256,
        Alg::Rs256 => Algorithm::RS256,
        Alg::EdDsa => Algorithm::EdDSA,
    });
    validation.leeway = 60;
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    decode::<Value>(token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).is_ok()
}

/// The other library reads the wall clock itself, so the tokens are of now; ours gets the same second and its usual
/// skew of half the other's, so a second passing between the two changes nothing.
fn now() -> i64 {
    i64::try_from(get_current_timestamp()).unwrap()
}

fn claims_at(now: i64) -> Value {
    let mut claims = claims();
    claims["iat"] = json!(now - 10);
    claims["exp"] = json!(now + 300);
    claims
}

#[derive(Clone, Debug)]
enum Change {
    None,
    Byte { place: usize, byte: u8 },
    Cut { place: usize },
    Insert { place: usize, byte: u8 },
    Claim { name: &'static str, value: Value },
    Header { name: &'static str, value: Value },
    Swap,
    Bit { part: usize, place: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let name =
        prop::sample::select(vec!["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "acr", "cnf", "status", "new"]);
    let header = prop::sample::select(vec!["alg", "typ", "kid", "crit", "jwk", "cty", "b64"]);
    let value = prop::sample::select(vec![
        json!(null),
        json!(0),
        json!(-1),
        json!("x"),
        json!(""),
        json!([]),
        json!({}),
        json!(true),
        json!(1.5),
        json!(ISSUER),
        json!(AUDIENCE),
        json!([AUDIENCE]),
        json!(["x", AUDIENCE]),
        json!(now() - 1000),
        json!(now() + 1000),
        json!("none"),
        json!("ES256"),
        json!("EdDSA"),
        json!("at+jwt"),
        json!("JWT"),
        json!("phr"),
        json!({"jkt": "x"}),
        json!(["b64"]),
    ]);
    prop_oneof![
        1 => Just(Change::None),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(place, byte)| Change::Byte { place, byte: byte & 0x7f }),
        1 => any::<usize>().prop_map(|place| Change::Cut { place }),
        1 => (any::<usize>(), prop::sample::select(b"=. \nA_-+".to_vec())).prop_map(|(place, byte)| Change::Insert { place, byte }),
        4 => (name, value.clone()).prop_map(|(name, value)| Change::Claim { name, value }),
        3 => (header, value).prop_map(|(name, value)| Change::Header { name, value }),
        1 => Just(Change::Swap),
        2 => (0_usize..3, any::<usize>()).prop_map(|(part, place)| Change::Bit { part, place }),
    ]
}

fn apply(change: &Change, signer: &Signer, now: i64) -> String {
    let (mut header, mut claims) = (signer.header("at+jwt"), claims_at(now));
    match change {
        Change::Claim { name, value } => claims[*name] = value.clone(),
        Change::Header { name, value } => header[*name] = value.clone(),
        _ => {}
    }
    let token = signer.sign(&header.to_string(), &claims.to_string());
    let mut bytes = token.clone().into_bytes();
    match change {
        Change::Byte { place, byte } => {
            let place = place % bytes.len();
            bytes[place] = *byte;
        }
        Change::Cut { place } => bytes.truncate(place % bytes.len()),
        Change::Insert { place, byte } => bytes.insert(place % (bytes.len() + 1), *byte),
        Change::Swap => {
            let parts: Vec<_> = token.split('.').collect();
            bytes = format!("{}.{}.{}", parts[1], parts[0], parts[2]).into_bytes();
        }
        Change::Bit { part, place } => {
            let mut parts: Vec<_> = token.split('.').map(|part| b64::decode(part).unwrap()).collect();
            let place = place % (parts[*part].len() * 8);
            parts[*part][place / 8] ^= 1 << (place % 8);
            bytes = parts.iter().map(|part| b64::encode(part)).collect::<Vec<_>>().join(".").into_bytes();
        }
        Change::None | Change::Claim { .. } | Change::Header { .. } => {}
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn both_accept_a_good_token() {
    for signer in all() {
        let now = now();
        let token = signer.token(&claims_at(now));
        assert!(verifier().check(&token, Seconds::new(now)).is_ok());
        assert!(other_accepts(signer, &token));
    }
}

/// The test below can fail only if the other library refuses at all; here it does.
#[test]
fn both_refuse_plain_faults() {
    for signer in all() {
        let now = now();
        for change in [
            Change::Claim { name: "iss", value: json!("x") },
            Change::Claim { name: "aud", value: json!("x") },
            Change::Claim { name: "exp", value: json!(now - 1000) },
            Change::Claim { name: "nbf", value: json!(now + 1000) },
            Change::Bit { part: 2, place: 9 },
            Change::Swap,
        ] {
            let token = apply(&change, signer, now);
            assert!(verifier().check(&token, Seconds::new(now)).is_err(), "{change:?}");
            assert!(!other_accepts(signer, &token), "{change:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_is_accepted_here_the_other_accepts(signer in 0_usize..3, change in change()) {
        let (signer, now) = (all()[signer], now());
        let token = apply(&change, signer, now);
        if verifier().check(&token, Seconds::new(now)).is_ok() {
            prop_assert!(other_accepts(signer, &token), "{change:?}: {token}");
        }
    }
}
