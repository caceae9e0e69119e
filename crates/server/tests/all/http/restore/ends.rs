//! What ends: sessions, families, tokens, logins, invites, step-ups.

use axum::http::Method;
use poundlock_core::id::UserId;
use poundlock_core::oidc::consent::ConsentRow;
use poundlock_store::{Batch, consent, on_both, user};
use serde_json::{Value, json};

use super::{CODES_WAIT, World, account, refresh};
use crate::attempt::{ACCOUNT, password, text, totp};

fn kids(jwks: &Value) -> Vec<String> {
    jwks["keys"].as_array().unwrap().iter().map(|key| text(key, "kid")).collect()
}

on_both! {
    async fn a_session_alive_at_the_backup_is_dead_after_the_restore(store) {
        let world = World::on(&store).await;
        let tokens = world.app.log_in(&world.ada, Some(ACCOUNT)).await;
        world.back_up().await;
        account(&world.app, &tokens).await.ok();
        let (app, _place) = world.restored(&store, false).await;
        let listed = app.admin(Method::GET, "/v1/admin/users/ada/sessions", None).await.ok();
        assert_eq!(listed["sessions"], json!([]));
        assert_eq!(refresh(&app, &tokens).await.refusal(), "session_ended");
        assert_eq!(account(&app, &tokens).await.status.as_u16(), 401);
        app.advance(CODES_WAIT);
        let again = app.log_in(&world.ada, Some(ACCOUNT)).await;
        account(&app, &again).await.ok();
        refresh(&app, &again).await.ok();
    }

    async fn a_session_opened_after_the_backup_is_unknown(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        let tokens = world.app.log_in(&world.ada, Some(ACCOUNT)).await;
        let (app, _place) = world.restored(&store, false).await;
        assert_eq!(refresh(&app, &tokens).await.status.as_u16(), 401);
        assert_eq!(account(&app, &tokens).await.status.as_u16(), 401);
    }

    async fn no_key_that_signed_before_is_published(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        let before = kids(&world.app.get("/.well-known/jwks.json").await.ok());
        let (app, _place) = world.restored(&store, false).await;
        let after = kids(&app.get("/.well-known/jwks.json").await.ok());
        assert!(!before.is_empty() && !after.is_empty());
        assert!(before.iter().all(|kid| !after.contains(kid)), "{before:?} {after:?}");
    }

    /// What was taken back after the backup must not stand again.
    async fn rft_12_nobody_is_allowed_anything(store) {
        let world = World::on(&store).await;
        let account = user::resolve(world.app.store(), "ada", UserId::NIL).await.unwrap().unwrap();
        let (client, scope, audiences) = ("shop".to_owned(), "openid".to_owned(), "api".to_owned());
        let given = ConsentRow { user: account.user.id, client, scope, audiences, given_at: world.app.now() };
        let mut batch = Batch::new();
        consent::put(&mut batch, &given);
        world.app.store().commit(batch).await.unwrap();
        world.back_up().await;
        assert_eq!(consent::of_user(world.app.store(), account.user.id).await.unwrap(), [given]);
        let (app, _place) = world.restored(&store, false).await;
        assert_eq!(consent::of_user(app.store(), account.user.id).await.unwrap(), []);
    }

    async fn a_login_an_invite_and_a_step_up_are_gone(store) {
        let world = World::on(&store).await;
        let tokens = world.app.log_in(&world.ada, Some(ACCOUNT)).await;
        let invite = world.app.admin(Method::POST, "/v1/admin/invites", Some(&json!({ "name": "bob" }))).await.ok();
        let ticket = world.app.ticket("ada").await;
        let login = text(&password(&world.app, "ada", &world.ada.password).await.ok(), "login");
        let body = json!({ "action": "password.change", "password": world.ada.password });
        let bearer = text(&tokens, "access_token");
        let begun = world.app.bearer(Method::POST, "/v1/step-up", Some(&body), &bearer).await.ok();
        world.back_up().await;
        let (app, _place) = world.restored(&store, false).await;
        let code = app.code(&world.ada.totp_uri);
        assert_eq!(totp(&app, &login, &code).await.refusal(), "gone");
        assert_eq!(totp(&app, &text(&begun, "login"), &code).await.refusal(), "gone");
        for secret in [text(&invite, "invite"), ticket] {
            let accept = json!({ "invite": secret, "password": "a phrase nobody guesses" });
            assert_eq!(app.post("/v1/invite/accept", &accept).await.refusal(), "gone");
        }
        let listed = app.admin(Method::GET, "/v1/admin/invites", None).await.ok();
        assert_eq!(listed["invites"], json!([]));
    }

    async fn the_restore_is_in_the_audit_log(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        let (app, _place) = world.restored(&store, false).await;
        let told = async |app: &poundlock::testing::TestApp| {
            app.newest_records(20).await.iter().map(|record| record.event().name()).collect::<Vec<_>>()
        };
        // The copy tells nothing of its own making, which had not ended yet.
        let (there, here) = (told(&app).await, told(&world.app).await);
        assert!(there.contains(&"store.restored") && !there.contains(&"backup.made"), "{there:?}");
        assert!(here.contains(&"backup.made"), "{here:?}");
    }
}
