//! `POST /v1/invite/accept` to the confirmed factor: once, whole or not at all (T-12, T-14, DESIGN section 11).

use axum::http::Method;
use poundlock::testing::{Reply, TestApp, Tried};
use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use crate::attempt::{at_once, password, text};

const PASSWORD: &str = "a phrase of five odd words";

async fn invite(app: &TestApp, name: &str) -> String {
    text(&app.admin(Method::POST, "/v1/admin/invites", Some(&json!({ "name": name }))).await.ok(), "invite")
}

async fn accept(app: &TestApp, invite: &str, password: &str) -> Reply {
    app.post("/v1/invite/accept", &json!({ "invite": invite, "password": password })).await
}

/// Asks for a seed; gives its URI.
async fn offer(app: &TestApp, login: &str) -> String {
    text(&app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok(), "uri")
}

async fn confirm(app: &TestApp, login: &str, code: &str) -> Reply {
    app.post("/v1/login/enrol/totp/confirm", &json!({ "login": login, "code": code })).await
}

/// Accepts and asks for a seed; gives the login and the right code.
async fn ready(app: &TestApp, invite: &str, password: &str) -> (String, String) {
    let login = text(&accept(app, invite, password).await.ok(), "login");
    let uri = offer(app, &login).await;
    (login, app.code(&uri))
}

