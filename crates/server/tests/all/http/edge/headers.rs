//! Headers and problems: every answer has the first, every error is the second.

use std::net::IpAddr;

use axum::body::Body;
use http::{Method, Request};
use poundlock::testing::{Reply, TestApp};
use poundlock_store::on_both;
use serde_json::json;

fn secure(reply: &Reply, what: &str) {
    assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{what}");
    assert_eq!(reply.headers["x-frame-options"], "DENY", "{what}");
    assert_eq!(reply.headers["referrer-policy"], "no-referrer", "{what}");
    let policy = reply.headers["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{what}");
    }
    assert!(reply.headers.contains_key("cache-control") && reply.headers.contains_key("x-request-id"), "{what}");
    for telling in ["server", "x-powered-by"] {
        assert!(!reply.headers.contains_key(telling), "ops_06: {what}");
    }
}

fn problem(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status.as_u16(), reply.refusal()), (status, code));
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.body["status"], status);
    for member in ["type", "title", "detail", "reference"] {
        assert!(reply.body[member].as_str().is_some_and(|text| !text.is_empty()), "{code}: {member}");
    }
    secure(reply, code);
}

async fn raw(app: &TestApp, request: http::request::Builder, body: impl Into<Body>) -> Reply {
    let request = request.header("host", "localhost:8080").body(body.into()).unwrap();
    app.raw(IpAddr::from([127, 0, 0, 1]), request).await
}

on_both! {
    async fn ses_10_every_answer_has_the_headers(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        for path in ["/.well-known/jwks.json", "/status/1", "/health/live"] {
            let reply = app.get(path).await;
            assert_eq!(reply.status, 200);
            secure(&reply, path);
        }
        let refreshed = app.post("/v1/session/refresh", &json!({ "refresh_token": ada.tokens["refresh_token"] })).await;
        secure(&refreshed, "refresh");
        assert_eq!(refreshed.headers["cache-control"], "no-store");
        let tag = app.get("/status/1").await.headers["etag"].to_str().unwrap().to_owned();
        secure(&app.send(Method::GET, "/status/1", None, &[("if-none-match", &tag)]).await, "304");
    }

    async fn every_error_is_a_problem(store) {
        let app = TestApp::on(&store).await;
        let post = || Request::builder().method(Method::POST).uri("/v1/session/refresh");
        let json = || post().header("content-type", "application/json");
        problem(&app.get("/nothing").await, 404, "not_found");
        problem(&app.get("/v1").await, 404, "not_found");
        problem(&app.get("/v1/admin/invites").await, 404, "not_found");
        problem(&app.get("/v1/account").await, 401, "unauthenticated");
        problem(&raw(&app, post(), "{}").await, 415, "content_type");
        problem(&raw(&app, post().header("content-type", "text/plain"), "{}").await, 415, "content_type");
        for bad in ["", "{", "[]", "[\"x\"]", "null", "{\"refresh_token\":1}", "{}", "{\"refresh_token\":\"x\"} {}"] {
            problem(&raw(&app, json(), bad).await, 400, "bad_request");
        }
        let twice = r#"{"refresh_token":"x","refresh_token":"y"}"#;
        problem(&raw(&app, json(), twice).await, 400, "bad_request");
        problem(&raw(&app, json(), "x".repeat(17_000)).await, 413, "too_large");
        problem(&app.post("/v1/session/refresh", &json!({ "refresh_token": "x" })).await, 401, "bad_refresh");
    }

    async fn a_method_that_a_path_has_not_is_told_apart_from_no_path(store) {
        let app = TestApp::on(&store).await;
        let cases = [
            (Method::GET, "/v1/login"),
            (Method::GET, "/v1/session/refresh"),
            (Method::PUT, "/v1/session"),
            (Method::PUT, "/v1/factors/x"),
            (Method::POST, "/.well-known/jwks.json"),
            (Method::DELETE, "/status/1"),
            (Method::TRACE, "/v1/session"),
        ];
        for (method, path) in cases {
            let reply = app.send(method.clone(), path, None, &[]).await;
            problem(&reply, 405, "method");
            assert!(reply.headers.contains_key("allow"), "RFC 9110 section 15.5.6: {method} {path}");
        }
    }

    async fn ses_08_get_changes_nothing(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let token = ada.tokens["refresh_token"].as_str().unwrap();
        let path = format!("/v1/session/refresh?refresh_token={token}");
        assert_eq!(app.get(&path).await.status, 405);
        app.post("/v1/session/refresh", &json!({ "refresh_token": token })).await.ok();
    }
}
