//! Every kind of handle at every door that takes one: only its own opens (T-26, OAE-23, MFA-02).

use axum::http::Method;
use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use crate::attempt::{ACCOUNT, at_once, password_on, recovery, text, totp};

/// One of each kind, all alive.
struct Handles {
    ada: TestUser,
    kinds: Vec<(&'static str, String)>,
}

impl Handles {
    fn of(&self, kind: &str) -> &str {
        &self.kinds.iter().find(|(name, _)| *name == kind).unwrap().1
    }
}

async fn handles(app: &TestApp) -> Handles {
    let ada = app.enrol("ada", &[]).await;
    let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
    let token = text(&tokens, "access_token");
    let body = json!({ "action": "recovery_codes.new", "password": ada.password });
    let raising = text(&app.bearer(Method::POST, "/v1/step-up", Some(&body), &token).await.ok(), "login");
    let step_up = text(&totp(app, &raising, &app.code(&ada.totp_uri)).await.ok(), "step_up");
    app.advance(Span::from_seconds(30));
    let invite = |name| json!({ "name": name });
    let (one, two) = (invite("bob"), invite("cyd"));
    let accepted = text(&app.admin(Method::POST, "/v1/admin/invites", Some(&one)).await.ok(), "invite");
    let untouched = text(&app.admin(Method::POST, "/v1/admin/invites", Some(&two)).await.ok(), "invite");
    let accept = json!({ "invite": accepted, "password": "a phrase of five odd words" });
    let enrolling = text(&app.post("/v1/invite/accept", &accept).await.ok(), "login");
    let kinds = vec![
        ("login", app.password_step(&ada).await),
        ("enrolment", enrolling),
        ("invite", untouched),
        ("ticket", app.ticket("ada").await),
        ("refresh", text(&tokens, "refresh_token")),
        ("device", text(&tokens, "device")),
        ("access", token),
        ("step_up", step_up),
        ("recovery", ada.recovery_codes[0].clone()),
        ("session", text(&tokens, "session")),
    ];
    Handles { ada, kinds }
}

/// The doors, and the kinds that each one opens to, if only to say what else is missing.
const DOORS: &[(&str, &[&str])] = &[
    ("totp", &["login"]),
    ("recovery-code", &["login"]),
    ("enrol", &["enrolment"]),
    ("confirm", &["enrolment"]),
    ("accept", &["invite", "ticket"]),
    ("refresh", &["refresh"]),
    ("bearer", &["access"]),
    ("step-up", &["step_up"]),
    ("code", &["recovery"]),
];

async fn knock(app: &TestApp, all: &Handles, door: &str, handle: &str) -> Reply {
    let code = app.code(&all.ada.totp_uri);
    match door {
        "totp" => totp(app, handle, &code).await,
        "recovery-code" => recovery(app, handle, &all.ada.recovery_codes[1]).await,
        "enrol" => app.post("/v1/login/enrol/totp", &json!({ "login": handle })).await,
        "confirm" => app.post("/v1/login/enrol/totp/confirm", &json!({ "login": handle, "code": code })).await,
        "accept" => {
            let body = json!({ "invite": handle, "password": all.ada.password });
            app.post("/v1/invite/accept", &body).await
        }
        "refresh" => app.post("/v1/session/refresh", &json!({ "refresh_token": handle })).await,
        "bearer" => app.bearer(Method::GET, "/v1/account", None, handle).await,
        "step-up" => {
            let body = json!({ "step_up": handle });
            app.bearer(Method::POST, "/v1/factors/recovery-codes", Some(&body), all.of("access")).await
        }
        _ => recovery(app, all.of("login"), handle).await,
    }
}

on_both! {
    async fn t_26_no_handle_opens_anothers_door(store) {
        let app = TestApp::on(&store).await;
        let all = handles(&app).await;
        for (door, opens) in DOORS {
            for (kind, handle) in all.kinds.iter().filter(|(kind, _)| !opens.contains(kind)) {
                let reply = knock(&app, &all, door, handle).await;
                let status = reply.status.as_u16();
                assert!((400..500).contains(&status), "{kind} at {door}: {status} {}", reply.body);
                assert!(!reply.refusal().is_empty());
                assert!(!reply.body.to_string().contains(handle.as_str()), "{door} repeats a secret");
            }
        }
        // Nothing of all that used anything up: each still opens its own.
        for door in ["bearer", "refresh", "enrol", "accept", "code", "step-up"] {
            let own = DOORS.iter().find(|(name, _)| *name == door).unwrap().1[0];
            let reply = knock(&app, &all, door, all.of(own)).await;
            assert!(reply.status.is_success(), "{own} at {door}: {}", reply.body);
        }
    }

    async fn mfa_02_a_login_lives_ten_minutes_and_is_used_once(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let late = app.password_step(&ada).await;
        app.advance(Span::from_millis(10 * 60_000));
        assert_eq!(totp(&app, &late, &app.code(&ada.totp_uri)).await.refusal(), "gone");
        assert_eq!(recovery(&app, &late, &ada.recovery_codes[0]).await.refusal(), "gone");
        let login = app.password_step(&ada).await;
        app.advance(Span::from_millis(10 * 60_000 - 1));
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
        app.advance(Span::from_seconds(30));
        assert_eq!(totp(&app, &login, &app.code(&ada.totp_uri)).await.refusal(), "gone");
        assert_eq!(recovery(&app, &login, &ada.recovery_codes[0]).await.refusal(), "gone");
    }

    async fn mfa_02_a_login_takes_the_codes_of_its_own_user_only(store) {
        let app = TestApp::on(&store).await;
        let (ada, bob) = (app.enrol("ada", &[]).await, app.enrol("bob", &[]).await);
        let login = app.password_step(&ada).await;
        assert_eq!(totp(&app, &login, &app.code(&bob.totp_uri)).await.refusal(), "code");
        assert_eq!(recovery(&app, &login, &bob.recovery_codes[0]).await.refusal(), "code");
        let forged = format!("{}{}", &login[..login.len() - 2], if login.ends_with("AA") { "BB" } else { "AA" });
        assert_eq!(totp(&app, &forged, &app.code(&ada.totp_uri)).await.refusal(), "gone");
        totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
    }

    async fn a_shut_account_ends_its_logins(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let (login, device) = (app.password_step(&ada).await, text(&ada.tokens, "device"));
        app.disable("ada").await;
        assert_eq!(totp(&app, &login, &app.code(&ada.totp_uri)).await.refusal(), "gone");
        assert_eq!(password_on(&app, "ada", &ada.password, &device).await.refusal(), "credentials");
    }

    async fn a_login_raced_by_its_two_ways_ends_in_one_session(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let (login, code) = (app.password_step(&ada).await, app.code(&ada.totp_uri));
        let replies = at_once(32, |n| {
            let (app, login, code, ada) = (app.clone(), login.clone(), code.clone(), ada.clone());
            async move {
                let reply =
                    if n % 2 == 0 { totp(&app, &login, &code).await } else { recovery(&app, &login, &ada.recovery_codes[n % 10]).await };
                reply.status.as_u16()
            }
        })
        .await;
        assert_eq!(replies.iter().filter(|status| **status == 200).count(), 1, "{replies:?}");
        assert!(replies.iter().all(|status| *status < 500), "{replies:?}");
    }

    async fn a_client_or_audience_that_is_not_its_own_is_refused_before_anything_is_spent(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let checks = app.checks();
        let asked: [(&str, Value); 4] =
            [("client", json!("other")), ("audience", json!("https://elsewhere")), ("scope", json!("root")), ("audience", json!(""))];
        for (member, value) in asked {
            let mut body = json!({ "name": "ada", "password": ada.password });
            body[member] = value;
            assert_eq!(app.post("/v1/login", &body).await.refusal(), "not_allowed", "{body}");
        }
        assert_eq!(app.checks(), checks);
    }
}
