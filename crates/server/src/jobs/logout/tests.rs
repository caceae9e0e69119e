//! Word of a session's end, as a client gets it: one that listens on this machine.

use http::Method;
use poundlock_core::oidc::Params;
use poundlock_core::time::Span;
use poundlock_store::testing::TestStore;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{AGAIN, tell};
use crate::app::SharedApp;
use crate::testing::{TestApp, TestUser};

/// A client's endpoint that answers with these statuses, in order; gives what was posted to it.
async fn listen(statuses: &'static [u16]) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/logout", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let mut bodies = Vec::new();
        for status in statuses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            let mut bytes = [0; 4096];
            // One token fits into what comes at once or soon after: read until the form is whole.
            while text.split_once("\r\n\r\n").is_none_or(|(head, body)| body.len() < length_of(head)) {
                let read = stream.read(&mut bytes).await.unwrap();
                text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
            let answer = format!(
                "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            bodies.push(text.split_once("\r\n\r\n").unwrap().1.to_owned());
        }
        bodies
    });
    (uri, heard)
}

fn length_of(head: &str) -> usize {
    let head = head.to_ascii_lowercase();
    head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok()).unwrap_or(0)
}

/// A server on which `ada` has a session that the client takes part in.
async fn server(store: &TestStore, uri: &str, private: bool) -> (TestApp, TestUser) {
    let app = TestApp::with(store, |settings| settings.private_addresses = private).await;
    let spec = json!({
        "id": "web", "kind": "public", "audiences": ["api"], "scopes": ["openid"], "backchannel_logout_uri": uri,
    });
    app.admin(Method::POST, "/v1/admin/clients", Some(&spec)).await.ok();
    app.take_over_changes().await;
    let user = app.enrol("ada", &[]).await;
    app.join("web", &user).await;
    (app, user)
}

async fn sign_out(app: &TestApp, user: &TestUser) {
    let body = json!({ "refresh_token": user.tokens["refresh_token"] });
    assert_eq!(app.send(Method::DELETE, "/v1/session", Some(&body), &[]).await.status, 204);
}

fn claims(body: &str) -> Value {
    let params = Params::parse(body).unwrap();
    let token = params.one("logout_token").unwrap();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&poundlock_verify::b64::decode(payload).unwrap()).unwrap()
}

async fn turn(app: &TestApp) {
    tell(SharedApp::clone(app.shared())).await.unwrap();
}

async fn events(app: &TestApp, name: &str) -> usize {
    let records = app.newest_records(100).await;
    records.iter().filter(|record| record.event().name() == name).count()
}

#[tokio::test]
async fn oae_19_a_client_is_told_once_when_the_session_ends_and_not_before() {
    let store = TestStore::sqlite().await;
    let (uri, heard) = listen(&[200]).await;
    let (app, user) = server(&store, &uri, true).await;
    turn(&app).await;
    sign_out(&app, &user).await;
    turn(&app).await;
    turn(&app).await;
    let bodies = heard.await.unwrap();
    let claims = claims(&bodies[0]);
    assert_eq!((&claims["sid"], &claims["aud"]), (&user.tokens["session"], &json!("web")));
    assert!(claims["sub"].is_string() && claims.get("nonce").is_none());
    assert_eq!((events(&app, "logout.told").await, events(&app, "logout.untold").await), (1, 0));
}

#[tokio::test]
async fn oae_19_failures_are_tried_again_and_redirects_are_failures() {
    let store = TestStore::sqlite().await;
    let (uri, heard) = listen(&[500, 302, 204]).await;
    let (app, user) = server(&store, &uri, true).await;
    sign_out(&app, &user).await;
    for wait in [Span::ZERO, AGAIN[0], AGAIN[1]] {
        app.advance(wait);
        turn(&app).await;
        // Not sooner than it is due.
        turn(&app).await;
    }
    assert_eq!(heard.await.unwrap().len(), 3);
    assert_eq!(events(&app, "logout.told").await, 1);
}

#[tokio::test]
async fn oae_19_nobody_is_told_at_a_private_address_and_in_the_end_that_is_said() {
    let store = TestStore::sqlite().await;
    let (uri, heard) = listen(&[200]).await;
    let (app, user) = server(&store, &uri, false).await;
    sign_out(&app, &user).await;
    for wait in std::iter::once(Span::ZERO).chain(AGAIN) {
        app.advance(wait);
        turn(&app).await;
    }
    turn(&app).await;
    assert!(!heard.is_finished(), "something knocked");
    heard.abort();
    assert_eq!((events(&app, "logout.told").await, events(&app, "logout.untold").await), (0, 1));
}
