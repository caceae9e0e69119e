//! Every flow leaves its record: who, when, where, what and how it went.

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_core::audit::{Event, Outcome, Record};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use super::{account_token, explained, step_up, text, wrong_password};

/// The events since the last look.
struct Watch {
    seen: usize,
}

impl Watch {
    async fn news(&mut self, app: &TestApp) -> Vec<Record> {
        let all = app.records().await;
        let news = all[self.seen..].to_vec();
        self.seen = all.len();
        // The next records are of a later moment: within one there is no order.
        app.advance(Span::from_millis(1));
        news
    }

    async fn events(&mut self, app: &TestApp) -> Vec<Event> {
        let mut events: Vec<Event> = self.news(app).await.iter().map(Record::event).collect();
        // Records of one batch have one time, and no order among them.
        events.sort();
        events
    }
}

on_both! {
    async fn aud_01_every_step_of_the_main_path_is_recorded(store) {
        let app = TestApp::on(&store).await;
        app.advance(Span::from_millis(1));
        let mut watch = Watch { seen: app.records().await.len() };
        let ada = app.enrol("ada", &[]).await;
        let enrolled = [
            Event::LoginCompleted,
            Event::InviteMade,
            Event::InviteAccepted,
            Event::FactorEnrolled,
            Event::RecoveryCodesMade,
        ];
        assert_eq!(watch.events(&app).await, enrolled);

        app.password_step(&ada).await;
        assert_eq!(watch.events(&app).await, [Event::LoginFirstOk]);
        let tokens = app.log_in(&ada, None).await;
        assert_eq!(watch.events(&app).await, [Event::LoginFirstOk, Event::LoginCompleted]);
        app.post("/v1/session/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).await.ok();
        assert_eq!(watch.events(&app).await, [Event::RefreshRotated]);
        app.post("/v1/session/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).await.ok();
        assert_eq!(watch.events(&app).await, [Event::RefreshRetried]);

        let token = account_token(&app, &ada).await;
        watch.events(&app).await;
        let right = step_up(&app, &ada, &token, ("password.change", "")).await;
        assert_eq!(watch.events(&app).await, [Event::StepUpStarted, Event::StepUpCompleted]);
        let change = json!({ "new_password": "another unguessable phrase", "step_up": right });
        app.bearer(Method::POST, "/v1/account/password", Some(&change), &token).await;
        assert_eq!(watch.events(&app).await, [Event::PasswordChanged]);
        app.bearer(Method::DELETE, "/v1/session", None, &token).await;
        assert_eq!(watch.events(&app).await, [Event::SessionEnded]);
    }

    async fn aud_01_every_refused_attempt_is_recorded_with_its_kind(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut watch = Watch { seen: app.records().await.len() };
        app.advance(Span::from_millis(1));
        for (name, known) in [("ada", true), ("nobody", false)] {
            assert_eq!(wrong_password(&app, name).await.refusal(), "credentials");
            let news = watch.news(&app).await;
            assert_eq!((news.len(), news[0].event()), (1, Event::LoginFirstRefused));
            assert_eq!((news[0].outcome(), news[0].user().is_some()), (Outcome::Refused, known));
            assert_eq!(news[0].owasp(), "authn_login_fail");
        }
        let login = app.password_step(&ada).await;
        watch.news(&app).await;
        let wrong = json!({ "login": login, "code": "000000" });
        assert_eq!(app.post("/v1/login/totp", &wrong).await.refusal(), "code");
        assert_eq!(watch.events(&app).await, [Event::LoginSecondRefused]);
        let bad = json!({ "invite": "plk_inv_nonsense", "password": ada.password });
        assert_eq!(app.post("/v1/invite/accept", &bad).await.refusal(), "gone");
        assert_eq!(watch.events(&app).await, [Event::InviteRefused]);
    }

    async fn aud_01_refresh_theft_is_an_alert(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let first = json!({ "refresh_token": ada.tokens["refresh_token"] });
        let second = json!({ "refresh_token": app.post("/v1/session/refresh", &first).await.ok()["refresh_token"] });
        app.post("/v1/session/refresh", &second).await.ok();
        let mut watch = Watch { seen: app.records().await.len() };
        app.advance(Span::from_millis(1));
        let refused = app.post("/v1/session/refresh", &first).await;
        assert_eq!(refused.refusal(), "refresh_reuse");
        let news = watch.news(&app).await;
        assert_eq!((news.len(), news[0].event(), news[0].outcome()), (1, Event::RefreshTheft, Outcome::Alert));
        assert_eq!(news[0].id().to_string(), text(&refused.body["reference"]));
    }

    async fn aud_02_a_record_says_who_when_where_what_and_in_which_request(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.advance(Span::from_millis(1));
        let reply = app.post("/v1/login", &json!({ "name": ada.name, "password": ada.password })).await;
        let request = reply.headers["x-request-id"].to_str().unwrap().to_owned();
        let record = app.records().await.pop().unwrap();
        assert_eq!(record.event(), Event::LoginFirstOk);
        assert_eq!((record.at(), record.node().as_str()), (app.now(), app.node()));
        assert_eq!((record.request(), record.client().is_some()), (Some(request.as_str()), true));
        let told = explained(&app, &record.id().to_string()).await;
        assert_eq!(told["user"], record.user().unwrap().to_string());
        assert_eq!((&told["personal"]["name"], &told["personal"]["source"]), (&json!("ada"), &json!("127.0.0.1")));
        assert_eq!(told["at"], "2027-01-15T08:00:30.002Z");
    }

    async fn aud_02_the_records_of_an_enrolment_are_about_the_new_user(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        let about: Vec<Record> = app.records().await.into_iter().filter(|record| record.user().is_some()).collect();
        assert_eq!(about.len(), 4, "accepted, enrolled, codes made, logged in");
        assert!(about.iter().all(|record| record.user() == about[0].user()));
    }
}

#[test]
fn aud_09_every_event_has_a_word_of_the_owasp_vocabulary() {
    assert!(Event::ALL.iter().all(|event| !event.owasp().is_empty()));
    for (event, word) in [
        (Event::LoginCompleted, "authn_login_success"),
        (Event::RefreshTheft, "authn_token_reuse"),
        (Event::LoginDelayed, "excess_rate_limit_exceeded"),
        (Event::LoginBlocked, "authn_login_lock"),
    ] {
        assert_eq!(event.owasp(), word);
    }
}

#[test]
fn aud_08_the_inventory_lists_every_event() {
    let page = include_str!("../../../../../../../docs/audit.md");
    let listed = page.split("<!-- events -->").nth(1).unwrap().trim();
    let mut table = "| event | OWASP word | outcome | what it says |\n|---|---|---|---|\n".to_owned();
    for event in Event::ALL {
        let outcome = format!("{:?}", event.outcome()).to_lowercase();
        table.push_str(&format!("| `{}` | `{}` | {outcome} | {} |\n", event.name(), event.owasp(), event.says()));
    }
    assert_eq!(listed, table.trim(), "copy this table into docs/audit.md:\n{table}");
}
