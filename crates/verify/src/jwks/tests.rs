//! Key sets as a server might publish them: good ones found by kid, bad ones refused whole.

use super::{JWKS_BYTES_MAX, JWKS_KEYS_MAX, JwkSet};
use crate::{Alg, Jwk, Reject};

/// A valid key of its own for each number.
fn key(kid: &str) -> String {
    format!(
        r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA","use":"sig","kid":"{kid}"}}"#
    )
}

fn parse(keys: &[String]) -> Result<JwkSet, Reject> {
    JwkSet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes())
}

#[test]
fn key_04_lookup_is_an_exact_match() {
    let set = parse(&[key("one"), key("../two")]).unwrap();
    assert_eq!(set.find("one").unwrap().alg(), Alg::EdDsa);
    assert!(set.find("../two").is_some());
    for kid in ["", "One", "one ", "two", "./../two", "one\0"] {
        assert!(set.find(kid).is_none(), "{kid}");
    }
}

#[test]
fn keys_of_other_kinds_are_left_out() {
    let others = [
        r#"{"kty":"AKP","alg":"ML-DSA-65","pub":"AA","kid":"pq"}"#.to_owned(),
        r#"{"kty":"EC","crv":"P-384","alg":"ES384","x":"AA","y":"AA","kid":"p384"}"#.to_owned(),
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"}"#.to_owned(),
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"no-alg"}"#.to_owned(),
    ];
    let set = parse(&[&others[..], &[key("ours")]].concat()).unwrap();
    assert_eq!(set.keys().filter_map(Jwk::kid).collect::<Vec<_>>(), ["ours"]);
    assert_eq!(parse(&others).unwrap_err(), Reject::KeySetEmpty);
    assert_eq!(parse(&[]).unwrap_err(), Reject::KeySetEmpty);
}

#[test]
fn key_05_a_set_with_a_private_or_symmetric_key_is_refused_whole() {
    let private = key("a").replace("\"use\"", "\"d\":\"AA\",\"use\"");
    assert_eq!(parse(&[key("b"), private]).unwrap_err(), Reject::KeySetPrivate);
    let symmetric = r#"{"kty":"oct","k":"AA","kid":"s"}"#.to_owned();
    assert_eq!(parse(&[key("b"), symmetric]).unwrap_err(), Reject::KeySetPrivate);
}

#[test]
fn two_keys_never_share_a_kid() {
    assert_eq!(parse(&[key("a"), key("b"), key("a")]).unwrap_err(), Reject::KeySetDuplicate);
    let unusable = r#"{"kty":"AKP","alg":"ML-DSA-65","kid":"a"}"#.to_owned();
    assert_eq!(parse(&[key("a"), unusable]).unwrap_err(), Reject::KeySetDuplicate);
    let jwk: Jwk = serde_json::from_str(&key("a")).unwrap();
    assert_eq!(JwkSet::from_keys(vec![jwk.clone(), jwk]).unwrap_err(), Reject::KeySetDuplicate);
}

#[test]
fn sizes_are_capped() {
    let keys = |count: usize| (0..count).map(|n| key(&n.to_string())).collect::<Vec<_>>();
    assert_eq!(parse(&keys(JWKS_KEYS_MAX)).unwrap().keys().count(), JWKS_KEYS_MAX);
    assert_eq!(parse(&keys(JWKS_KEYS_MAX + 1)).unwrap_err(), Reject::TooLarge);
    let mut padded = format!(r#"{{"keys":[{}]}}"#, key("a")).into_bytes();
    padded.resize(JWKS_BYTES_MAX, b' ');
    assert!(JwkSet::parse(&padded).is_ok());
    padded.push(b' ');
    assert_eq!(JwkSet::parse(&padded).unwrap_err(), Reject::TooLarge);
}

#[test]
fn what_is_no_key_set_is_refused() {
    for json in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":[["EC"]]}"#,
        r#"[[{"kty":"EC"}]]"#,
        r#"{"keys":[{"kty":"AKP"}],"keys":[]}"#,
        r#"{"keys":[{"kty":"AKP","kty":"EC"}]}"#,
        r#"{"keys":[{"kid":"a"}]}"#,
    ] {
        assert_eq!(JwkSet::parse(json.as_bytes()).unwrap_err(), Reject::KeySetMalformed, "{json}");
    }
}

#[test]
fn a_set_survives_json() {
    let set = parse(&[key("a"), key("b")]).unwrap();
    let json = set.to_json().unwrap();
    let again = JwkSet::parse(json.as_bytes()).unwrap();
    assert!(set.keys().eq(again.keys()));
    assert_eq!(again.to_json().unwrap(), json);
    assert_eq!(JwkSet::from_keys(set.keys().cloned().collect()).unwrap().to_json().unwrap(), json);
}

#[test]
fn from_keys_refuses_rather_than_leaves_out() {
    assert!(JwkSet::from_keys(vec![]).unwrap().find("a").is_none());
    let nameless: Jwk = serde_json::from_str(&key("a").replace(",\"kid\":\"a\"", "")).unwrap();
    assert_eq!(JwkSet::from_keys(vec![nameless]).unwrap_err(), Reject::KeyNotAllowed);
    let jwk: Jwk = serde_json::from_str(&key("a")).unwrap();
    assert_eq!(JwkSet::from_keys(vec![jwk; JWKS_KEYS_MAX + 1]).unwrap_err(), Reject::TooLarge);
}
