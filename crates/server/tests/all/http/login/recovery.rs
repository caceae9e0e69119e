//! `POST /v1/login/recovery-code`, and a recovery code sent along with name and password (RCV-03, RCV-08).

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use crate::attempt::{ACCOUNT, AFTER_ANY_DELAY, at_once, claims, password, recovery, text, totp, wrong_code};

/// Sends name, password and a recovery code in one request.
async fn with_code(app: &TestApp, name: &str, password: &str, code: &str) -> poundlock::testing::Reply {
    let body = json!({ "name": name, "password": password, "recovery_code": code, "audience": ACCOUNT });
    app.post("/v1/login", &body).await
}

/// Strangers use up their budget for a user's password.
async fn burn_password(app: &TestApp, name: &str) {
    for _ in 0..50 {
        assert_eq!(password(app, name, "wrong").await.refusal(), "credentials");
        app.advance(AFTER_ANY_DELAY);
    }
    assert_eq!(password(app, name, "wrong").await.refusal(), "blocked");
}

on_both! {
    async fn rcv_03_sixty_four_uses_of_one_code_open_one_session(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut logins = Vec::new();
        for _ in 0..16 {
            for _ in 0..4 {
                logins.push(app.password_step(&ada).await);
            }
            app.unlock("ada", Guessable::Password).await;
        }
        let replies = at_once(64, |n| {
            let (app, login, code) = (app.clone(), logins[n].clone(), ada.recovery_codes[0].clone());
            async move { recovery(&app, &login, &code).await }
        })
        .await;
        let (opened, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status.is_success());
        assert_eq!(opened.len(), 1);
        assert!(refused.iter().all(|reply| reply.refusal() == "code"));
    }

    async fn rcv_08_its_session_says_recovery_and_lives_an_hour(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let login = app.password_step(&ada).await;
        let shouted = ada.recovery_codes[3].to_uppercase().replace('-', " ");
        let tokens = recovery(&app, &login, &shouted).await.ok();
        let said = claims(&tokens);
        assert_eq!(said["acr"], "recovery");
        assert_eq!(said["amr"], json!(["pwd", "mfa", "rcv"]));
        assert!(tokens["refresh_expires_in"].as_i64().unwrap() <= 3600);
        let refresh = |tokens: &serde_json::Value| json!({ "refresh_token": tokens["refresh_token"] });
        app.advance(Span::from_minutes(50));
        let next = app.post("/v1/session/refresh", &refresh(&tokens)).await.ok();
        assert_eq!(claims(&next)["acr"], "recovery", "a refresh raised it");
        app.advance(Span::from_minutes(11));
        assert_eq!(app.post("/v1/session/refresh", &refresh(&next)).await.refusal(), "session_ended");
    }

    async fn rcv_06_a_wrong_code_changes_nothing(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let bob = app.enrol("bob", &[]).await;
        let login = app.password_step(&ada).await;
        assert_eq!(recovery(&app, &login, &bob.recovery_codes[0]).await.refusal(), "code");
        for bad in ["", "123456", "not a code", &"0".repeat(27)] {
            assert_eq!(recovery(&app, &login, bad).await.refusal(), "bad_request", "{bad:?}");
        }
        recovery(&app, &login, &ada.recovery_codes[0]).await.ok();
        assert_eq!(recovery(&app, &login, &ada.recovery_codes[1]).await.refusal(), "gone");
        recovery(&app, &app.password_step(&ada).await, &ada.recovery_codes[1]).await.ok();
        recovery(&app, &app.password_step(&bob).await, &bob.recovery_codes[0]).await.ok();
    }

    async fn rcv_08_it_neither_freshens_nor_steps_up(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        let token = text(&tokens, "access_token");
        let body = json!({ "action": "recovery_codes.new", "password": ada.password });
        let login = text(&app.bearer(Method::POST, "/v1/step-up", Some(&body), &token).await.ok(), "login");
        assert_eq!(recovery(&app, &login, &ada.recovery_codes[0]).await.refusal(), "wrong_step");
        assert!(totp(&app, &login, &app.code(&ada.totp_uri)).await.ok()["step_up"].is_string());
        app.advance(Span::from_seconds(30));
        // The same code is still whole.
        let login = app.password_step(&ada).await;
        recovery(&app, &login, &ada.recovery_codes[0]).await.ok();
    }

    async fn rcv_08_a_session_grown_old_takes_no_recovery_code(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut tokens = app.log_in(&ada, None).await;
        let refused = loop {
            app.advance(Span::from_minutes(55));
            let body = json!({ "refresh_token": tokens["refresh_token"] });
            let reply = app.post("/v1/session/refresh", &body).await;
            if !reply.status.is_success() {
                break reply;
            }
            tokens = reply.ok();
        };
        assert_eq!(refused.refusal(), "insufficient_user_authentication");
        let login = text(&refused.body, "login");
        assert_eq!(recovery(&app, &login, &ada.recovery_codes[0]).await.refusal(), "wrong_step");
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
    }

    async fn thr_04_a_code_sent_along_opens_the_way_that_strangers_have_shut(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let bob = app.enrol("bob", &[]).await;
        burn_password(&app, "ada").await;
        let wrong = with_code(&app, "ada", &ada.password, &bob.recovery_codes[0]).await;
        let before = app.tried("ada", Guessable::Password).await;
        assert_eq!(wrong.refusal(), "blocked", "a wrong code gained something");
        let checks = app.checks();
        let tokens = with_code(&app, "ada", &ada.password, &ada.recovery_codes[1]).await.ok();
        assert_eq!(claims(&tokens)["acr"], "recovery");
        assert_eq!(app.checks(), checks + 1);
        // It used no budget, so it cleared none; the device that it made known is the way in from now on.
        assert_eq!(app.tried("ada", Guessable::Password).await, before);
        assert_eq!(with_code(&app, "ada", &ada.password, &ada.recovery_codes[1]).await.refusal(), "blocked");
        let device = text(&tokens, "device");
        let login = text(&crate::attempt::password_on(&app, "ada", &ada.password, &device).await.ok(), "login");
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
    }

    async fn thr_04_a_right_code_with_a_wrong_password_opens_nothing_and_is_spent(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        assert_eq!(with_code(&app, "ada", "wrong", &ada.recovery_codes[0]).await.refusal(), "credentials");
        let login = app.password_step(&ada).await;
        assert_eq!(recovery(&app, &login, &ada.recovery_codes[0]).await.refusal(), "code", "it was spent");
        // Another user's code with ada's right password is an ordinary login.
        let bob = app.enrol("bob", &[]).await;
        let reply = with_code(&app, "ada", &ada.password, &bob.recovery_codes[0]).await.ok();
        assert_eq!(reply["state"], "second_factor");
    }

    async fn thr_03_a_recovery_login_leaves_the_tries_of_codes_where_they_are(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let login = app.password_step(&ada).await;
        for _ in 0..4 {
            totp(&app, &login, &wrong_code(&app, &ada)).await;
        }
        recovery(&app, &login, &ada.recovery_codes[0]).await.ok();
        assert_eq!(app.tried("ada", Guessable::Totp).await.strangers, 4, "a code it never proved was cleared");
        assert_eq!(app.tried("ada", Guessable::Password).await.strangers, 0);
    }
}
