//! `GET`/`DELETE /v1/session`, `/v1/sessions`: seeing sessions and ending them (SES-04, SES-05).

use http::Method;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_verify::Reject;
use serde_json::json;

use crate::http::behind::{ACCOUNT, at_service, claims, disable, records, refresh, text};

on_both! {
    async fn the_present_session_is_shown(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        let shown = app.bearer(Method::GET, "/v1/session", None, &text(&tokens, "access_token")).await.ok();
        let said = claims(&tokens);
        assert_eq!(shown["session"], said["sid"]);
        for same in ["acr", "amr", "auth_time", "mfa_time"] {
            assert_eq!(shown[same], said[same], "{same}");
        }
        let opened = shown["opened_at"].as_i64().unwrap();
        assert_eq!(shown["idle_until"], opened + 3_600);
        assert_eq!(shown["expires_at"], opened + 86_400);
    }

    async fn ses_04_a_sign_out_is_final_at_once(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        let token = text(&tokens, "access_token");
        assert!(at_service(&app, &token, ACCOUNT).await.is_ok());
        assert_eq!(app.bearer(Method::DELETE, "/v1/session", None, &token).await.status, 204);
        // Here at once, though the token itself lives on.
        assert_eq!(app.bearer(Method::GET, "/v1/session", None, &token).await.refusal(), "unauthenticated");
        assert_eq!(app.bearer(Method::DELETE, "/v1/session", None, &token).await.refusal(), "unauthenticated");
        assert_eq!(refresh(&app, &tokens["refresh_token"]).await.refusal(), "session_ended");
        // At services with the next list, on this node and on another.
        let other = app.again().await;
        app.take_over_changes().await;
        for node in [&app, &other] {
            assert_eq!(at_service(node, &token, ACCOUNT).await.err(), Some(Reject::Revoked));
        }
        let ended = &records(&app, "session.ended").await[0];
        assert_eq!((&ended["session"], &ended["details"]["rule"]), (&tokens["session"], &json!("signed_out")));
    }

    async fn ses_05_sessions_are_listed_and_ended_one_by_one(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        let token = text(&tokens, "access_token");
        let listed = app.bearer(Method::GET, "/v1/sessions", None, &token).await.ok();
        let listed = listed["sessions"].as_array().unwrap();
        assert_eq!(listed.len(), 2);
        let present: Vec<_> = listed.iter().filter(|one| one["present"] == true).collect();
        assert_eq!(present.len(), 1);
        assert_eq!(present[0]["session"], tokens["session"]);
        let path = format!("/v1/sessions/{}", text(&ada.tokens, "session"));
        assert_eq!(app.bearer(Method::DELETE, &path, None, &token).await.status, 204);
        assert_eq!(refresh(&app, &ada.tokens["refresh_token"]).await.refusal(), "session_ended");
        let listed = app.bearer(Method::GET, "/v1/sessions", None, &token).await.ok();
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
    }

    async fn ses_05_all_others_are_ended_together(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let bob = app.enrol("bob", &[]).await;
        let second = app.log_in(&ada, None).await;
        let present = app.log_in(&ada, Some(ACCOUNT)).await;
        let token = text(&present, "access_token");
        assert_eq!(app.bearer(Method::DELETE, "/v1/sessions", None, &token).await.status, 204);
        for ended in [&ada.tokens, &second] {
            assert_eq!(refresh(&app, &ended["refresh_token"]).await.refusal(), "session_ended");
        }
        for alive in [&present, &bob.tokens] {
            refresh(&app, &alive["refresh_token"]).await.ok();
        }
    }

    async fn nobody_ends_the_session_of_another(store) {
        let app = TestApp::on(&store).await;
        let bob = app.enrol("bob", &[]).await;
        let ada = app.enrol("ada", &[]).await;
        let token = text(&app.log_in(&ada, Some(ACCOUNT)).await, "access_token");
        let theirs = format!("/v1/sessions/{}", text(&bob.tokens, "session"));
        let foreign = app.bearer(Method::DELETE, &theirs, None, &token).await;
        let unknown = theirs.replace(&theirs[theirs.len() - 6..], "AAAAAA");
        let unknown = app.bearer(Method::DELETE, &unknown, None, &token).await;
        // The two look alike: a stranger learns of no session that it exists.
        assert!(!foreign.status.is_success() && !unknown.status.is_success());
        if unknown.status != 404 {
            assert_eq!((foreign.status, foreign.refusal()), (unknown.status, unknown.refusal()));
        }
        refresh(&app, &bob.tokens["refresh_token"]).await.ok();
        for malformed in ["/v1/sessions/x", "/v1/sessions/ses_", "/v1/sessions/%00", "/v1/sessions/usr_AAAA"] {
            assert_eq!(app.bearer(Method::DELETE, malformed, None, &token).await.status, 404, "{malformed}");
        }
    }

    async fn t_34_a_disabled_user_is_out_at_once(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        let token = text(&tokens, "access_token");
        disable(&app, "ada").await;
        for (method, path) in [(Method::GET, "/v1/account"), (Method::GET, "/v1/session"), (Method::GET, "/v1/factors")] {
            assert_eq!(app.bearer(method, path, None, &token).await.refusal(), "unauthenticated", "{path}");
        }
        assert_eq!(refresh(&app, &tokens["refresh_token"]).await.refusal(), "session_ended");
        assert_eq!(at_service(&app, &token, ACCOUNT).await.err(), Some(Reject::Revoked));
    }

    async fn a_session_that_rests_is_listed_no_more(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.advance(Span::from_hours(1));
        let token = text(&app.log_in(&ada, Some(ACCOUNT)).await, "access_token");
        let listed = app.bearer(Method::GET, "/v1/sessions", None, &token).await.ok();
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
    }
}
