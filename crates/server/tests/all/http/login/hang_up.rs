//! Clients that hang up in the middle: what was spent gets its outcome written, and nothing is left half-done (THR-06).

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use axum::body::Body;
use axum::http::Request;
use poundlock::testing::{TestApp, TestUser};
use poundlock_core::audit::Event;
use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::{on_both, session};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::attempt::{AFTER_ANY_DELAY, password, text};

/// Sends a request and drops it after so many polls, as a server does whose client hangs up.
async fn abandoned(app: &TestApp, path: &str, body: &Value, polls: usize) {
    let request = Request::post(path).header("host", "localhost:8080").header("content-type", "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    let mut answer = pin!(app.router().oneshot(request));
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        answer.as_mut().poll(context).map(drop)
    })
    .await;
}

/// How many of these were recorded, the counted ones too.
async fn recorded(app: &TestApp, event: Event) -> u64 {
    app.advance(Span::from_seconds(61));
    app.seal().await;
    let records = app.newest_records(100_000).await;
    records.iter().filter(|record| record.event() == event).map(|record| u64::from(record.count())).sum()
}

/// Looks again and again until two counts agree; ends the test when they never do.
async fn agree(what: &str, mut counts: impl AsyncFnMut() -> (u64, u64)) -> u64 {
    let mut last = (0, 0);
    for _ in 0..200 {
        last = counts().await;
        if last.0 == last.1 {
            return last.0;
        }
        tokio::task::yield_now().await;
    }
    panic!("{what}: {last:?}");
}

on_both! {
    async fn thr_06_every_spent_password_has_its_outcome_recorded(store) {
        let app = TestApp::on(&store).await;
        let mut names = Vec::new();
        for n in 0..25 {
            names.push(app.enrol(&format!("user{n}"), &[]).await.name);
        }
        for n in 0..1000 {
            let body = json!({ "name": names[n % 25], "password": "wrong" });
            abandoned(&app, "/v1/login", &body, n / 25).await;
            app.advance(AFTER_ANY_DELAY);
        }
        let spent = agree("passwords spent and refused", async || {
            let mut spent = 0;
            for name in &names {
                spent += u64::from(app.tried(name, Guessable::Password).await.strangers);
            }
            (spent, recorded(&app, Event::LoginFirstRefused).await)
        })
        .await;
        assert!((100..1000).contains(&spent), "{spent} of 1000 were spent: the test hangs up too early or too late");
        agree("places taken", async || (app.hash_places() as u64, 0)).await;
    }

    async fn thr_06_a_right_code_opens_a_whole_session_or_nothing(store) {
        // On a pair every request that is dropped would go to the second node, whose connections go with it.
        let app = TestApp::alone(&store, "how far a dropped request comes depends on its node's connections").await;
        let ada = app.enrol("ada", &[]).await;
        for n in 0..200 {
            let login = begun(&app, &ada).await;
            let body = json!({ "login": login, "code": app.code(&ada.totp_uri) });
            abandoned(&app, "/v1/login/totp", &body, n % 10).await;
            app.advance(Span::from_seconds(30));
        }
        let user = app.user_id("ada").await;
        let opened = agree("sessions and records of them", async || {
            let completed = recorded(&app, Event::LoginCompleted).await;
            let live = session::live_of_user(app.store(), user, poundlock::testing::BEGIN).await.unwrap();
            (u64::try_from(live.len()).unwrap(), completed)
        })
        .await;
        assert!((2..200).contains(&opened), "{opened} of 200 went through");
        app.unlock("ada", Guessable::Password).await;
        app.unlock("ada", Guessable::Totp).await;
        let tokens = app.log_in(&ada, None).await;
        app.post("/v1/session/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).await.ok();
    }
}

/// A login that awaits its code, whatever was abandoned before.
async fn begun(app: &TestApp, ada: &TestUser) -> String {
    app.unlock("ada", Guessable::Password).await;
    app.unlock("ada", Guessable::Totp).await;
    text(&password(app, "ada", &ada.password).await.ok(), "login")
}
