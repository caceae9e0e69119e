//! How claims are told to a person, and that a token is shown only after it was verified.

use poundlock_store::testing::TestStore;
use serde_json::json;

use super::*;
use crate::client::Unreachable;
use crate::client::tests::Scripted;
use crate::testing::TestApp;

const ISSUER: &str = "http://localhost:8080";

#[test]
fn values_are_shown_as_a_person_reads_them() {
    assert_eq!(shown(&serde_json::json!("aal2")), "aal2");
    assert_eq!(shown(&serde_json::json!(["pwd", "otp"])), "[\"pwd\",\"otp\"]");
    let status = serde_json::json!({ "status_list": { "idx": 7, "uri": "https://a.example/status/1" } });
    assert_eq!(shown(&status), "place 7 of https://a.example/status/1");
}

#[test]
fn claims_are_told_in_the_order_of_reading_and_unknown_ones_last() {
    let claims =
        json!({ "aaa": 1, "sid": "ses_1", "iss": "http://localhost:8080", "amr": ["pwd", "otp"], "zzz": null });
    let told = explained(&claims);
    let names: Vec<_> = told.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, ["iss", "amr", "sid", "aaa", "zzz"]);
    assert_eq!(told[0].1, "http://localhost:8080");
    assert_eq!((told[3].2, told[4].2), ("see the documentation", "see the documentation"));
    assert!(told[..3].iter().all(|(.., meaning)| *meaning != "see the documentation"));
    for nothing in [json!(null), json!([]), json!("text"), json!({})] {
        assert!(explained(&nothing).is_empty(), "{nothing}");
    }
}

/// A server, the keys that it publishes, a token of it, and its time.
async fn issued(store: &poundlock_store::Store) -> (String, String, Seconds) {
    let app = TestApp::on(store).await;
    let token = app.enrol("ada", &["admins"]).await.tokens["access_token"].as_str().unwrap().to_owned();
    let keys = app.get("/.well-known/jwks.json").await.ok().to_string();
    (keys, token, Seconds::new(app.now().seconds()))
}

#[tokio::test]
async fn every_claim_of_a_token_is_explained() {
    let store = TestStore::sqlite().await;
    let (keys, token, now) = issued(&store).await;
    let server = Scripted::with("200 OK", &keys).await;
    let claims = verified_at(&server.client(), (ISSUER, AUDIENCE), &token, now).await.unwrap();
    let told = explained(&claims);
    assert_eq!(told.len(), claims.as_object().unwrap().len(), "each once");
    for (name, value, meaning) in told {
        assert!(meaning != "see the documentation", "{name} is not explained");
        assert!(!value.contains('{'), "{name} is shown as it lies: {value}");
    }
}

#[tokio::test]
async fn a_token_that_does_not_verify_is_not_shown() {
    let store = TestStore::sqlite().await;
    let (keys, token, now) = issued(&store).await;
    let late = now.plus(Seconds::new(3_600));
    let cut = &token[..token.len() - 4];
    for (issuer, audience, token, now) in [
        ("http://localhost:8081", AUDIENCE, token.as_str(), now),
        (ISSUER, "orders", &token, now),
        (ISSUER, AUDIENCE, &token, late),
        (ISSUER, AUDIENCE, cut, now),
        (ISSUER, AUDIENCE, "", now),
    ] {
        let server = Scripted::with("200 OK", &keys).await;
        let shown = verified_at(&server.client(), (issuer, audience), token, now).await;
        assert!(shown.is_err(), "{issuer} {audience} {token} {now:?}");
    }
    for wrong in ["<html>", "{\"keys\":[]}"] {
        let server = Scripted::with("200 OK", wrong).await;
        assert!(verified_at(&server.client(), (ISSUER, AUDIENCE), &token, now).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn without_the_keys_nothing_is_verified() {
    let server = Scripted::with("503 Service Unavailable", "{}").await;
    let client = server.client();
    let why = verified(&client, ISSUER, AUDIENCE, "a.b.c").await.unwrap_err().to_string();
    assert!(why.contains("/.well-known/jwks.json answered 503"), "{why}");
    // The one connection is used up: nobody answers any more.
    assert!(verified(&client, ISSUER, AUDIENCE, "a.b.c").await.unwrap_err().is::<Unreachable>());
}
