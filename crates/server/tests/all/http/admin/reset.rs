//! Lost factors: reset and ticket.

use axum::http::Method;
use poundlock::testing::{TestApp, TestUser};
use poundlock_core::audit::{Owner, PersonalKey};
use poundlock_core::seal::Keyring;
use poundlock_core::time::Span;
use poundlock_store::{on_both, user};
use serde_json::{Value, json};

use super::{act, read, recorded, refresh, send, shown_as_ended};

/// Enrols with a ticket and the present password.
async fn enrol_with(app: &TestApp, user: &TestUser, ticket: &Value) -> TestUser {
    let accept = json!({ "invite": ticket, "password": user.password });
    let login = app.post("/v1/invite/accept", &accept).await.ok()["login"].clone();
    let uri = app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok()["uri"].clone();
    let totp_uri = uri.as_str().unwrap().to_owned();
    let confirm = json!({ "login": login, "code": app.code(&totp_uri) });
    let tokens = app.post("/v1/login/enrol/totp/confirm", &confirm).await.ok();
    app.advance(Span::from_seconds(30));
    TestUser { totp_uri, tokens, ..user.clone() }
}

on_both! {
    async fn mfa_17_a_reported_loss_ends_factors_codes_sessions_and_logins_at_once(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &["admins"]).await;
        let bob = app.enrol("bob", &[]).await;
        let under_way = app.password_step(&bob).await;
        let why = json!({ "reason": "phone stolen on the tram" });
        let ticket = send(&app, Method::POST, "users/bob/reset-factor", &why).await.ok()["ticket"].clone();
        assert_eq!(refresh(&app, &bob.tokens).await.refusal(), "session_ended");
        assert!(shown_as_ended(&app, &bob.tokens).await);
        let step = json!({ "login": under_way, "code": app.code(&bob.totp_uri) });
        assert_eq!(app.post("/v1/login/totp", &step).await.refusal(), "gone");
        let code = json!({ "login": under_way, "code": bob.recovery_codes[0] });
        assert_eq!(app.post("/v1/login/recovery-code", &code).await.refusal(), "gone");
        let shown = read(&app, "users/bob").await;
        assert_eq!((shown["factors"].as_array().unwrap().len(), &shown["recovery_codes_left"]), (0, &json!(0)));
        // The password alone gives nothing, and says nothing.
        let body = json!({ "name": "bob", "password": bob.password });
        assert_eq!(app.post("/v1/login", &body).await.refusal(), "credentials");
        let bob = enrol_with(&app, &bob, &ticket).await;
        app.log_in(&bob, None).await;
        let again = json!({ "invite": ticket, "password": bob.password });
        assert_eq!(app.post("/v1/invite/accept", &again).await.refusal(), "gone");
    }

    async fn aud_07_a_reset_needs_a_reason_and_the_record_keeps_it_sealed(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &["admins"]).await;
        app.enrol("bob", &[]).await;
        for bad in [json!({ "reason": "  " }), json!({ "reason": "x".repeat(257) })] {
            assert_eq!(send(&app, Method::POST, "users/bob/reset-factor", &bad).await.refusal(), "unusable");
        }
        assert_eq!(send(&app, Method::POST, "users/bob/reset-factor", &json!({})).await.refusal(), "bad_request");
        assert_eq!(read(&app, "users/bob").await["factors"].as_array().unwrap().len(), 1);
        send(&app, Method::POST, "users/bob/reset-factor", &json!({ "reason": " lost phone " })).await.ok();
        let record = recorded(&app, "factor.reset").await;
        assert!(!record.canonical().contains("lost"));
        let row = user::by_id(&store, record.user().unwrap()).await.unwrap().unwrap().user;
        let ring = Keyring::open(&TestApp::master(), &poundlock_store::key::data_keys(&store).await.unwrap()).unwrap();
        let key = PersonalKey::from_stored(&row.personal_key, Owner::User(row.id), &ring).unwrap();
        assert_eq!(record.open_personal(&key).unwrap().unwrap().note.as_deref(), Some("lost phone"));
    }

    async fn pwd_19_a_ticket_never_sets_a_password(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        let made = send(&app, Method::POST, "users/ada/ticket", &json!({ "life_seconds": 60 })).await.ok();
        recorded(&app, "ticket.made").await;
        let theirs = json!({ "invite": made["ticket"], "password": "a password of the thief" });
        assert_eq!(app.post("/v1/invite/accept", &theirs).await.refusal(), "credentials");
        app.log_in(&ada, None).await;
        let admins = json!({ "life_seconds": 60, "password": "chosen by an admin" });
        assert_eq!(send(&app, Method::POST, "users/ada/ticket", &admins).await.refusal(), "bad_request");
        app.advance(Span::from_seconds(60));
        let late = json!({ "invite": made["ticket"], "password": ada.password });
        assert_eq!(app.post("/v1/invite/accept", &late).await.refusal(), "gone");
        for bad in [0, -1, 7 * 24 * 3600 + 1] {
            let reply = send(&app, Method::POST, "users/ada/ticket", &json!({ "life_seconds": bad })).await;
            assert_eq!(reply.refusal(), "unusable", "{bad}");
        }
    }

    async fn thr_01_a_reset_forgets_guesses_at_the_old_factor_alone(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &["admins"]).await;
        let bob = app.enrol("bob", &[]).await;
        let login = app.password_step(&bob).await;
        for _ in 0..3 {
            app.post("/v1/login/totp", &json!({ "login": login, "code": "000000" })).await;
        }
        app.post("/v1/login", &json!({ "name": "bob", "password": "wrong wrong wrong" })).await;
        let tried = |shown: &Value, at: usize| shown["attempts"][at]["tried"].as_i64().unwrap();
        let before = read(&app, "users/bob").await;
        assert_eq!((tried(&before, 0), tried(&before, 2)), (2, 3));
        send(&app, Method::POST, "users/bob/reset-factor", &json!({ "reason": "lost" })).await.ok();
        let after = read(&app, "users/bob").await;
        assert_eq!((tried(&after, 0), tried(&after, 2)), (2, 0));
    }

    async fn a_disabled_user_is_reset_and_stays_disabled(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &["admins"]).await;
        let bob = app.enrol("bob", &[]).await;
        act(&app, Method::POST, "users/bob/disable").await.ok();
        let made = send(&app, Method::POST, "users/bob/reset-factor", &json!({ "reason": "left in a taxi" })).await.ok();
        assert_eq!(read(&app, "users/bob").await["state"], "disabled");
        let accept = json!({ "invite": made["ticket"], "password": bob.password });
        assert_eq!(app.post("/v1/invite/accept", &accept).await.refusal(), "credentials");
        act(&app, Method::POST, "users/bob/enable").await.ok();
        enrol_with(&app, &bob, &made["ticket"]).await;
    }
}
