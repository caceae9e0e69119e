//! Every JSON Web Signature and JSON Web Key case of Wycheproof. Where this crate refuses what the vectors call
//! valid, a named rule must say so, and the number of such cases is fixed.

use std::collections::BTreeMap;

use poundlock_verify::jws::{Compact, TOKEN_BYTES_MAX};
use poundlock_verify::{JwkSet, Reject};
use serde_json::{Value, json};

/// Why a valid case is refused here, if it is.
fn stricter_rule(key: &Value) -> Option<&'static str> {
    match (key["kty"].as_str(), key["alg"].as_str()) {
        (Some("oct"), _) => Some("no symmetric keys: the set is refused"),
        (_, Some("RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES521")) => Some("an algorithm that is not ours"),
        _ => None,
    }
}

fn accepts(set: &Value, jws: &Value) -> Result<(), Reject> {
    let keys = JwkSet::parse(set.to_string().as_bytes())?;
    // The JSON-serialised cases are objects.
    let token = jws.as_str().map_or_else(|| jws.to_string(), str::to_owned);
    let compact = Compact::split(&token, TOKEN_BYTES_MAX)?;
    let header = compact.header()?;
    let (_, key) = header.key(&keys)?;
    compact.payload_signed_by(&header, key).map(|_| ())
}

struct Tally {
    agreed_valid: usize,
    agreed_invalid: usize,
    stricter: BTreeMap<&'static str, usize>,
}

fn run(file: &str, set_of: impl Fn(&Value) -> Value) -> Tally {
    let file: Value = serde_json::from_str(file).unwrap();
    let mut tally = Tally { agreed_valid: 0, agreed_invalid: 0, stricter: BTreeMap::new() };
    for group in file["testGroups"].as_array().unwrap() {
        let set = set_of(group.get("public").unwrap_or(&group["private"]));
        let rule = set["keys"].as_array().unwrap().iter().find_map(stricter_rule);
        for case in group["tests"].as_array().unwrap() {
            let outcome = accepts(&set, &case["jws"]);
            match (case["result"].as_str().unwrap(), &outcome, rule) {
                ("valid", Ok(()), None) => tally.agreed_valid += 1,
                ("invalid", Err(_), _) => tally.agreed_invalid += 1,
                ("valid", Err(_), Some(rule)) => *tally.stricter.entry(rule).or_default() += 1,
                _ => panic!("case {} ({}): {outcome:?}", case["tcId"], case["comment"]),
            }
        }
    }
    tally
}

#[test]
fn json_web_signature_cases() {
    let tally = run(include_str!("../vectors/wycheproof/json_web_signature_test.json"), |key| json!({"keys": [key]}));
    assert_eq!((tally.agreed_valid, tally.agreed_invalid), (10, 401 - 10 - 36));
    let stricter = [("an algorithm that is not ours", 26), ("no symmetric keys: the set is refused", 10)];
    assert_eq!(tally.stricter, BTreeMap::from(stricter));
}

#[test]
fn json_web_key_cases() {
    let tally = run(include_str!("../vectors/wycheproof/json_web_key_test.json"), Clone::clone);
    assert_eq!((tally.agreed_valid, tally.agreed_invalid), (1, 21));
    assert_eq!(tally.stricter, BTreeMap::from([("no symmetric keys: the set is refused", 4)]));
}

/// The weak keys among the cases are refused as keys, not because their tokens happen to fail.
#[test]
fn weak_keys_are_left_out_of_the_set() {
    let file: Value = serde_json::from_str(include_str!("../vectors/wycheproof/json_web_key_test.json")).unwrap();
    let weak = ["jws_rsa_roca_key", "keysize_too_small", "exponentOne", "wrong_curve", "invalid_point", "wrong_kty"];
    let mut seen = 0;
    for group in file["testGroups"].as_array().unwrap() {
        if weak.contains(&group["comment"].as_str().unwrap()) {
            seen += 1;
            let set = JwkSet::parse(group["public"].to_string().as_bytes());
            assert_eq!(set.unwrap_err(), Reject::KeySetEmpty, "{}", group["comment"]);
        }
    }
    assert_eq!(seen, weak.len());
}
