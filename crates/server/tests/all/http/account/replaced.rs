//! `POST /v1/step-up` with the refresh token sent along: the step-up replaces it, so that a copy does not rise with the
//! session (SES-01).

use axum::http::Method;
use poundlock::testing::Reply;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::world::World;
use crate::http::behind::ACCOUNT;

/// The password half, with a refresh token sent along; gives the login.
async fn begun(world: &World, refresh_token: &Value) -> Reply {
    let body = json!({
        "action": "recovery_codes.new",
        "password": world.ada.password,
        "refresh_token": refresh_token,
    });
    let token = world.tokens["access_token"].as_str().unwrap();
    world.app.bearer(Method::POST, "/v1/step-up", Some(&body), token).await
}

async fn completed(world: &World, refresh_token: &Value) -> Reply {
    let login = begun(world, refresh_token).await.ok()["login"].clone();
    let code = world.app.code(&world.ada.totp_uri);
    let reply = world.app.post("/v1/login/totp", &json!({ "login": login, "code": code })).await;
    world.app.advance(Span::from_seconds(30));
    reply
}

async fn refresh(world: &World, token: &Value) -> Reply {
    world.app.post("/v1/session/refresh", &json!({ "refresh_token": token })).await
}

on_both! {
    async fn ses_01_a_step_up_replaces_the_refresh_token_that_came_along(store) {
        let world = World::on(&store).await;
        let old = &world.tokens["refresh_token"];
        let raised = completed(&world, old).await.ok();
        assert_ne!(&raised["refresh_token"], old);
        assert!(raised["refresh_expires_in"].as_i64().unwrap() > 0);
        let next = refresh(&world, &raised["refresh_token"]).await.ok();
        assert_eq!(next["session"], world.tokens["session"]);
        // A copy of the old one is a used-up token.
        assert_eq!(refresh(&world, old).await.refusal(), "refresh_reuse");
        assert_eq!(refresh(&world, &next["refresh_token"]).await.refusal(), "session_ended");
    }

    async fn ses_01_a_lost_answer_is_given_again_with_the_old_token(store) {
        let world = World::on(&store).await;
        let old = &world.tokens["refresh_token"];
        let raised = completed(&world, old).await.ok();
        let again = refresh(&world, old).await.ok();
        assert_eq!(again["refresh_token"], raised["refresh_token"]);
    }

    async fn ses_01_nothing_but_a_token_of_this_session_is_replaced(store) {
        let world = World::on(&store).await;
        let other = world.app.log_in(&world.ada, Some(ACCOUNT)).await;
        assert_eq!(completed(&world, &other["refresh_token"]).await.refusal(), "bad_refresh");
        refresh(&world, &other["refresh_token"]).await.ok();
        assert_eq!(begun(&world, &json!("plr1.AAAA")).await.refusal(), "bad_refresh");
        let without = world.step_up("recovery_codes.new", "").await;
        world.new_codes(&without).await.ok();
        refresh(&world, &world.tokens["refresh_token"]).await.ok();
    }
}
