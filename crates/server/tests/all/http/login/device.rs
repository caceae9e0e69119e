//! Known devices: what makes one, what it is good for, and what makes it a stranger again (DESIGN section 9).

use axum::http::Method;
use poundlock::testing::{TestApp, Tried};
use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use crate::attempt::{ACCOUNT, AFTER_ANY_DELAY, password_on, shape, text, totp, wrong_code};

/// Who spends when ada's password is tried with this device: `(strangers, devices)`.
async fn lane_of(app: &TestApp, device: &str) -> (u32, u32) {
    let before = app.tried("ada", Guessable::Password).await;
    password_on(app, "ada", "wrong", device).await;
    let Tried { strangers, devices } = app.tried("ada", Guessable::Password).await;
    app.advance(AFTER_ANY_DELAY);
    (strangers - before.strangers, devices - before.devices)
}

on_both! {
    async fn t_30_only_a_genuine_live_device_of_this_account_is_known(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let bob = app.enrol("bob", &[]).await;
        let own = text(&ada.tokens, "device");
        assert_eq!(lane_of(&app, &own).await, (0, 1));
        let last = own.chars().last().unwrap();
        let forged = format!("{}{}", &own[..own.len() - 2], if last == 'A' { "BB" } else { "AA" });
        let cut = &own[..own.len() - 1];
        for (case, device) in [
            ("another user's", text(&bob.tokens, "device")),
            ("forged", forged),
            ("cut", cut.to_owned()),
            ("padded", format!("{own}=")),
            ("empty", String::new()),
            ("a refresh token", text(&ada.tokens, "refresh_token")),
            ("an access token", text(&ada.tokens, "access_token")),
        ] {
            assert_eq!(lane_of(&app, &device).await, (1, 0), "{case}");
        }
        // And ada's is a stranger at bob's door.
        password_on(&app, "bob", "wrong", &own).await;
        assert_eq!(app.tried("bob", Guessable::Password).await, Tried { strangers: 1, devices: 0 });
    }

    async fn thr_14_a_device_does_not_tell_whether_a_name_is_its_own(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.enrol("bob", &[]).await;
        let own = text(&ada.tokens, "device");
        let seen = [
            password_on(&app, "ada", "wrong", &own).await,
            password_on(&app, "bob", "wrong", &own).await,
            password_on(&app, "nobody", "wrong", &own).await,
            password_on(&app, "ada", "wrong", "pld_junk").await,
        ];
        assert!(seen.iter().all(|reply| shape(reply) == shape(&seen[0])));
    }

    async fn a_revoked_device_is_a_stranger(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        let token = text(&app.log_in(&ada, Some(ACCOUNT)).await, "access_token");
        let listed = app.bearer(Method::GET, "/v1/devices", None, &token).await.ok();
        let devices = listed["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 2, "{listed}");
        let id = devices.iter().map(|device| text(device, "id")).min().unwrap();
        let gone = app.bearer(Method::DELETE, &format!("/v1/devices/{id}"), None, &token).await;
        assert_eq!(gone.status.as_u16(), 204, "{}", gone.body);
        assert_eq!(lane_of(&app, &device).await, (1, 0));
    }

    async fn a_device_revoked_during_its_login_gets_another_name(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        let token = text(&app.log_in(&ada, Some(ACCOUNT)).await, "access_token");
        let login = text(&password_on(&app, "ada", &ada.password, &device).await.ok(), "login");
        let listed = app.bearer(Method::GET, "/v1/devices", None, &token).await.ok();
        let id = listed["devices"].as_array().unwrap().iter().map(|device| text(device, "id")).min().unwrap();
        app.bearer(Method::DELETE, &format!("/v1/devices/{id}"), None, &token).await;
        let tokens = totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
        assert_ne!(text(&tokens, "device"), device);
        assert_eq!(lane_of(&app, &text(&tokens, "device")).await, (0, 1));
        assert_eq!(lane_of(&app, &device).await, (1, 0));
    }

    async fn thr_04_ten_failures_in_a_row_make_a_device_a_stranger_until_it_completes_a_login(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        for n in 0..10 {
            assert_eq!(lane_of(&app, &device).await, (0, 1), "failure {n}");
        }
        assert_eq!(lane_of(&app, &device).await, (1, 0));
        let login = text(&password_on(&app, "ada", &ada.password, &device).await.ok(), "login");
        let tokens = totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
        assert_eq!(lane_of(&app, &text(&tokens, "device")).await, (0, 1));
    }

    async fn thr_02_a_device_waits_as_itself_and_never_as_a_stranger(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        for _ in 0..6 {
            assert_eq!(password_on(&app, "ada", "wrong", &device).await.refusal(), "credentials");
        }
        let early = password_on(&app, "ada", "wrong", &device).await;
        assert_eq!((early.status.as_u16(), early.refusal()), (429, "too_many_attempts"));
        assert_eq!(early.headers["retry-after"], "1");
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 0, devices: 6 });
        app.advance(Span::from_seconds(1));
        password_on(&app, "ada", &ada.password, &device).await.ok();
    }

    async fn a_code_is_spent_in_the_lane_of_its_login(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let device = text(&ada.tokens, "device");
        let login = text(&password_on(&app, "ada", &ada.password, &device).await.ok(), "login");
        for _ in 0..2 {
            totp(&app, &login, &wrong_code(&app, &ada)).await;
        }
        assert_eq!(app.tried("ada", Guessable::Totp).await, Tried { strangers: 0, devices: 2 });
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
        assert_eq!(app.tried("ada", Guessable::Totp).await, Tried { strangers: 0, devices: 0 });
        assert_eq!(app.tried("ada", Guessable::Password).await, Tried { strangers: 0, devices: 0 });
    }

    async fn mfa_09_a_device_never_stands_in_for_a_factor(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let body = json!({ "name": "ada", "password": ada.password, "device": ada.tokens["device"] });
        let reply = app.post("/v1/login", &body).await.ok();
        assert_eq!(reply["state"], "second_factor");
        assert_eq!(reply.get("access_token"), None::<&Value>);
    }
}
