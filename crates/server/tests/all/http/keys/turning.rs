//! Keys turn while tokens are made and checked: no good token is ever refused (KEY-06), and a revoked key takes its
//! tokens along (KEY-07).

use http::Method;
use poundlock::testing::{TestApp, TestUser};
use poundlock_core::keys::KeyState;
use poundlock_core::time::Span;
use poundlock_store::{key, on_both};
use poundlock_verify::{JwkSet, Reject, Verifier};
use serde_json::json;

use crate::http::behind::{ISSUER, at_service, change_client, jwks, part, refresh, seconds, text};

/// The key set as a service keeps it.
async fn served(app: &TestApp) -> String {
    app.get("/.well-known/jwks.json").await.ok().to_string()
}

fn check(app: &TestApp, token: &str, keys: &str) -> Result<(), Reject> {
    let verifier = Verifier::new(ISSUER, "api").with_keys(JwkSet::parse(keys.as_bytes())?);
    verifier.check(token, seconds(app)).map(drop)
}

async fn token(app: &TestApp, user: &TestUser) -> String {
    text(&app.log_in(user, None).await, "access_token")
}

async fn states(app: &TestApp) -> Vec<KeyState> {
    key::signing_keys(app.store()).await.unwrap().iter().map(|row| row.state).collect()
}

/// Revokes the signing key; returns its id.
async fn revoke_current(app: &TestApp) -> String {
    let rows = key::signing_keys(app.store()).await.unwrap();
    let kid = rows.into_iter().find(|row| row.state == KeyState::Current).unwrap().kid;
    let revoked = app.admin(Method::POST, &format!("/v1/admin/keys/{kid}/revoke"), None).await;
    assert_eq!(revoked.status, 204);
    kid
}

on_both! {
    async fn key_06_a_rotation_refuses_no_good_token(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| spec.access_life_seconds = Some(3_600)).await;
        let ada = app.enrol("ada", &[]).await;
        let first = part(&token(&app, &ada).await, 0)["kid"].clone();
        let (mut kids, mut seen) = (vec![first.clone()], Vec::new());
        for _ in 0..66 {
            // What a service read an hour before the turn, and a token made just before it.
            let cached = served(&app).await;
            let before = token(&app, &ada).await;
            app.advance(Span::from_minutes(59));
            app.take_over_changes().await;
            check(&app, &before, &served(&app).await).unwrap();
            let after = token(&app, &ada).await;
            check(&app, &after, &cached).unwrap();
            assert!(at_service(&app, &after, "api").await.is_ok());
            let kid = part(&after, 0)["kid"].clone();
            if !kids.contains(&kid) {
                kids.push(kid);
            }
            seen.extend(states(&app).await);
            app.advance(Span::from_hours(11));
            app.take_over_changes().await;
        }
        assert_eq!(kids.len(), 2, "one rotation in 33 days");
        for state in KeyState::ALL {
            assert!(seen.contains(&state), "{state:?}");
        }
        assert!(jwks(&app).await.find(first.as_str().unwrap()).is_none(), "the old key is gone");
        let rows = key::signing_keys(app.store()).await.unwrap();
        assert!(rows.iter().filter(|row| row.state == KeyState::Gone).all(|row| row.sealed_private.is_empty()));
    }

    async fn key_06_refreshes_go_on_while_the_key_turns(store) {
        let app = TestApp::on(&store).await;
        app.enrol("bob", &[]).await;
        app.advance(Span::from_hours(29 * 24));
        app.take_over_changes().await;
        app.advance(Span::from_hours(24));
        let ada = app.enrol("ada", &[]).await;
        let other = app.again().await;
        let before = served(&app).await;
        let refreshing = async {
            let mut made = vec![text(&ada.tokens, "access_token")];
            let mut last = ada.tokens["refresh_token"].clone();
            for turn in 0..20 {
                let answer = refresh(if turn % 2 == 0 { &app } else { &other }, &last).await.ok();
                last = answer["refresh_token"].clone();
                made.push(text(&answer, "access_token"));
            }
            made
        };
        let (made, (), ()) = tokio::join!(refreshing, app.take_over_changes(), other.take_over_changes());
        let after = served(&app).await;
        for token in &made {
            check(&app, token, &before).unwrap();
            check(&app, token, &after).unwrap();
        }
        assert!(states(&app).await.contains(&KeyState::Retired), "it did turn");
        let kid = |token: &str| part(token, 0)["kid"].clone();
        let now = refresh(&app, &json!(null)).await;
        assert_eq!(now.refusal(), "bad_request");
        assert_ne!(kid(&made[0]), kid(&token(&app, &ada).await));
    }

    async fn key_07_a_revoked_key_takes_its_tokens_along(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let old = token(&app, &ada).await;
        let revoked = revoke_current(&app).await;
        app.take_over_changes().await;
        assert!(jwks(&app).await.find(&revoked).is_none());
        assert_eq!(check(&app, &old, &served(&app).await).err(), Some(Reject::UnknownKey));
        let new = token(&app, &ada).await;
        assert_ne!(part(&new, 0)["kid"], json!(revoked));
        assert!(at_service(&app, &new, "api").await.is_ok(), "a fresh key signs at once");
        // The session itself is nobody's secret: it goes on.
        let answer = refresh(&app, &ada.tokens["refresh_token"]).await.ok();
        assert!(at_service(&app, &text(&answer, "access_token"), "api").await.is_ok());
    }

    async fn key_07_no_list_is_served_under_a_revoked_key(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let answer = refresh(&app, &ada.tokens["refresh_token"]).await.ok();
        assert!(at_service(&app, &text(&answer, "access_token"), "api").await.is_ok());
        revoke_current(&app).await;
        // The news of the keys alone, as the job hears it, with the list still in memory.
        app.hear_of("keys", "").await;
        let answer = refresh(&app, &answer["refresh_token"]).await.ok();
        assert!(at_service(&app, &text(&answer, "access_token"), "api").await.is_ok());
    }
}
