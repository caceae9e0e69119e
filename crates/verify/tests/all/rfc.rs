//! Examples of the RFCs: their headers have no `kid` and no `typ`, so they go through the parts of the reader.

use poundlock_verify::jws::{Compact, TOKEN_BYTES_MAX};
use poundlock_verify::{Jwk, JwkSet, Reject, b64, jws};
use serde::Deserialize;

#[derive(Deserialize)]
struct Example {
    source: String,
    jwk: Jwk,
    jws: String,
}

fn examples() -> Vec<Example> {
    serde_json::from_str(include_str!("../vectors/rfc/jws.json")).unwrap()
}

fn payload(example: &Example, token: &str) -> Result<Vec<u8>, Reject> {
    let compact = Compact::split(token, TOKEN_BYTES_MAX)?;
    let header = compact.header()?;
    compact.payload_signed_by(&header, &example.jwk.public_key()?).map(<[u8]>::to_vec)
}

#[test]
fn rfc_7515_and_8037_signatures_verify() {
    let examples = examples();
    assert_eq!(examples.len(), 3);
    for example in &examples {
        let expected = b64::decode(example.jws.split('.').nth(1).unwrap()).unwrap();
        assert_eq!(payload(example, &example.jws).unwrap(), expected, "{}", example.source);
    }
}

#[test]
fn rfc_examples_fail_when_one_bit_of_any_part_changes() {
    for example in examples() {
        let parts: Vec<Vec<u8>> = example.jws.split('.').map(|part| b64::decode(part).unwrap()).collect();
        for part in 0..3 {
            for bit in [0, 7, 8 * parts[part].len() - 1] {
                let mut changed = parts.clone();
                changed[part][bit / 8] ^= 1 << (bit % 8);
                let token: Vec<_> = changed.iter().map(|part| b64::encode(part)).collect();
                assert!(payload(&example, &token.join(".")).is_err(), "{} part {part} bit {bit}", example.source);
            }
        }
    }
}

#[test]
fn key_03_a_key_is_used_with_its_own_algorithm_only() {
    for example in examples() {
        for other in examples().iter().filter(|other| other.source != example.source) {
            let refused = payload(&Example { jwk: other.jwk.clone(), ..examples().remove(0) }, &example.jws);
            assert_eq!(refused.unwrap_err(), Reject::AlgNotAllowed);
        }
    }
}

#[test]
fn tok_07_without_typ_and_kid_they_are_no_tokens_of_any_kind() {
    for example in examples() {
        let keys = JwkSet::from_keys(vec![example.jwk]).unwrap();
        for typ in ["at+jwt", "JWT", ""] {
            assert_eq!(jws::verify(&example.jws, typ, &keys).unwrap_err(), Reject::WrongType);
        }
    }
}
