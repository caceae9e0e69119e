//! What one node changes the other takes over: at once when it hears of it, and within its bound when nobody told it.

use std::time::Duration;

use http::Method;
use poundlock::testing::TestApp;
use poundlock_core::keys::KeyState;
use poundlock_core::seal::MasterKey;
use poundlock_core::testing::SeededRng;
use poundlock_core::time::Span;
use poundlock_store::testing::TestStore;
use poundlock_store::{Batch, Notice, Statement, client, key};
use poundlock_verify::{JwkSet, Reject};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::two;
use crate::http::behind::{ACCOUNT, at_service, part, refresh, text};

/// Ends the connections on which nodes hear of changes.
static DEAFEN: Statement = Statement::new(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE 'LISTEN%'",
);

/// Waits until it is so.
async fn until(what: &str, is: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Sets the life of the app's tokens, as an edit of the database that tells nobody.
async fn change_silently(app: &TestApp, seconds: u32) {
    let stored = client::all(app.store()).await.unwrap().into_iter().find(|client| client.id == "app").unwrap();
    let mut spec: Value = serde_json::from_str(&stored.spec).unwrap();
    spec["access_life_seconds"] = json!(seconds);
    let mut batch = Batch::new();
    client::change(&mut batch, "app", stored.version, &spec.to_string());
    app.store().commit(batch).await.unwrap();
}

/// How long an access token lives that this node makes now.
async fn life(app: &TestApp, refresh_token: &mut Value) -> i64 {
    let answer = refresh(app, refresh_token).await.ok();
    *refresh_token = answer["refresh_token"].clone();
    answer["expires_in"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_changed_on_one_node_is_changed_on_the_other() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let _hearing = two.hear_notices();
    let mut token = one.enrol("ada", &[]).await.tokens["refresh_token"].clone();
    assert_eq!(life(&two, &mut token).await, 300);
    let shown = one.admin(Method::GET, "/v1/admin/clients/app", None).await.ok();
    let mut spec = shown["client"].clone();
    spec["access_life_seconds"] = json!(120);
    one.admin(Method::PUT, "/v1/admin/clients/app", Some(&spec)).await.ok();
    assert_eq!(life(&one, &mut token).await, 120, "the node itself does not wait to hear");
    for _ in 0..1_000 {
        if life(&two, &mut token).await == 120 {
            return;
        }
    }
    panic!("the other node never heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tok_13_a_revocation_is_heard_at_once_and_unheard_within_the_lists_own_time() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let ada = one.enrol("ada", &[]).await;
    let heard = text(&one.log_in(&ada, Some(ACCOUNT)).await, "access_token");
    let unheard = text(&one.log_in(&ada, Some(ACCOUNT)).await, "access_token");
    for token in [&heard, &unheard] {
        assert!(at_service(&two, token, ACCOUNT).await.is_ok(), "its list is in this node's memory now");
    }
    // Nobody tells the second node.
    assert_eq!(one.bearer(Method::DELETE, "/v1/session", None, &unheard).await.status, 204);
    assert!(at_service(&two, &unheard, ACCOUNT).await.is_ok());
    two.advance(Span::from_seconds(10));
    assert_eq!(at_service(&two, &unheard, ACCOUNT).await.err(), Some(Reject::Revoked), "signed anew after its ttl");
    // Now it listens, and no clock moves.
    let _hearing = two.hear_notices();
    assert!(at_service(&two, &heard, ACCOUNT).await.is_ok());
    assert_eq!(one.bearer(Method::DELETE, "/v1/session", None, &heard).await.status, 204);
    until("the revocation is heard", async || at_service(&two, &heard, ACCOUNT).await.is_err()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_nobody_heard_of_is_taken_over_by_the_next_poll() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let mut token = one.enrol("ada", &[]).await.tokens["refresh_token"].clone();
    change_silently(&one, 120).await;
    assert_eq!(life(&two, &mut token).await, 300, "it was told nothing");
    two.poll().await;
    assert_eq!(life(&two, &mut token).await, 120);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_deaf_for_a_while_takes_over_what_it_missed() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let _hearing = two.hear_notices();
    let mut token = one.enrol("ada", &[]).await.tokens["refresh_token"].clone();
    change_silently(&one, 120).await;
    assert_eq!(life(&two, &mut token).await, 300);
    store.query(&DEAFEN, Vec::new()).await.unwrap();
    for _ in 0..1_000 {
        if life(&two, &mut token).await == 120 {
            return;
        }
    }
    panic!("it went on with what it knew before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_could_not_be_read_when_it_was_heard_of_is_read_later() {
    static HIDE: Statement = Statement::new("ALTER TABLE client RENAME TO hidden");
    static SHOW: Statement = Statement::new("ALTER TABLE hidden RENAME TO client");
    let run = async |store: &TestStore, statement: &'static Statement| {
        let mut batch = Batch::new();
        batch.push(statement, Vec::new(), poundlock_store::Expect::Any);
        store.commit(batch).await.unwrap();
    };
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let mut token = one.enrol("ada", &[]).await.tokens["refresh_token"].clone();
    change_silently(&one, 120).await;
    run(&store, &HIDE).await;
    let (say, notices) = broadcast::channel(8);
    let _hearing = two.hear(notices);
    for topic in ["registry", "a topic of nobody"] {
        say.send(Notice::Message { topic: topic.to_owned(), payload: String::new() }).unwrap();
    }
    // The second is taken only when the first was dealt with, which the hidden table has made fail.
    until("both were heard", async || say.is_empty()).await;
    run(&store, &SHOW).await;
    for _ in 0..2_000 {
        if life(&two, &mut token).await == 120 {
            return;
        }
    }
    panic!("what could not be read once was given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_06_a_node_publishes_a_key_before_another_signs_with_it() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let ada = one.enrol("ada", &[]).await;
    let kids = async |node: &TestApp| {
        let set = node.get("/.well-known/jwks.json").await.ok();
        JwkSet::parse(set.to_string().as_bytes()).unwrap()
    };
    let first = text(&one.log_in(&ada, Some(ACCOUNT)).await, "access_token");
    let mut token = first.clone();
    for _ in 0..31 * 4 {
        // Each node runs its minute's work, the one a little before the other.
        one.advance(Span::from_hours(6));
        one.poll().await;
        token = text(&one.log_in(&ada, Some(ACCOUNT)).await, "access_token");
        let kid = part(&token, 0)["kid"].as_str().unwrap().to_owned();
        assert!(kids(&two).await.find(&kid).is_some(), "{kid} signs and the other node does not publish it");
        // A token of the first node opens the account API of the second.
        two.bearer(Method::GET, "/v1/account", None, &token).await.ok();
        two.poll().await;
    }
    assert_ne!(part(&first, 0)["kid"], part(&token, 0)["kid"], "it did turn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_07_a_key_revoked_on_one_node_opens_nothing_on_the_other() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let ada = one.enrol("ada", &[]).await;
    let _hearing = two.hear_notices();
    let token = text(&one.log_in(&ada, Some(ACCOUNT)).await, "access_token");
    two.bearer(Method::GET, "/v1/account", None, &token).await.ok();
    let rows = key::signing_keys(one.store()).await.unwrap();
    let kid = rows.into_iter().find(|row| row.state == KeyState::Current).unwrap().kid;
    assert_eq!(one.admin(Method::POST, &format!("/v1/admin/keys/{kid}/revoke"), None).await.status, 204);
    let refused = async || !two.bearer(Method::GET, "/v1/account", None, &token).await.status.is_success();
    until("the other node refuses the token", refused).await;
    let fresh = text(&two.log_in(&ada, Some(ACCOUNT)).await, "access_token");
    one.bearer(Method::GET, "/v1/account", None, &fresh).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn car_03_a_master_key_rotated_on_one_node_leaves_the_other_at_work_and_unable_to_rotate() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let ada = one.enrol("ada", &[]).await;
    let login = two.password_step(&ada).await;
    let [new, newer] = [8, 9].map(|seed| MasterKey::random(&SeededRng::new(seed)));
    let body = |key: &MasterKey| json!({ "new_key": **key.to_hex() });
    one.admin(Method::POST, "/v1/admin/keys/master", Some(&body(&new))).await.ok();
    // The data keys are the same: a login under way goes on, on either node.
    let code = json!({ "login": login, "code": two.code(&ada.totp_uri) });
    let tokens = two.post("/v1/login/totp", &code).await.ok();
    refresh(&one, &tokens["refresh_token"]).await.ok();
    let stale = two.admin(Method::POST, "/v1/admin/keys/master", Some(&body(&newer))).await;
    assert_eq!(stale.refusal(), "conflict");
    assert!(two.restart(TestApp::master()).await.is_err(), "it starts again with the new key alone");
    two.restart(new).await.unwrap();
}
