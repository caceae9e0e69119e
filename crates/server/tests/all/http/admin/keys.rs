//! `/v1/admin/keys`.

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::{act, claims, read, recorded, refresh, send, shown_as_ended};

/// The key of this algorithm and state.
async fn kid(app: &TestApp, alg: &str, state: &str) -> Option<String> {
    let keys = read(app, "keys").await;
    let found = keys["keys"].as_array().unwrap().iter().find(|key| key["alg"] == alg && key["state"] == state);
    found.map(|key| key["kid"].as_str().unwrap().to_owned())
}

async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.get("/.well-known/jwks.json").await.ok();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn signed_by(tokens: &Value) -> String {
    use base64::Engine;
    let header = tokens["access_token"].as_str().unwrap().split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

on_both! {
    async fn key_06_a_rotation_asked_for_waits_or_is_forced(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        let first = kid(&app, "ES256", "current").await.unwrap();
        let later = send(&app, Method::POST, "keys/rotate", &json!({ "alg": "ES256" })).await.ok();
        let now = app.now().seconds();
        assert_eq!((later["rotated"].as_bool(), later["possible_from"].as_i64()), (Some(false), Some(now + 601)));
        recorded(&app, "key.made").await;
        let next = kid(&app, "ES256", "next").await.unwrap();
        assert!(published(&app).await.contains(&next));
        app.advance(Span::from_minutes(10));
        assert_eq!(send(&app, Method::POST, "keys/rotate", &json!({ "alg": "ES256" })).await.ok()["rotated"], true);
        recorded(&app, "key.promoted").await;
        recorded(&app, "key.retired").await;
        let tokens = app.log_in(&ada, None).await;
        assert_eq!((signed_by(&tokens), kid(&app, "ES256", "retired").await), (next, Some(first.clone())));
        assert!(published(&app).await.contains(&first), "its last tokens must still verify");
        let forced = send(&app, Method::POST, "keys/rotate", &json!({ "alg": "ES256", "force": true })).await.ok();
        assert_eq!(forced["rotated"], true);
        assert_eq!(send(&app, Method::POST, "keys/rotate", &json!({ "alg": "RS256" })).await.refusal(), "conflict");
        assert_eq!(send(&app, Method::POST, "keys/rotate", &json!({ "alg": "none" })).await.refusal(), "unusable");
    }

    async fn key_07_a_revoked_key_takes_its_tokens_with_it(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        let account = format!("http://localhost:8080/{}", "account");
        let tokens = app.log_in(&ada, Some(&account)).await;
        let token = tokens["access_token"].as_str().unwrap();
        app.bearer(Method::GET, "/v1/account", None, token).await.ok();
        assert!(!shown_as_ended(&app, &tokens).await);
        let leaked = signed_by(&tokens);
        act(&app, Method::POST, &format!("keys/{leaked}/revoke")).await.ok();
        recorded(&app, "key.revoked").await;
        assert_eq!(app.bearer(Method::GET, "/v1/account", None, token).await.refusal(), "unauthenticated");
        assert!(!published(&app).await.contains(&leaked));
        let cached = app.get("/.well-known/jwks.json").await;
        assert!(cached.headers["cache-control"].to_str().unwrap().contains("max-age=60"));
        // The list is signed by the key that is there now, and the session itself lives on.
        assert!(!shown_as_ended(&app, &tokens).await);
        let fresh = refresh(&app, &tokens).await.ok();
        assert_ne!(signed_by(&fresh), leaked);
        assert_eq!(claims(&fresh)["sid"], claims(&tokens)["sid"]);
        assert_eq!(act(&app, Method::POST, &format!("keys/{leaked}/revoke")).await.refusal(), "conflict");
        assert_eq!(act(&app, Method::POST, "keys/nothing/revoke").await.refusal(), "missing");
    }

    async fn key_14_a_listing_has_dates_and_no_key(store) {
        let app = TestApp::on(&store).await;
        let listed = read(&app, "keys").await;
        let key = &listed["keys"][0];
        let mut names: Vec<&String> = key.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["alg", "current_at", "gone_at", "kid", "made_at", "retired_at", "state"]);
        assert!(key["current_at"].is_i64() && key["gone_at"].is_null());
        assert_eq!(listed["master_key"], json!(TestApp::master().fingerprint()));
    }

    async fn aud_08_a_turn_of_the_schedule_is_recorded_too(store) {
        let app = TestApp::on(&store).await;
        let tail = poundlock_store::audit::tail(app.store(), 50).await.unwrap();
        let made = tail.iter().map(|stored| String::from_utf8(stored.body.clone()).unwrap());
        let made: Vec<String> = made.filter(|body| body.contains("\"key.made\"")).collect();
        let first = kid(&app, "ES256", "current").await.unwrap();
        assert!(made.len() == 1 && made[0].contains(&first) && made[0].contains("schedule"), "{made:?}");
    }

    async fn sixteen_forced_rotations_at_once_leave_one_signing_key(store) {
        let app = TestApp::on(&store).await;
        let body = json!({ "alg": "ES256", "force": true });
        let replies = futures_util::future::join_all((0..16).map(|_| send(&app, Method::POST, "keys/rotate", &body))).await;
        assert!(replies.iter().any(|reply| reply.status.is_success()));
        let refused = replies.iter().filter(|reply| !reply.status.is_success());
        assert!(refused.into_iter().all(|reply| reply.refusal() == "conflict"));
        let keys = read(&app, "keys").await;
        let current = keys["keys"].as_array().unwrap().iter().filter(|key| key["state"] == "current").count();
        assert_eq!(current, 1);
    }
}
