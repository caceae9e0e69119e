//! Claims one by one: each left out, of another type, or twice.

use serde_json::{Value, json};

use super::{Audience, Claims};
use crate::{Acr, Reject, Seconds};

fn full() -> Value {
    json!({
        "iss": "https://login.example", "sub": "usr_1", "aud": "https://api.example", "client_id": "cli_1",
        "iat": 1000, "exp": 1300, "nbf": 1000, "jti": "tok_1", "sid": "ses_1", "scope": "a b:c",
        "auth_time": 900, "acr": "aal2", "amr": ["pwd", "otp"], "groups": ["staff"], "mfa_time": 900,
        "status": {"status_list": {"idx": 5, "uri": "https://login.example/status/1"}}, "cnf": {"jkt": "abc"},
    })
}

fn parse(value: &Value) -> Result<Claims, Reject> {
    Claims::parse(value.to_string().as_bytes())
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = full();
    claims[name] = value;
    claims
}

#[test]
fn claims_survive_json() {
    let claims = parse(&full()).unwrap();
    assert_eq!(serde_json::to_value(&claims).unwrap(), full());
    assert_eq!((claims.acr, claims.exp, claims.nbf), (Acr::Aal2, Seconds::new(1300), Some(Seconds::new(1000))));
    assert_eq!(claims.status.unwrap().status_list.idx, 5);
    assert_eq!(claims.cnf.unwrap().jkt, "abc");
}

#[test]
fn optional_claims_may_be_absent_and_are_not_written() {
    let mut least = full();
    for name in ["nbf", "scope", "groups", "status", "cnf"] {
        least.as_object_mut().unwrap().remove(name);
    }
    let claims = parse(&least).unwrap();
    assert_eq!(serde_json::to_value(&claims).unwrap(), least);
    assert!(claims.groups.is_empty() && !claims.has_scope("a") && !claims.in_group("staff"));
}

#[test]
fn tok_02_every_other_claim_is_required() {
    for name in ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time", "acr", "amr", "mfa_time"] {
        let mut claims = full();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(parse(&claims), Err(Reject::BadClaim), "{name}");
    }
}

#[test]
fn t_06_a_claim_of_the_wrong_type_is_refused_never_skipped() {
    for time in ["iat", "exp", "nbf", "auth_time", "mfa_time"] {
        for value in [
            json!("1300"),
            json!(1300.0),
            json!(1e300),
            json!(-1),
            json!([1300]),
            json!(null),
            json!({}),
            json!(true),
            json!(u64::MAX),
        ] {
            assert_eq!(parse(&with(time, value.clone())), Err(Reject::BadClaim), "{time}: {value}");
        }
    }
    for text in ["iss", "sub", "client_id", "jti", "sid", "acr"] {
        for value in [json!(["https://login.example"]), json!(1), json!(null), json!({}), json!(true), json!("")] {
            assert_eq!(parse(&with(text, value.clone())), Err(Reject::BadClaim), "{text}: {value}");
        }
    }
    for (name, value) in [
        ("aud", json!([])),
        ("aud", json!("")),
        ("aud", json!(["a", ""])),
        ("aud", json!(["a", 1])),
        ("aud", json!([["a"]])),
        ("aud", json!(null)),
        ("aud", json!({"a": 1})),
        ("aud", json!(1)),
        ("scope", json!(["a"])),
        ("scope", json!(null)),
        ("acr", json!("PHR")),
        ("acr", json!("aal3")),
        ("acr", json!({"phr": null})),
        ("amr", json!("pwd")),
        ("amr", json!([1])),
        ("groups", json!("staff")),
        ("groups", json!(null)),
        ("status", json!(null)),
        ("status", json!([{"idx": 5, "uri": "u"}])),
        ("status", json!({"status_list": [5, "u"]})),
        ("status", json!({"status_list": {"idx": -1, "uri": "u"}})),
        ("status", json!({"status_list": {"idx": "5", "uri": "u"}})),
        ("status", json!({"status_list": {"idx": 5.0, "uri": "u"}})),
        ("status", json!({"status_list": {"idx": 5}})),
        ("status", json!({})),
        ("cnf", json!(null)),
        ("cnf", json!(["abc"])),
        ("cnf", json!({})),
        ("cnf", json!({"jkt": ""})),
        ("cnf", json!({"x5t#S256": "abc"})),
        ("cnf", json!({"jkt": "abc", "x5t#S256": "abc"})),
    ] {
        assert_eq!(parse(&with(name, value.clone())), Err(Reject::BadClaim), "{name}: {value}");
    }
}

#[test]
fn unknown_claims_are_ignored_but_not_their_ambiguity() {
    assert!(parse(&with("new_claim", json!({"a": [1, 2, {"b": null}]}))).is_ok());
    let doubled = full().to_string().replacen('{', r#"{"new":1,"new":2,"#, 1);
    assert_eq!(Claims::parse(doubled.as_bytes()), Err(Reject::BadClaim));
    let doubled = full().to_string().replacen('{', r#"{"sub":"usr_0","#, 1);
    assert_eq!(Claims::parse(doubled.as_bytes()), Err(Reject::BadClaim));
}

#[test]
fn an_audience_is_one_string_or_many() {
    let one: Audience = serde_json::from_str("\"a\"").unwrap();
    assert_eq!(one, Audience::one("a"));
    assert_eq!(serde_json::from_str::<Audience>("[\"a\"]").unwrap(), one);
    assert_eq!(serde_json::to_string(&one).unwrap(), "\"a\"");
    let two: Audience = serde_json::from_str("[\"a\",\"b\"]").unwrap();
    assert_eq!(serde_json::to_string(&two).unwrap(), "[\"a\",\"b\"]");
    assert!(two.contains("b") && !two.contains("c") && !two.contains("") && !two.contains("B"));
    assert_eq!(two.iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn scopes_and_groups_match_whole() {
    let claims = parse(&full()).unwrap();
    assert!(claims.has_scope("a") && claims.has_scope("b:c"));
    for scope in ["", " ", "b", "a b:c", "A"] {
        assert!(!claims.has_scope(scope), "{scope}");
    }
    assert!(claims.in_group("staff") && !claims.in_group("sta"));
}
