//! `POST /v1/login/totp`: which codes are right, and that each is right once (T-09, OTP-04 to OTP-07).

use poundlock::testing::{TestApp, TestUser};
use poundlock_core::audit::{Event, Record};
use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use crate::attempt::{AFTER_ANY_DELAY, at_once, claims, password, sessions, text, totp, wrong_code};

const STEP: Span = Span::from_seconds(30);

/// Enrols with a device whose clock is ahead by `steps`; gives the reply of the confirmation.
async fn enrol_ahead(app: &TestApp, name: &str, steps: i64) -> (String, poundlock::testing::Reply) {
    let invite = app.admin(http::Method::POST, "/v1/admin/invites", Some(&json!({ "name": name }))).await.ok();
    let accept = json!({ "invite": invite["invite"], "password": "a phrase of five odd words" });
    let login = text(&app.post("/v1/invite/accept", &accept).await.ok(), "login");
    let uri = text(&app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok(), "uri");
    let code = app.code_at(&uri, Span::from_seconds(30 * steps));
    (uri, app.post("/v1/login/enrol/totp/confirm", &json!({ "login": login, "code": code })).await)
}

/// The records of refused second factors.
async fn refused(app: &TestApp) -> Vec<Record> {
    let records = app.newest_records(100).await;
    records.into_iter().filter(|record| record.event() == Event::LoginSecondRefused).collect()
}

/// A login of `user` that awaits its code.
async fn asked(app: &TestApp, user: &TestUser) -> String {
    app.password_step(user).await
}

