//! Places and lists over time and over nodes: no place twice, no session without its list, no revocation unheard.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use poundlock::testing::{TestApp, TestUser};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_verify::Reject;
use serde_json::{Value, json};

use crate::http::behind::{ACCOUNT, ISSUER, at_service, claims, text};

fn place(answer: &Value) -> (String, u64) {
    let refers = &claims(answer)["status"]["status_list"];
    (text(refers, "uri"), refers["idx"].as_u64().unwrap())
}

/// Logs in on one node, with the clock of both moved on.
async fn log_in_on(node: &TestApp, user: &TestUser) -> (String, u64) {
    place(&node.log_in(user, None).await)
}

on_both! {
    async fn tok_15_no_two_sessions_share_a_place(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut places = BTreeSet::from([place(&ada.tokens)]);
        let mut node = app.clone();
        // Through two blocks and three restarts, each of which loses the rest of a block.
        for count in 1..140_usize {
            if count % 40 == 0 {
                node = app.again().await;
            }
            assert!(places.insert(log_in_on(&node, &ada).await), "login {count}");
        }
        let indexes: Vec<_> = places.iter().map(|(_, idx)| *idx).collect();
        assert!(indexes.iter().any(|idx| *idx > 10_000), "places tell nothing of how many came before");
    }

    async fn tok_15_four_nodes_at_once_give_four_thousand_places(store) {
        let app = TestApp::on(&store).await;
        let nodes = [app.clone(), app.again().await, app.again().await, app.again().await];
        let taking: Vec<_> = nodes.map(|node| tokio::spawn(async move { node.take_places(1_000).await })).into();
        let mut places = BTreeSet::new();
        for taken in taking {
            places.extend(taken.await.unwrap());
        }
        assert_eq!(places.len(), 4_000);
    }

    async fn two_nodes_give_places_from_blocks_of_their_own(store) {
        let app = TestApp::on(&store).await;
        let other = app.again().await;
        let (ada, bob) = (app.enrol("ada", &[]).await, other.enrol("bob", &[]).await);
        let mut places = BTreeSet::from([place(&ada.tokens), place(&bob.tokens)]);
        for _ in 0..10 {
            assert!(places.insert(log_in_on(&app, &ada).await));
            assert!(places.insert(log_in_on(&other, &bob).await));
        }
        assert_eq!(places.len(), 22);
    }

    async fn after_a_quiet_time_a_session_has_a_list_that_is_served(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        assert_eq!(place(&ada.tokens).0, format!("{ISSUER}/status/1"));
        // Long after the first list was closed to new sessions, a node still has a block of it in memory.
        for number in 2..5 {
            app.advance(Span::from_hours(3 * 24));
            app.take_over_changes().await;
            app.sweep().await;
            let answer = app.log_in(&ada, None).await;
            assert_eq!(place(&answer).0, format!("{ISSUER}/status/{number}"));
            app.sweep().await;
            assert!(at_service(&app, &text(&answer, "access_token"), "api").await.is_ok());
        }
        assert_eq!(app.get("/status/1").await.status, 404, "its sessions are long over");
    }

    async fn tok_15_no_number_comes_again_after_a_restart(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        app.advance(Span::from_hours(30 * 24));
        app.take_over_changes().await;
        app.sweep().await;
        app.sweep().await;
        let again = app.again().await;
        let bob = again.enrol("bob", &[]).await;
        assert_eq!(place(&bob.tokens).0, format!("{ISSUER}/status/2"));
    }

    async fn a_list_stays_while_a_session_is_in_it(store) {
        let app = TestApp::on(&store).await;
        crate::http::behind::change_client(&app, |spec| {
            spec.absolute_seconds = Some(30 * 86_400);
            spec.idle_seconds = Some(30 * 86_400);
            spec.mfa_max_age_seconds = Some(30 * 86_400);
        })
        .await;
        let ada = app.enrol("ada", &[]).await;
        let mut token = ada.tokens["refresh_token"].clone();
        for _ in 0..29 {
            app.advance(Span::from_hours(24));
            app.take_over_changes().await;
            app.log_in(&ada, None).await;
            app.sweep().await;
            let answer = app.post("/v1/session/refresh", &json!({ "refresh_token": token })).await.ok();
            assert_eq!(place(&answer), place(&ada.tokens));
            assert!(at_service(&app, &text(&answer, "access_token"), "api").await.is_ok());
            token = answer["refresh_token"].clone();
        }
    }

    async fn a_sign_out_is_heard_on_every_node(store) {
        let app = TestApp::on(&store).await;
        let other = if store.is_postgres() { TestApp::on(&store.again().await).await } else { app.again().await };
        let _hearing = [app.hear_notices(), other.hear_notices()];
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        other.advance(app.now() - other.now());
        let token = text(&tokens, "access_token");
        for node in [&app, &other] {
            assert!(at_service(node, &token, ACCOUNT).await.is_ok(), "the list is in memory now");
        }
        assert_eq!(app.bearer(Method::DELETE, "/v1/session", None, &token).await.status, 204);
        for node in [&app, &other] {
            let heard = async {
                while at_service(node, &token, ACCOUNT).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), heard).await.expect("heard within one poll");
            assert_eq!(at_service(node, &token, ACCOUNT).await.err(), Some(Reject::Revoked));
        }
    }
}
