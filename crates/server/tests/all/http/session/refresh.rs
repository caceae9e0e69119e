//! `POST /v1/session/refresh`: rotation, the safe retry of a lost answer, audiences.

use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use crate::http::behind::{ACCOUNT, add_audience, at_service, change_client, claims, records, refresh, text};

on_both! {
    async fn rft_01_each_use_gives_another_token_of_the_same_session(store) {
        let app = TestApp::on(&store).await;
        let first = app.enrol("ada", &[]).await.tokens;
        let second = refresh(&app, &first["refresh_token"]).await.ok();
        let third = refresh(&app, &second["refresh_token"]).await.ok();
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        assert_ne!(second["refresh_token"], third["refresh_token"]);
        assert_eq!(first["session"], third["session"]);
        let (before, after) = (claims(&first), claims(&third));
        for stays in ["sub", "sid", "auth_time", "acr", "amr", "mfa_time", "status", "client_id", "aud"] {
            assert_eq!(before[stays], after[stays], "tok_03: {stays}");
        }
        assert_ne!(before["jti"], after["jti"]);
        assert_eq!(records(&app, "refresh.rotated").await.len(), 2);
    }

    async fn rft_03_a_lost_answer_is_given_again_with_unchanged_limits(store) {
        let app = TestApp::on(&store).await;
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        let answer = refresh(&app, &token).await.ok();
        app.advance(Span::from_seconds(59));
        let again = refresh(&app, &token).await.ok();
        assert_eq!(again["refresh_token"], answer["refresh_token"]);
        assert_ne!(again["access_token"], answer["access_token"]);
        let left = |answer: &Value| answer["refresh_expires_in"].as_i64().unwrap();
        assert_eq!(left(&again), left(&answer) - 59, "rft_04: the idle limit has not moved");
        assert_eq!(records(&app, "refresh.retried").await.len(), 1);
        // The successor works, once it is used.
        refresh(&app, &again["refresh_token"]).await.ok();
    }

    async fn t_15_a_retry_is_answered_after_a_restart(store) {
        let app = TestApp::on(&store).await;
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        let answer = refresh(&app, &token).await.ok();
        let other = app.again().await;
        assert_eq!(refresh(&other, &token).await.ok()["refresh_token"], answer["refresh_token"]);
        // And what was used before the restart is still known as used.
        refresh(&other, &answer["refresh_token"]).await.ok();
        assert_eq!(refresh(&app, &token).await.refusal(), "refresh_reuse");
    }

    async fn rft_10_two_rotations_in_one_millisecond_are_two(store) {
        let app = TestApp::on(&store).await;
        let first = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        let second = refresh(&app, &first).await.ok()["refresh_token"].clone();
        let third = refresh(&app, &second).await.ok()["refresh_token"].clone();
        assert!(first != second && second != third);
        assert_eq!(refresh(&app, &first).await.refusal(), "refresh_reuse");
        assert_eq!(refresh(&app, &third).await.refusal(), "session_ended");
    }

    async fn another_source_within_the_window_raises_an_alert(store) {
        let app = TestApp::on(&store).await;
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        let answer = refresh(&app, &token).await.ok();
        let body = json!({ "refresh_token": token });
        let elsewhere = std::net::IpAddr::from([192, 0, 2, 7]);
        let sent = (Some(&body), [].as_slice());
        let again = app.send_from(elsewhere, http::Method::POST, "/v1/session/refresh", sent).await.ok();
        assert_eq!(again["refresh_token"], answer["refresh_token"]);
        let retried = &records(&app, "refresh.retried").await[0];
        assert_eq!(retried["outcome"], "alert", "{retried}");
        assert_eq!(retried["details"]["signal"], "second_source");
        assert!(!retried.to_string().contains("192.0.2.7"), "aud: no address in the clear");
    }

    async fn tok_04_an_audience_of_another_client_is_refused_and_costs_nothing(store) {
        let app = TestApp::on(&store).await;
        add_audience(&app, "orders", "ES256").await;
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        for wrong in ["stock", "", "API", "api ", "orders,api", "http://localhost:8080/account/"] {
            let body = json!({ "refresh_token": token, "audience": wrong });
            assert_eq!(app.post("/v1/session/refresh", &body).await.refusal(), "not_allowed", "{wrong:?}");
        }
        assert!(records(&app, "refresh.rotated").await.is_empty());
        let answer = app.post("/v1/session/refresh", &json!({ "refresh_token": token, "audience": "orders" })).await.ok();
        assert!(at_service(&app, &text(&answer, "access_token"), "orders").await.is_ok());
        assert!(at_service(&app, &text(&answer, "access_token"), "api").await.is_err());
        // Asked for once, it does not become the session's.
        let next = refresh(&app, &answer["refresh_token"]).await.ok();
        assert_eq!(claims(&next)["aud"], "api");
        let account = json!({ "refresh_token": next["refresh_token"], "audience": ACCOUNT });
        assert_eq!(claims(&app.post("/v1/session/refresh", &account).await.ok())["aud"], ACCOUNT);
    }

    async fn only_a_first_party_client_reaches_the_account_api(store) {
        let app = TestApp::on(&store).await;
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        change_client(&app, |spec| spec.kind = poundlock_core::client::ClientKind::Public).await;
        let body = json!({ "refresh_token": token, "audience": ACCOUNT });
        assert_eq!(app.post("/v1/session/refresh", &body).await.refusal(), "not_allowed");
        refresh(&app, &token).await.ok();
    }

    async fn rft_06_scope_never_grows(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| spec.scopes = vec!["read".to_owned(), "write".to_owned()]).await;
        let ada = app.enrol("ada", &[]).await;
        let body = json!({ "name": "ada", "password": ada.password, "scope": "read" });
        let login = app.post("/v1/login", &body).await.ok()["login"].clone();
        let code = app.code(&ada.totp_uri);
        let narrow = app.post("/v1/login/totp", &json!({ "login": login, "code": code })).await.ok();
        assert_eq!(claims(&narrow)["scope"], "read");
        let body = json!({ "refresh_token": narrow["refresh_token"], "scope": "read write" });
        assert_eq!(app.post("/v1/session/refresh", &body).await.refusal(), "bad_request");
        assert_eq!(claims(&refresh(&app, &narrow["refresh_token"]).await.ok())["scope"], "read");
    }

    async fn rft_07_what_a_client_has_lost_is_in_no_new_token(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| {
            spec.scopes = vec!["read".to_owned(), "write".to_owned()];
            spec.groups_released = vec!["ops".to_owned()];
        })
        .await;
        let ada = app.enrol("ada", &["ops"]).await;
        assert_eq!((&claims(&ada.tokens)["scope"], &claims(&ada.tokens)["groups"][0]), (&json!("read write"), &json!("ops")));
        change_client(&app, |spec| {
            spec.scopes = vec!["read".to_owned(), "admin".to_owned()];
            spec.groups_released.clear();
        })
        .await;
        let said = claims(&refresh(&app, &ada.tokens["refresh_token"]).await.ok());
        assert_eq!((&said["scope"], said.get("groups")), (&json!("read"), None), "less, and never more");
    }

    async fn a_token_that_is_not_ours_touches_nothing(store) {
        let app = TestApp::on(&store).await;
        let token = text(&app.enrol("ada", &[]).await.tokens, "refresh_token");
        let before = records(&app, "refresh.refused").await.len();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = json!(String::from_utf8(bytes).unwrap());
            assert_eq!(refresh(&app, &changed).await.refusal(), "bad_refresh", "byte {at}");
        }
        let longer = format!("{token}A");
        for wrong in ["", "plr1.", " ", &token[1..], &token[..token.len() - 1], &longer, &token.to_uppercase()] {
            assert_eq!(refresh(&app, &json!(wrong)).await.refusal(), "bad_refresh", "{wrong:?}");
        }
        assert_eq!(records(&app, "refresh.refused").await.len(), before);
        refresh(&app, &json!(token)).await.ok();
    }
}