on_both! {
    async fn otp_05_a_code_is_right_once_and_wrong_everywhere_after(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let (first, second) = (asked(&app, &ada).await, asked(&app, &ada).await);
        let wrong = totp(&app, &first, &wrong_code(&app, &ada)).await;
        assert_eq!((wrong.status.as_u16(), wrong.refusal()), (401, "code"));
        let code = app.code(&ada.totp_uri);
        let tokens = totp(&app, &first, &code).await.ok();
        assert_eq!(claims(&tokens)["acr"], "aal2");
        assert_eq!(claims(&tokens)["amr"], json!(["pwd", "otp", "mfa"]));
        assert_eq!(totp(&app, &second, &code).await.refusal(), "code", "one code, two logins");
        let refused = refused(&app).await;
        assert_eq!(refused.len(), 2, "{refused:?}");
        assert!(refused.iter().any(|record| record.canonical().contains("code_replayed")), "OTP-14: {refused:?}");
        assert_eq!(totp(&app, &first, &code).await.refusal(), "gone", "one login, two sessions");
        // Not the step before either, which was spent with it (RFC 6238 section 5.2).
        assert_eq!(totp(&app, &second, &app.code_at(&ada.totp_uri, Span::from_seconds(-30))).await.refusal(), "code");
        app.advance(STEP);
        totp(&app, &second, &app.code(&ada.totp_uri)).await.ok();
    }

    async fn otp_04_the_step_before_is_right_and_the_next_is_not(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.advance(STEP);
        let login = asked(&app, &ada).await;
        for ahead in [1, 2, -2] {
            let code = app.code_at(&ada.totp_uri, Span::from_seconds(30 * ahead));
            assert_eq!(totp(&app, &login, &code).await.refusal(), "code", "{ahead} steps ahead");
        }
        totp(&app, &login, &app.code_at(&ada.totp_uri, Span::from_seconds(-30))).await.ok();
    }

    async fn otp_07_only_six_ascii_digits_are_a_code_and_nothing_else_counts(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let login = asked(&app, &ada).await;
        let code = app.code(&ada.totp_uri);
        let wide: String = code.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
        let spellings = [
            format!("{} {}", &code[..3], &code[3..]),
            format!(" {code}"),
            format!("{code}\n"),
            wide,
            code[..5].to_owned(),
            format!("{code}0"),
            format!("+{}", &code[1..]),
            String::new(),
        ];
        for spelling in spellings {
            let reply = totp(&app, &login, &spelling).await;
            assert_eq!((reply.status.as_u16(), reply.refusal()), (400, "bad_request"), "{spelling:?}");
            assert!(!reply.body.to_string().contains(&code), "the answer repeats the code");
        }
        assert_eq!(app.codes_checked(), 0);
        assert_eq!(app.tried("ada", Guessable::Totp).await.strangers, 0);
        totp(&app, &login, &code).await.ok();
    }

    async fn otp_06_sixty_four_logins_with_one_code_open_one_session(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        let mut logins = Vec::new();
        for n in 0..64 {
            // Two spend as the device before it waits; the rest have the strangers' budget, cleared as an owner would.
            let reply = app.post("/v1/login", &json!({ "name": "ada", "password": ada.password, "device": device })).await;
            match reply.status.as_u16() {
                200 => logins.push(text(&reply.ok(), "login")),
                _ => logins.push(text(&password(&app, "ada", &ada.password).await.ok(), "login")),
            }
            if n % 4 == 3 {
                app.unlock("ada", Guessable::Password).await;
            }
        }
        let code = app.code(&ada.totp_uri);
        let replies = at_once(64, |n| {
            let (app, login, code) = (app.clone(), logins[n].clone(), code.clone());
            async move { totp(&app, &login, &code).await }
        })
        .await;
        let opened = replies.iter().filter(|reply| reply.status.is_success()).count();
        assert_eq!(opened, 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
        assert!(replies.iter().all(|reply| reply.status.is_success() || !reply.refusal().is_empty()));
        assert!(replies.iter().all(|reply| reply.status.as_u16() < 500));
    }

    async fn otp_06_one_login_and_one_code_sixty_four_times_open_one_session(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(crate::attempt::ACCOUNT)).await;
        let token = text(&tokens, "access_token");
        let before = sessions(&app, &token).await;
        let (login, code) = (asked(&app, &ada).await, app.code(&ada.totp_uri));
        let replies = at_once(64, |_| {
            let (app, login, code) = (app.clone(), login.clone(), code.clone());
            async move { totp(&app, &login, &code).await.status.as_u16() }
        })
        .await;
        assert_eq!(replies.iter().filter(|status| **status == 200).count(), 1, "{replies:?}");
        assert_eq!(sessions(&app, &token).await, before + 1);
    }

    async fn otp_04_two_codes_in_a_row_set_a_wandering_clock_right(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.advance(AFTER_ANY_DELAY);
        let off = Span::from_seconds(30 * 4);
        let login = asked(&app, &ada).await;
        assert_eq!(totp(&app, &login, &app.code_at(&ada.totp_uri, off)).await.refusal(), "code");
        app.advance(STEP);
        totp(&app, &login, &app.code_at(&ada.totp_uri, off)).await.ok();
        app.advance(STEP);
        let login = asked(&app, &ada).await;
        assert_eq!(totp(&app, &login, &app.code(&ada.totp_uri)).await.refusal(), "code", "the old clock still counts");
        totp(&app, &login, &app.code_at(&ada.totp_uri, off)).await.ok();
    }

    async fn otp_04_something_between_two_codes_sets_nothing_right(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.advance(AFTER_ANY_DELAY);
        let off = Span::from_seconds(30 * 4);
        let login = asked(&app, &ada).await;
        totp(&app, &login, &app.code_at(&ada.totp_uri, off)).await;
        totp(&app, &login, &wrong_code(&app, &ada)).await;
        app.advance(STEP);
        assert_eq!(totp(&app, &login, &app.code_at(&ada.totp_uri, off)).await.refusal(), "code");
    }

    async fn otp_04_an_enrolment_takes_five_steps_either_way_and_says_so(store) {
        let app = TestApp::on(&store).await;
        for steps in [-5, -1, 0, 1, 5] {
            let name = format!("u{}", steps + 5);
            let (uri, reply) = enrol_ahead(&app, &name, steps).await;
            let told = if steps == -1 { 0 } else { steps };
            assert_eq!(reply.ok()["clock_drift_seconds"].as_i64().unwrap_or(0), told * 30, "{steps} steps");
            app.advance(STEP);
            let login = text(&password(&app, &name, "a phrase of five odd words").await.ok(), "login");
            totp(&app, &login, &app.code_at(&uri, Span::from_seconds(30 * told))).await.ok();
        }
        for steps in [-6, 6] {
            let (_, reply) = enrol_ahead(&app, "late", steps).await;
            assert_eq!(reply.refusal(), "code", "{steps} steps");
        }
    }

    async fn t_37_a_damaged_seed_is_a_wrong_code_and_not_a_fault(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let bob = app.enrol("bob", &[]).await;
        let login = asked(&app, &ada).await;
        app.move_totp("ada", "bob").await;
        let reply = totp(&app, &login, &app.code(&bob.totp_uri)).await;
        assert_eq!((reply.status.as_u16(), reply.refusal()), (401, "code"), "another user's seed was moved in");
        assert_eq!(refused(&app).await.len(), 1);
    }
}