on_both! {
    async fn t_14_an_invite_makes_one_account(store) {
        let app = TestApp::on(&store).await;
        let secret = invite(&app, "ada").await;
        let (first, first_code) = ready(&app, &secret, PASSWORD).await;
        let (second, second_code) = ready(&app, &secret, "another phrase altogether").await;
        confirm(&app, &first, &first_code).await.ok();
        assert_eq!(confirm(&app, &second, &second_code).await.refusal(), "gone");
        assert_eq!(accept(&app, &secret, PASSWORD).await.refusal(), "gone");
        assert_eq!(confirm(&app, &first, &first_code).await.refusal(), "gone");
        password(&app, "ada", PASSWORD).await.ok();
        assert_eq!(password(&app, "ada", "another phrase altogether").await.refusal(), "credentials");
    }

    async fn t_14_sixty_four_confirmations_make_one_account(store) {
        let app = TestApp::on(&store).await;
        let secret = invite(&app, "ada").await;
        let mut logins = Vec::new();
        for _ in 0..64 {
            logins.push(ready(&app, &secret, PASSWORD).await);
        }
        let replies = at_once(64, |n| {
            let (app, (login, code)) = (app.clone(), logins[n].clone());
            async move { confirm(&app, &login, &code).await }
        })
        .await;
        let opened = replies.iter().filter(|reply| reply.status.is_success()).count();
        assert_eq!(opened, 1);
        let others = replies.iter().filter(|reply| !reply.status.is_success());
        assert!(others.into_iter().all(|reply| reply.refusal() == "gone"));
        assert_eq!(poundlock_store::user::count(app.store()).await.unwrap(), 1);
    }

    async fn thr_09_one_invite_fills_no_queue(store) {
        let app = TestApp::on(&store).await;
        let secret = invite(&app, "ada").await;
        let replies = at_once(64, |_| {
            let (app, secret) = (app.clone(), secret.clone());
            async move { accept(&app, &secret, PASSWORD).await }
        })
        .await;
        assert!(replies.iter().any(|reply| reply.status.is_success()));
        let shed = replies.iter().filter(|reply| !reply.status.is_success());
        assert!(shed.into_iter().all(|r| r.status.as_u16() == 503 && r.headers.contains_key("retry-after")));
    }

    async fn an_abandoned_invite_stays_valid_and_leaves_nothing(store) {
        let app = TestApp::on(&store).await;
        let secret = invite(&app, "ada").await;
        let (login, code) = ready(&app, &secret, PASSWORD).await;
        assert_eq!(poundlock_store::user::count(app.store()).await.unwrap(), 0);
        assert_eq!(password(&app, "ada", PASSWORD).await.refusal(), "credentials");
        app.advance(Span::from_minutes(11));
        app.sweep().await;
        assert_eq!(confirm(&app, &login, &code).await.refusal(), "gone");
        let (login, code) = ready(&app, &secret, "quite another phrase here").await;
        confirm(&app, &login, &code).await.ok();
        assert_eq!(password(&app, "ada", PASSWORD).await.refusal(), "credentials");
    }

    async fn an_expired_or_damaged_invite_is_gone(store) {
        let app = TestApp::on(&store).await;
        let secret = invite(&app, "ada").await;
        let (login, code) = ready(&app, &secret, PASSWORD).await;
        for bad in [format!("{secret}x"), secret[..secret.len() - 1].to_owned(), String::new(), "pli_".to_owned()] {
            assert_eq!(accept(&app, &bad, PASSWORD).await.refusal(), "gone", "{bad}");
        }
        app.advance(Span::from_hours(24));
        assert_eq!(accept(&app, &secret, PASSWORD).await.refusal(), "gone");
        assert_eq!(confirm(&app, &login, &code).await.refusal(), "gone");
        assert_eq!(poundlock_store::user::count(app.store()).await.unwrap(), 0);
    }

    async fn an_invite_that_expires_under_its_login_is_gone_too(store) {
        let app = TestApp::on(&store).await;
        let secret = invite(&app, "ada").await;
        app.advance(Span::from_minutes(24 * 60 - 5));
        let login = text(&accept(&app, &secret, PASSWORD).await.ok(), "login");
        app.advance(Span::from_minutes(6));
        let uri = offer(&app, &login).await;
        assert_eq!(confirm(&app, &login, &app.code(&uri)).await.refusal(), "gone");
        assert_eq!(poundlock_store::user::count(app.store()).await.unwrap(), 0);
    }

    async fn pwd_09_a_weak_password_is_refused_with_its_reason_and_the_invite_lives(store) {
        let app = TestApp::on(&store).await;
        let secret = invite(&app, "adalovelace").await;
        for (weak, about) in [("short", "8"), ("password", ""), ("adalovelace", ""), ("", ""), (&"x".repeat(1025), "")] {
            let reply = accept(&app, &secret, weak).await;
            assert_eq!((reply.status.as_u16(), reply.refusal()), (422, "unusable"), "{weak}");
            let detail = text(&reply.body, "detail");
            assert!(detail.len() > 10 && detail.contains(about), "{weak}: {detail}");
        }
        let admin = json!({ "name": "root", "groups": ["admins"] });
        let admin = text(&app.admin(Method::POST, "/v1/admin/invites", Some(&admin)).await.ok(), "invite");
        assert_eq!(accept(&app, &admin, "elevenchars").await.refusal(), "unusable");
        accept(&app, &admin, "twelvechars!").await.ok();
        accept(&app, &secret, "eightch!").await.ok();
    }

    async fn a_name_taken_meanwhile_is_told_and_makes_nothing(store) {
        let app = TestApp::on(&store).await;
        let (one, other) = (invite(&app, "ada").await, invite(&app, "ADA").await);
        let (late, late_code) = ready(&app, &one, PASSWORD).await;
        let (early, early_code) = ready(&app, &other, "the other phrase of words").await;
        confirm(&app, &early, &early_code).await.ok();
        assert_eq!(confirm(&app, &late, &late_code).await.refusal(), "name_taken");
        assert_eq!(accept(&app, &one, PASSWORD).await.refusal(), "name_taken");
        assert_eq!(password(&app, "ada", PASSWORD).await.refusal(), "credentials");
        password(&app, "ada", "the other phrase of words").await.ok();
    }

    async fn t_12_a_password_alone_never_enrols(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.take_factors("ada").await;
        assert_eq!(password(&app, "ada", &ada.password).await.refusal(), "credentials");
        let bob = app.enrol("bob", &[]).await;
        let login = app.password_step(&bob).await;
        for path in ["/v1/login/enrol/totp", "/v1/factors/totp"] {
            let reply = app.post(path, &json!({ "login": login })).await;
            assert!(["wrong_step", "unauthenticated"].contains(&reply.refusal()), "{path}: {}", reply.body);
        }
        assert_eq!(confirm(&app, &login, &app.code(&bob.totp_uri)).await.refusal(), "wrong_step");
    }

    async fn a_ticket_takes_the_present_password_spent_and_counted(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.take_factors("ada").await;
        let ticket = app.ticket("ada").await;
        let checks = app.checks();
        for tried in 1..=3 {
            assert_eq!(accept(&app, &ticket, "wrong").await.refusal(), "credentials");
            assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: tried, devices: 0 });
        }
        assert_eq!(app.checks(), checks + 3);
        let (login, code) = ready(&app, &ticket, &ada.password).await;
        let tokens = confirm(&app, &login, &code).await.ok();
        assert_eq!(tokens["recovery_codes"].as_array().unwrap().len(), 10);
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 0, devices: 0 });
        assert_eq!(accept(&app, &ticket, &ada.password).await.refusal(), "gone");
        password(&app, "ada", &ada.password).await.ok();
    }

    async fn a_ticket_for_a_shut_account_opens_nothing(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let ticket = app.ticket("ada").await;
        let (login, code) = ready(&app, &ticket, &ada.password).await;
        app.disable("ada").await;
        assert_eq!(confirm(&app, &login, &code).await.refusal(), "gone");
        assert_eq!(accept(&app, &ticket, &ada.password).await.refusal(), "credentials");
    }

    async fn otp_13_asked_again_an_unconfirmed_seed_is_replaced_and_a_wrong_code_keeps_it(store) {
        let app = TestApp::on(&store).await;
        let login = text(&accept(&app, &invite(&app, "ada").await, PASSWORD).await.ok(), "login");
        assert_eq!(confirm(&app, &login, "000000").await.refusal(), "wrong_step", "nothing was offered yet");
        let (old, new) = (offer(&app, &login).await, offer(&app, &login).await);
        assert_ne!(old, new);
        assert_eq!(confirm(&app, &login, &app.code(&old)).await.refusal(), "code");
        let done: Value = confirm(&app, &login, &app.code(&new)).await.ok();
        assert!(done["access_token"].is_string());
    }
}
