//! Refreshes that meet: each other, a sign-out, a disable, a password change.

use http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_store::on_both;
use serde_json::{Value, json};

use crate::http::behind::{ACCOUNT, at_service, disable, records, refresh, text};

/// Sends the same refresh from many callers at once.
pub(super) async fn at_once(app: &TestApp, count: usize, token: &Value) -> Vec<Reply> {
    let callers: Vec<_> = (0..count)
        .map(|_| {
            let (app, token) = (app.clone(), token.clone());
            tokio::spawn(async move { refresh(&app, &token).await })
        })
        .collect();
    let mut replies = Vec::new();
    for caller in callers {
        replies.push(caller.await.unwrap());
    }
    replies
}

/// Refreshes until it is refused; gives every access token that was got.
async fn refresh_until_refused(app: TestApp, mut token: Value) -> (Vec<String>, String) {
    let mut got = Vec::new();
    loop {
        let reply = refresh(&app, &token).await;
        if !reply.status.is_success() {
            return (got, reply.refusal().to_owned());
        }
        token = reply.body["refresh_token"].clone();
        got.push(text(&reply.body, "access_token"));
    }
}

/// That none of these tokens is good for anything, at a service or here.
async fn are_dead(app: &TestApp, tokens: &[String]) {
    app.take_over_changes().await;
    for token in tokens {
        assert!(at_service(app, token, "api").await.is_err());
    }
}

on_both! {
    async fn rft_03_of_64_at_once_all_get_one_successor(store) {
        let app = TestApp::on(&store).await;
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        let replies = at_once(&app, 64, &token).await;
        let (good, slow): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status.is_success());
        let mut successors: Vec<_> = good.iter().map(|reply| text(&reply.body, "refresh_token")).collect();
        successors.sort();
        successors.dedup();
        assert_eq!(successors.len(), 1, "one distinct successor");
        assert_eq!(good.len(), 4, "one rotation and three repeats");
        for reply in &slow {
            assert_eq!((reply.status.as_u16(), reply.refusal()), (429, "refresh_too_often"));
            assert_eq!(reply.headers["retry-after"], "1");
        }
        assert_eq!(records(&app, "refresh.rotated").await.len(), 1);
        assert_eq!(records(&app, "refresh.retried").await.len(), 3);
        // Nothing died.
        refresh(&app, &json!(successors[0])).await.ok();
    }

    async fn rft_03_two_nodes_give_one_successor(store) {
        let app = TestApp::on(&store).await;
        let other = app.again().await;
        let token = app.enrol("ada", &[]).await.tokens["refresh_token"].clone();
        let (one, two) = tokio::join!(at_once(&app, 8, &token), at_once(&other, 8, &token));
        let good = one.iter().chain(&two).filter(|reply| reply.status.is_success());
        let mut successors: Vec<_> = good.map(|reply| text(&reply.body, "refresh_token")).collect();
        assert_eq!(successors.len(), 4);
        successors.dedup();
        assert_eq!(successors.len(), 1);
    }

    async fn rft_13_no_token_outlives_a_sign_out(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let tokens = app.log_in(&ada, Some(ACCOUNT)).await;
        let body = json!({ "refresh_token": tokens["refresh_token"], "audience": "api" });
        let start = app.post("/v1/session/refresh", &body).await.ok();
        let refreshing = tokio::spawn(refresh_until_refused(app.clone(), start["refresh_token"].clone()));
        tokio::task::yield_now().await;
        let ended = app.bearer(Method::DELETE, "/v1/session", None, &text(&tokens, "access_token")).await;
        assert_eq!(ended.status, 204);
        let (got, refusal) = refreshing.await.unwrap();
        assert_eq!(refusal, "session_ended");
        are_dead(&app, &got).await;
    }

    async fn rft_13_no_token_outlives_a_disable(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let refreshing = tokio::spawn(refresh_until_refused(app.clone(), ada.tokens["refresh_token"].clone()));
        tokio::task::yield_now().await;
        disable(&app, "ada").await;
        let (got, refusal) = refreshing.await.unwrap();
        assert_eq!(refusal, "session_ended");
        are_dead(&app, &got).await;
    }
}
