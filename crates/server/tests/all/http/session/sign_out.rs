//! `DELETE /v1/session` by the refresh secret, for clients that have no token for the account API.

use axum::http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_store::on_both;
use serde_json::{Value, json};

async fn sign_out(app: &TestApp, token: &Value) -> Reply {
    app.send(Method::DELETE, "/v1/session", Some(&json!({ "refresh_token": token })), &[]).await
}

async fn refresh(app: &TestApp, token: &Value) -> Reply {
    app.post("/v1/session/refresh", &json!({ "refresh_token": token })).await
}

on_both! {
    async fn ses_04_the_refresh_secret_ends_its_session_at_once(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let (one, other) = (app.log_in(&ada, None).await, app.log_in(&ada, None).await);
        assert_eq!(sign_out(&app, &one["refresh_token"]).await.status, 204);
        assert_eq!(refresh(&app, &one["refresh_token"]).await.refusal(), "session_ended");
        assert_eq!(sign_out(&app, &one["refresh_token"]).await.refusal(), "session_ended");
        refresh(&app, &other["refresh_token"]).await.ok();
    }

    async fn rft_02_a_used_up_token_is_a_theft_at_the_door_out_too(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let first = app.log_in(&ada, None).await;
        let second = refresh(&app, &first["refresh_token"]).await.ok();
        let third = refresh(&app, &second["refresh_token"]).await.ok();
        assert_eq!(sign_out(&app, &first["refresh_token"]).await.refusal(), "refresh_reuse");
        assert_eq!(refresh(&app, &third["refresh_token"]).await.refusal(), "session_ended");
    }

    async fn t_26_nothing_else_signs_out(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, None).await;
        for other in ["access_token", "device", "session"] {
            assert_eq!(sign_out(&app, &tokens[other]).await.refusal(), "bad_refresh", "{other}");
        }
        assert_eq!(app.send(Method::DELETE, "/v1/session", None, &[]).await.refusal(), "unauthenticated");
        refresh(&app, &tokens["refresh_token"]).await.ok();
    }
}
