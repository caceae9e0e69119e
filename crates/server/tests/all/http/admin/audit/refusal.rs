//! The reference that a refusal shows is one that `explain` finds, also in a flood.

use std::net::IpAddr;

use axum::http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_core::audit::{Event, Key};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use super::{account_token, explained, text, write, wrong_password};

/// A wrong password from an address.
async fn from(app: &TestApp, address: &str, name: &str) -> Reply {
    let body = json!({ "name": name, "password": "not the password at all" });
    let address: IpAddr = address.parse().unwrap();
    app.send_from(address, Method::POST, "/v1/login", (Some(&body), &[])).await
}

on_both! {
    async fn the_reference_of_every_refusal_is_explained(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = account_token(&app, &ada).await;
        let mut refused = vec![wrong_password(&app, "ada").await, wrong_password(&app, "nobody").await];
        // Too soon after the failure: a delay.
        while refused.last().unwrap().refusal() != "too_many_attempts" {
            refused.push(wrong_password(&app, "ada").await);
            assert!(refused.len() < 20, "no delay came");
        }
        app.advance(Span::from_hours(1));
        let login = app.password_step(&ada).await;
        refused.push(app.post("/v1/login/totp", &json!({ "login": login, "code": "000000" })).await);
        refused.push(app.post("/v1/invite/accept", &json!({ "invite": "x", "password": ada.password })).await);
        let token = if app.bearer(Method::GET, "/v1/account", None, &token).await.status.is_success() {
            token
        } else {
            app.advance(Span::from_hours(1));
            account_token(&app, &ada).await
        };
        let change = json!({ "new_password": "another unguessable phrase", "step_up": "nonsense" });
        refused.push(app.bearer(Method::POST, "/v1/account/password", Some(&change), &token).await);
        for reply in &refused {
            let reference = text(&reply.body["reference"]);
            assert!(reference.starts_with("ref_"), "{reference} of {}", reply.body);
            let told = explained(&app, &reference).await;
            let lines = told["lines"].as_array().unwrap();
            let has = |start: &str| lines.iter().any(|line| line.as_str().unwrap().starts_with(start));
            assert!(has("Why: ") && has("Reference ref_"), "{told}");
            // A meaning, not a bare code: words, and the code behind them.
            let why = lines.iter().find_map(|line| line.as_str().unwrap().strip_prefix("Why: ")).unwrap();
            assert!(why.contains(' ') && why.contains('('), "{why}");
        }
        let delayed = refused.iter().find(|reply| reply.refusal() == "too_many_attempts").unwrap();
        let told = explained(&app, &text(&delayed.body["reference"])).await.to_string();
        for part in ["Counted against the budget of strangers", "The next attempt is checked after"] {
            assert!(told.contains(part), "{part:?} is not in {told}");
        }
    }

    async fn a_flood_from_one_source_collapses_and_its_shown_reference_is_the_counted_record(store) {
        let app = TestApp::alone(&store, "what is still being counted is known to the node that counts").await;
        let before = app.records().await.len();
        let mut shown = Vec::new();
        for _ in 0..40 {
            let reply = from(&app, "192.0.2.7", "nobody").await;
            shown.push((reply.refusal().to_owned(), text(&reply.body["reference"])));
        }
        let written = app.records().await.len() - before;
        assert!(written < 20, "{written} of 40 were written one by one");
        // The reference of one that is still being counted is explained already.
        let last = shown.last().unwrap().1.clone();
        let told = explained(&app, &last).await;
        assert!(told["count"].as_i64().unwrap() > 1, "{told}");
        app.advance(Span::from_seconds(61));
        app.seal().await;
        for (_, reference) in &shown {
            assert_eq!(explained(&app, reference).await["reference"], *reference);
        }
        let counted: u32 = app.records().await[before..].iter().map(|record| record.count()).sum();
        assert_eq!(counted, 40, "each refusal is counted once");
    }

    async fn floods_of_two_sources_or_targets_do_not_share_a_record(store) {
        let app = TestApp::on(&store).await;
        let before = app.records().await.len();
        for _ in 0..6 {
            for (address, name) in [("192.0.2.7", "one"), ("192.0.2.8", "one"), ("192.0.2.7", "two")] {
                from(&app, address, name).await;
            }
        }
        app.finish().await;
        let records = app.records().await;
        let counted = records[before..].iter().filter(|record| record.detail(Key::LastAt).is_some());
        assert!(counted.count() <= 6, "at most one for each source, target and kind");
        assert!(records[before..].iter().map(|record| record.count()).sum::<u32>() == 18);
    }

    async fn aud_07_counted_refusals_wait_for_a_store_that_does_not_take_them(store) {
        let app = TestApp::on(&store).await;
        for _ in 0..30 {
            from(&app, "192.0.2.7", "nobody").await;
        }
        app.advance(Span::from_seconds(61));
        write::hide_records(&store).await;
        assert!(!app.try_seal().await);
        write::show_records(&store).await;
        app.seal().await;
        let counted: u32 = app.records().await.iter().filter(|r| r.outcome() == Event::LoginDelayed.outcome())
            .map(|record| record.count()).sum();
        assert_eq!(counted, 30);
    }

    async fn an_unknown_reference_is_not_found(store) {
        let app = TestApp::on(&store).await;
        let none = app.admin(Method::GET, "/v1/admin/audit/records/ref_00000000000000000000000000000000", None).await;
        assert_eq!(none.refusal(), "not_found");
        let bad = app.admin(Method::GET, "/v1/admin/audit/records/usr_1", None).await;
        assert_eq!(bad.refusal(), "bad_request");
    }
}
