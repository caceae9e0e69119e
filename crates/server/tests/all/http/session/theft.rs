//! A used refresh token that comes back ends everything that hangs on it (RFT-02).

use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_verify::Reject;
use serde_json::{Value, json};

use crate::http::behind::{ACCOUNT, at_service, records, refresh, text};

/// That the session of these answers is dead in every way there is.
async fn is_dead(app: &TestApp, answers: &[&Value]) {
    for answer in answers {
        assert_eq!(refresh(app, &answer["refresh_token"]).await.refusal(), "session_ended", "{answer}");
        app.take_over_changes().await;
        let token = text(answer, "access_token");
        assert_eq!(at_service(app, &token, "api").await.err(), Some(Reject::Revoked));
    }
}

on_both! {
    async fn rft_02_an_older_generation_ends_the_family(store) {
        let app = TestApp::on(&store).await;
        let first = app.enrol("ada", &[]).await.tokens;
        let second = refresh(&app, &first["refresh_token"]).await.ok();
        let third = refresh(&app, &second["refresh_token"]).await.ok();
        assert!(at_service(&app, &text(&third, "access_token"), "api").await.is_ok());
        let reused = refresh(&app, &first["refresh_token"]).await;
        assert_eq!((reused.status.as_u16(), reused.refusal()), (401, "refresh_reuse"));
        is_dead(&app, &[&first, &second, &third]).await;
        let alert = &records(&app, "refresh.theft").await[0];
        assert_eq!(alert["outcome"], "alert");
        assert_eq!(alert["session"], first["session"]);
        assert_eq!(alert["id"], reused.body["reference"], "the refusal names its record");
        assert_eq!(alert["details"]["rule"], "refresh_theft_old_generation");
    }

    async fn rft_02_a_used_successor_ends_the_family_inside_the_window(store) {
        let app = TestApp::on(&store).await;
        let first = app.enrol("ada", &[]).await.tokens;
        let second = refresh(&app, &first["refresh_token"]).await.ok();
        refresh(&app, &second["refresh_token"]).await.ok();
        app.advance(Span::from_seconds(1));
        assert_eq!(refresh(&app, &first["refresh_token"]).await.refusal(), "refresh_reuse");
        is_dead(&app, &[&second]).await;
    }

    async fn rft_02_after_the_window_a_repeat_is_theft(store) {
        let app = TestApp::on(&store).await;
        let first = app.enrol("ada", &[]).await.tokens;
        let second = refresh(&app, &first["refresh_token"]).await.ok();
        app.advance(Span::from_millis(60_001));
        assert_eq!(refresh(&app, &first["refresh_token"]).await.refusal(), "refresh_reuse");
        is_dead(&app, &[&second]).await;
        assert_eq!(records(&app, "refresh.theft").await[0]["details"]["rule"], "refresh_theft_window_past");
    }

    async fn at_the_end_of_the_window_a_repeat_is_a_repeat(store) {
        let app = TestApp::on(&store).await;
        let first = app.enrol("ada", &[]).await.tokens;
        let second = refresh(&app, &first["refresh_token"]).await.ok();
        app.advance(Span::from_seconds(60));
        assert_eq!(refresh(&app, &first["refresh_token"]).await.ok()["refresh_token"], second["refresh_token"]);
    }

    async fn theft_is_theft_whatever_is_asked_for_beside_it(store) {
        let app = TestApp::on(&store).await;
        let first = app.enrol("ada", &[]).await.tokens;
        let second = refresh(&app, &first["refresh_token"]).await.ok();
        refresh(&app, &second["refresh_token"]).await.ok();
        let body = json!({ "refresh_token": first["refresh_token"], "audience": "nobody's" });
        assert_eq!(app.post("/v1/session/refresh", &body).await.refusal(), "refresh_reuse");
        is_dead(&app, &[&second]).await;
    }

    async fn theft_ends_one_session_and_no_other(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let other = app.log_in(&ada, Some(ACCOUNT)).await;
        let second = refresh(&app, &ada.tokens["refresh_token"]).await.ok();
        app.advance(Span::from_seconds(61));
        assert_eq!(refresh(&app, &ada.tokens["refresh_token"]).await.refusal(), "refresh_reuse");
        is_dead(&app, &[&second]).await;
        assert!(at_service(&app, &text(&other, "access_token"), ACCOUNT).await.is_ok());
        refresh(&app, &other["refresh_token"]).await.ok();
    }
}
