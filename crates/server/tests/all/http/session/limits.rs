//! The idle and the absolute limit of a session, and what a token may outlive.

use http::Method;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use crate::http::behind::{ACCOUNT, change_client, claims, records, refresh, text};

on_both! {
    async fn stp_08_a_session_that_rests_too_long_has_ended(store) {
        let app = TestApp::on(&store).await;
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        // The enrolment helper has moved on by 30 seconds.
        app.advance(Span::from_seconds(3_600 - 31));
        let next = refresh(&app, &token).await.ok();
        assert_eq!(next["refresh_expires_in"], 3_600, "a use moves the idle limit");
        app.advance(Span::from_seconds(3_600));
        assert_eq!(refresh(&app, &next["refresh_token"]).await.refusal(), "session_ended");
        let refused = &records(&app, "refresh.refused").await[0];
        assert_eq!(refused["details"]["rule"], "refresh_idle", "{refused}");
    }

    async fn rft_04_no_refresh_moves_the_absolute_limit(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| spec.absolute_seconds = Some(7_200)).await;
        let mut answer = app.enrol("ada", &[]).await.tokens;
        let end = app.now() + Span::from_seconds(7_200 - 30);
        while app.now() + Span::from_seconds(1_800) < end {
            app.advance(Span::from_seconds(1_800));
            answer = refresh(&app, &answer["refresh_token"]).await.ok();
            assert!(answer["refresh_expires_in"].as_i64().unwrap() <= (end - app.now()).seconds());
        }
        app.advance(end - (app.now() + Span::from_seconds(100)));
        let last = refresh(&app, &answer["refresh_token"]).await.ok();
        assert_eq!(last["expires_in"], 100, "tok_05: never past the session's end");
        assert_eq!(claims(&last)["exp"], end.seconds());
        app.advance(Span::from_seconds(100));
        assert_eq!(refresh(&app, &last["refresh_token"]).await.refusal(), "session_ended");
        assert_eq!(records(&app, "refresh.refused").await[0]["details"]["rule"], "refresh_expired");
    }

    async fn in_its_last_part_of_a_second_a_session_has_nothing_left_to_give(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| spec.absolute_seconds = Some(60)).await;
        app.advance(Span::from_millis(500));
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        app.advance(Span::from_millis(29_800));
        let refused = refresh(&app, &token).await;
        assert_eq!((refused.status.as_u16(), refused.refusal()), (401, "session_ended"));
    }

    async fn ses_04_no_access_token_outlives_a_session_that_rests(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| {
            spec.idle_seconds = Some(300);
            spec.access_life_seconds = Some(3_600);
        })
        .await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        assert_eq!(tokens["expires_in"], 300);
        app.advance(Span::from_seconds(300));
        let shown = app.bearer(Method::GET, "/v1/session", None, &text(&tokens, "access_token")).await;
        assert_eq!(shown.refusal(), "unauthenticated");
    }

    async fn tok_05_an_access_token_lives_five_minutes_and_at_most_sixty(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let life = |answer: &serde_json::Value| {
            let claims = claims(answer);
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
        };
        assert_eq!((life(&ada.tokens), ada.tokens["expires_in"].as_i64()), (300, Some(300)));
        change_client(&app, |spec| spec.access_life_seconds = Some(3_600)).await;
        assert_eq!(life(&app.log_in(&ada, None).await), 3_600);
        // Longer is no client at all.
        change_client(&app, |spec| spec.access_life_seconds = Some(3_601)).await;
        let body = json!({ "name": "ada", "password": ada.password });
        assert_eq!(app.post("/v1/login", &body).await.refusal(), "not_allowed");
    }
}
