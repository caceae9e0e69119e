//! `/v1/factors`: what a recovery may enrol, and what a factor on probation may not do.

use axum::http::Method;
use poundlock::testing::{TestApp, TestUser};
use poundlock_core::id::NoticeId;
use poundlock_core::time::Span;
use poundlock_store::{Store, on_both, outbox};
use serde_json::{Value, json};

use crate::http::behind::{records, second_app};

const ACCOUNT: &str = "http://localhost:8080/account";

/// Logs in with a recovery code; gives a token for the account API.
async fn recovered(app: &TestApp, user: &TestUser, number: usize) -> String {
    let body = json!({ "name": user.name, "password": user.password, "audience": ACCOUNT });
    let login = app.post("/v1/login", &body).await.ok()["login"].clone();
    let step = json!({ "login": login, "code": user.recovery_codes[number] });
    text(&app.post("/v1/login/recovery-code", &step).await.ok()["access_token"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Enrols another authenticator with the right of a recovery session; gives its URI.
async fn enrol_again(app: &TestApp, token: &str) -> (String, Value) {
    let login = app.bearer(Method::POST, "/v1/factors/totp", None, token).await.ok()["login"].clone();
    let uri = text(&app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok()["uri"]);
    let confirm = json!({ "login": login, "code": app.code(&uri) });
    let added = app.post("/v1/login/enrol/totp/confirm", &confirm).await.ok();
    app.advance(Span::from_seconds(30));
    (uri, added)
}

/// The kinds of the notices that wait, the oldest first.
async fn told(store: &Store) -> Vec<&'static str> {
    let waiting = outbox::waiting(store, NoticeId::NIL, 100).await.unwrap();
    waiting.iter().map(|notice| notice.kind.as_str()).collect()
}

async fn step_up(app: &TestApp, user: &TestUser, token: &str, action: &str, uri: &str) -> poundlock::testing::Reply {
    let body = json!({ "action": action, "password": user.password });
    let login = app.bearer(Method::POST, "/v1/step-up", Some(&body), token).await.ok()["login"].clone();
    let reply = app.post("/v1/login/totp", &json!({ "login": login, "code": app.code(uri) })).await;
    app.advance(Span::from_seconds(30));
    reply
}

on_both! {
    async fn a_recovery_enrols_one_factor_on_probation_and_raises_nothing(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = recovered(&app, &ada, 0).await;
        let (uri, added) = enrol_again(&app, &token).await;
        assert!(added.get("access_token").is_none(), "the enrolment of a recovery opened a session: {added}");
        assert_eq!(added["held_until"].as_i64().unwrap(), (app.now() + Span::from_hours(72)).seconds() - 30);
        let second = app.bearer(Method::POST, "/v1/factors/totp", None, &token).await;
        assert_eq!(second.refusal(), "step_up", "a recovery gives one enrolment");

        let phone = TestUser { totp_uri: uri.clone(), ..ada.clone() };
        let tokens = app.log_in(&phone, Some(ACCOUNT)).await;
        assert!(tokens.get("recovery_codes").is_none(), "a factor on probation brought codes");
        let held = step_up(&app, &ada, &text(&tokens["access_token"]), "recovery_codes.new", &uri).await;
        assert_eq!(held.refusal(), "held");

        app.advance(Span::from_hours(73));
        let tokens = app.log_in(&phone, Some(ACCOUNT)).await;
        assert_eq!(tokens["recovery_codes"].as_array().unwrap().len(), 1);
        step_up(&app, &ada, &text(&tokens["access_token"]), "recovery_codes.new", &uri).await.ok();
    }

    async fn proving_an_older_factor_ends_the_probation_and_replaces_the_used_code_rcv_04(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = recovered(&app, &ada, 3).await;
        // Notices of one millisecond stand in any order.
        app.advance(Span::from_millis(1));
        let (uri, _) = enrol_again(&app, &token).await;
        let back = app.log_in(&ada, Some(ACCOUNT)).await;
        let mut told = told(&store).await;
        told[2..].sort_unstable();
        assert_eq!(told, ["recovery_code_used", "factor_added", "factor_released", "recovery_codes_made"]);
        let released = records(&app, "factor.released").await;
        assert_eq!((released.len(), &released[0]["details"]["factor"]), (1, &json!("totp")), "never silent");
        let codes: Vec<String> = back["recovery_codes"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(codes.len(), 1);
        assert!(!ada.recovery_codes.contains(&codes[0]));
        let account = app.bearer(Method::GET, "/v1/account", None, &text(&back["access_token"])).await.ok();
        assert_eq!(account["recovery_codes_left"], 10);
        // No longer on probation: it may do what the older factor may.
        step_up(&app, &ada, &text(&back["access_token"]), "recovery_codes.new", &uri).await.ok();
        let again = app.log_in(&ada, None).await;
        assert!(again.get("recovery_codes").is_none(), "codes are replaced once");
        assert_eq!(records(&app, "factor.released").await.len(), 1, "a hold ends once");
    }

    /// A hold that time has ended is nothing that a login ends.
    async fn rcv_08_a_hold_that_has_run_out_is_not_told_of_as_ended_early(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = recovered(&app, &ada, 0).await;
        enrol_again(&app, &token).await;
        app.advance(Span::from_hours(73));
        app.log_in(&ada, Some(ACCOUNT)).await;
        assert_eq!(records(&app, "factor.released").await.len(), 0);
    }

    async fn rcv_05_mfa_08_a_ticket_tells_of_the_new_codes(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        second_app(&app, &ada).await;
        let mut told = told(&store).await;
        told.sort_unstable();
        assert_eq!(told, ["factor_added", "recovery_codes_made"]);
    }

    async fn rcv_08_mfa_08_a_code_sent_along_with_the_password_is_told_of(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let body = |code: &str, password: &str| json!({ "name": "ada", "password": password, "recovery_code": code });
        app.post("/v1/login", &body(&ada.recovery_codes[1], &ada.password)).await.ok();
        assert_eq!(told(&store).await, ["recovery_code_used"]);
        // Spent with a wrong password too, and told of.
        assert_eq!(app.post("/v1/login", &body(&ada.recovery_codes[2], "wrong")).await.refusal(), "credentials");
        assert_eq!(told(&store).await, ["recovery_code_used", "recovery_code_used"]);
    }

    async fn only_a_recovery_session_may_enrol_without_a_step_up_mfa_06(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        let reply = app.bearer(Method::POST, "/v1/factors/totp", None, &text(&tokens["access_token"])).await;
        assert_eq!(reply.refusal(), "step_up");
    }

    async fn sixty_four_confirmations_of_one_recovery_add_one_factor(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = recovered(&app, &ada, 0).await;
        let mut started = Vec::new();
        for _ in 0..64 {
            let login = app.bearer(Method::POST, "/v1/factors/totp", None, &token).await.ok()["login"].clone();
            let uri = text(&app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok()["uri"]);
            started.push(json!({ "login": login, "code": app.code(&uri) }));
        }
        let mut tasks = tokio::task::JoinSet::new();
        for body in started {
            let app = app.clone();
            tasks.spawn(async move { app.post("/v1/login/enrol/totp/confirm", &body).await.status.is_success() });
        }
        let won = tasks.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
    }
}
