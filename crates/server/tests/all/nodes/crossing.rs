//! What is used once is used once on all nodes together, and what is counted is counted together.

use poundlock_core::guard::Guessable;
use poundlock_store::testing::TestStore;
use serde_json::{Value, json};

use super::two;
use crate::attempt::{AFTER_ANY_DELAY, at_once, password, recovery, text, totp, wrong_code};
use crate::http::behind::{records, refresh};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rft_03_of_sixty_four_refreshes_on_two_nodes_all_get_one_successor() {
    let store = TestStore::postgres().await;
    let nodes = two(&store).await;
    let token = nodes[0].enrol("ada", &[]).await.tokens["refresh_token"].clone();
    let replies = at_once(64, |n| {
        let (node, token) = (nodes[n % 2].clone(), token.clone());
        async move { refresh(&node, &token).await }
    })
    .await;
    let good: Vec<_> = replies.iter().filter(|reply| reply.status.is_success()).collect();
    let mut successors: Vec<_> = good.iter().map(|reply| text(&reply.body, "refresh_token")).collect();
    successors.sort();
    successors.dedup();
    assert_eq!((successors.len(), good.len()), (1, 4), "one rotation and three repeats of it");
    assert!(replies.iter().all(|reply| reply.status.is_success() || reply.refusal() == "refresh_too_often"));
    assert_eq!(records(&nodes[1], "refresh.rotated").await.len(), 1);
    // Nothing died, and the successor is good on either node.
    let next = refresh(&nodes[1], &json!(successors[0])).await.ok();
    refresh(&nodes[0], &next["refresh_token"]).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_15_a_token_stolen_and_used_on_the_other_node_ends_the_family() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let first = one.enrol("ada", &[]).await.tokens["refresh_token"].clone();
    let second = refresh(&one, &first).await.ok()["refresh_token"].clone();
    let third = refresh(&two, &second).await.ok()["refresh_token"].clone();
    assert_eq!(refresh(&two, &first).await.refusal(), "refresh_reuse");
    assert_eq!(refresh(&one, &third).await.refusal(), "session_ended");
}

/// The login handles of as many logins, begun by turns on two nodes.
async fn begun(nodes: &[poundlock::testing::TestApp; 2], name: &str, secret: &str, count: usize) -> Vec<String> {
    let mut logins = Vec::new();
    for n in 0..count {
        logins.push(text(&password(&nodes[n % 2], name, secret).await.ok(), "login"));
    }
    logins
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_09_a_code_sent_to_two_nodes_at_once_opens_one_session() {
    let store = TestStore::postgres().await;
    let nodes = two(&store).await;
    let ada = nodes[0].enrol("ada", &[]).await;
    let logins = begun(&nodes, "ada", &ada.password, 4).await;
    let code = nodes[0].code(&ada.totp_uri);
    let replies = at_once(16, |n| {
        // Whichever node the login began on: it is in the store, not in a node.
        let (node, login, code) = (nodes[(n / 4) % 2].clone(), logins[n % 4].clone(), code.clone());
        async move { totp(&node, &login, &code).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.status.is_success()).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rcv_a_recovery_code_sent_to_two_nodes_at_once_opens_one_session() {
    let store = TestStore::postgres().await;
    let nodes = two(&store).await;
    let ada = nodes[0].enrol("ada", &[]).await;
    let logins = begun(&nodes, "ada", &ada.password, 4).await;
    let replies = at_once(16, |n| {
        let (node, login, code) = (nodes[(n / 4) % 2].clone(), logins[n % 4].clone(), ada.recovery_codes[0].clone());
        async move { recovery(&node, &login, &code).await }
    })
    .await;
    assert_eq!(replies.iter().filter(|reply| reply.status.is_success()).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_01_two_nodes_give_no_account_a_second_budget() {
    let store = TestStore::postgres().await;
    let nodes = two(&store).await;
    let ada = nodes[0].enrol("ada", &[]).await;
    let (mut checked, before) = (0, nodes[0].checks() + nodes[1].checks());
    for n in 0..120 {
        let reply = password(&nodes[n % 2], "ada", "wrong").await;
        checked += u64::from(reply.refusal() == "credentials");
        nodes[0].advance(AFTER_ANY_DELAY);
    }
    assert_eq!((checked, nodes[0].checks() + nodes[1].checks() - before), (50, 50));
    for node in &nodes {
        assert_eq!(node.tried("ada", Guessable::Password).await.strangers, 50);
        assert_eq!(password(node, "ada", &ada.password).await.refusal(), "blocked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_02_wrong_codes_on_two_nodes_at_once_are_counted_together() {
    let store = TestStore::postgres().await;
    let nodes = two(&store).await;
    let ada = nodes[0].enrol("ada", &[]).await;
    let logins = begun(&nodes, "ada", &ada.password, 4).await;
    let (wrong, before) = (wrong_code(&nodes[0], &ada), nodes[0].codes_checked() + nodes[1].codes_checked());
    let replies = at_once(64, |n| {
        let (node, login, code) = (nodes[n % 2].clone(), logins[n % 4].clone(), wrong.clone());
        async move { totp(&node, &login, &code).await }
    })
    .await;
    assert!(replies.iter().all(|reply| !reply.status.is_success()));
    let compared = nodes[0].codes_checked() + nodes[1].codes_checked() - before;
    let tried = nodes[0].tried("ada", Guessable::Totp).await.strangers;
    // The delays begin after the fifth, and no clock moves here.
    assert!(compared <= u64::from(tried) && tried <= 6, "{compared} compared, {tried} counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_07_a_source_has_its_limit_on_each_node() {
    let store = TestStore::postgres().await;
    let limited = |settings: &mut poundlock::testing::Settings| {
        settings.loopback_unlimited = false;
        settings.alone = Some("limits by source are each node's own");
    };
    let one = poundlock::testing::TestApp::with(&store, limited).await;
    let two = poundlock::testing::TestApp::with(&store.again().await, limited).await;
    let mut passed = [0, 0];
    for n in 0..40 {
        for (node, passed) in [&one, &two].into_iter().zip(&mut passed) {
            let reply = password(node, &format!("name{n}"), "wrong").await;
            *passed += usize::from(reply.refusal() == "credentials");
        }
    }
    assert_eq!(passed, [30, 30], "docs/nodes.md says so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enrolment_may_change_nodes_at_every_step() {
    let store = TestStore::postgres().await;
    let [one, two] = two(&store).await;
    let invite = one.admin(http::Method::POST, "/v1/admin/invites", Some(&json!({ "name": "ada" }))).await.ok();
    let accept = json!({ "invite": invite["invite"], "password": "a phrase of five odd words" });
    let login = two.post("/v1/invite/accept", &accept).await.ok()["login"].clone();
    let uri = text(&one.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok(), "uri");
    let confirm = json!({ "login": login, "code": two.code(&uri) });
    let tokens: Value = two.post("/v1/login/enrol/totp/confirm", &confirm).await.ok();
    refresh(&one, &tokens["refresh_token"]).await.ok();
    assert_eq!(one.post("/v1/invite/accept", &accept).await.refusal(), "gone");
}
