//! Malformed requests, by the hundred, against every route of both URL tables: each is refused as a problem with a
//! reference, tells nothing, and changes nothing (OPS-04, OPS-05, OPS-06, SES-08, T-22).

mod bodies;
mod heads;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use poundlock::testing::{Reply, TestApp, admin_document, public_document};
use poundlock_store::on_both;
use poundlock_store::testing::TestStore;
use serde_json::{Value, json};

use crate::attempt::{ACCOUNT, AFTER_ANY_DELAY, text};

/// Stands wherever a request has a place for it: no answer may repeat it.
const CANARY: &str = "hunter2";

/// A route of a document.
struct Route {
    method: Method,
    template: String,
    operation: Value,
    /// The schema of its body, where it reads one.
    body: Option<Value>,
    is_admin: bool,
}

/// One malformed request.
struct Case {
    /// What is wrong with it; the same for every route.
    name: String,
    method: Method,
    uri: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    /// How it must be refused.
    statuses: &'static [u16],
    /// Whether the answer may name what was asked for: an administrator reads it.
    is_shown_to_admins: bool,
}

impl Route {
    /// Every route of a document.
    fn all(document: &str, is_admin: bool) -> Vec<Self> {
        let document: Value = serde_json::from_str(document).unwrap();
        let mut routes = Vec::new();
        for (template, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let reference = operation.pointer("/requestBody/content/application~1json/schema/$ref");
                let body = reference.map(|reference| {
                    document.pointer(reference.as_str().unwrap().strip_prefix('#').unwrap()).unwrap().clone()
                });
                let method = method.to_ascii_uppercase().parse().unwrap();
                routes.push(Self { method, template: template.clone(), operation: operation.clone(), body, is_admin });
            }
        }
        routes
    }

    fn wants_token(&self) -> bool {
        self.operation.get("security").is_some()
    }

    /// Whether a body may stand in for the token.
    fn takes_body_for_token(&self) -> bool {
        let ways = self.operation["security"].as_array();
        ways.is_some_and(|ways| ways.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty)))
    }

    /// Whether a request may have a token and no body.
    fn may_lack_body(&self) -> bool {
        self.operation["requestBody"]["required"] == false && !self.takes_body_for_token()
    }

    /// The path, with `part` in each of its open places. What stands there by default is nobody's.
    fn path(&self, part: &str) -> String {
        let parts = self.template.split('/').map(|it| if it.starts_with('{') { part } else { it });
        parts.collect::<Vec<_>>().join("/")
    }

    /// A request that has nothing wrong with it yet.
    fn case(&self, name: &str, statuses: &'static [u16]) -> Case {
        let mut headers = Vec::new();
        if !self.is_admin {
            headers.push(("host", b"localhost:8080".to_vec()));
        }
        let (method, uri) = (self.method.clone(), self.path("nobody"));
        Case {
            name: name.to_owned(),
            method,
            uri,
            headers,
            body: Vec::new(),
            statuses,
            is_shown_to_admins: self.is_admin,
        }
    }

    fn cases(&self, token: &str) -> Vec<Case> {
        let mut cases = bodies::of(self);
        cases.extend(heads::of(self));
        for case in &mut cases {
            // Where a body may stand in for the token, the token would make the body unread.
            let needs_token = self.wants_token() && !self.takes_body_for_token();
            if needs_token && !case.headers.iter().any(|(name, _)| *name == "authorization") {
                case.headers.push(("authorization", format!("Bearer {token}").into_bytes()));
            }
        }
        cases
    }
}

impl Case {
    fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As it would come over the wire; none when the client's own library cannot say it.
    fn request(&self) -> Option<Request<Body>> {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.uri);
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_slice());
        }
        request.body(Body::from(self.body.clone())).ok()
    }

    /// Everything that is wrong with the answer.
    fn faults(&self, reply: &Reply, problems: &BTreeSet<String>) -> Vec<&'static str> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, fault| faults.extend((!holds).then_some(fault));
        must(self.statuses.contains(&reply.status.as_u16()), "another status");
        let allow = reply.headers.contains_key("allow");
        must(allow || reply.status != StatusCode::METHOD_NOT_ALLOWED, "Allow (RFC 9110 section 15.5.6)");
        let shown = format!("{:?} {}", reply.headers, reply.body);
        must(shown.len() < 4096, "too long");
        let told = |telling: &str| shown.to_ascii_lowercase().contains(telling);
        must(!told(CANARY) || (self.is_shown_to_admins && reply.status == StatusCode::NOT_FOUND), "an echo");
        let inner = ["panicked", ".rs", "serde", "axum", "hyper", "sql", env!("CARGO_PKG_VERSION")];
        must(!inner.into_iter().any(told), "it tells what the server is made of");
        let member = |name: &str| reply.body[name].as_str().unwrap_or_default();
        must(is_reference(member("reference")), "reference");
        let is_standard = self.uri.starts_with("/oauth/") || self.uri.starts_with("/oidc/");
        if is_standard && reply.headers.get("content-type").is_some_and(|kind| kind == "application/json") {
            // Where OAuth has words of its own, they stand in place of a problem (OAE-24).
            must(!member("error").is_empty() && !member("error_description").is_empty(), "error and description");
            return faults;
        }
        must(reply.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json"), "content type");
        must(reply.body["status"] == reply.status.as_u16(), "status in the body");
        must(problems.contains(member("type")), "type");
        must(!member("title").is_empty() && !member("detail").is_empty(), "title and detail");
        faults
    }
}

fn is_reference(text: &str) -> bool {
    let digits = text.strip_prefix("req_").filter(|digits| digits.len() == 24);
    let digits = digits.or_else(|| text.strip_prefix("ref_").filter(|digits| digits.len() == 32));
    digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn problems() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(public_document()).unwrap();
    let known = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    known.as_array().unwrap().iter().map(|uri| uri.as_str().unwrap().to_owned()).collect()
}

/// Sends every case to every route of a document; gives the names of the cases and how many were sent.
async fn send_all(app: &TestApp, routes: &[Route], token: &str) -> (BTreeSet<String>, usize) {
    let (problems, mut names, mut sent) = (problems(), BTreeSet::new(), 0);
    let mut wrong = Vec::new();
    for route in routes {
        for case in route.cases(token) {
            let Some(request) = case.request() else { continue };
            let reply = if route.is_admin {
                app.admin_raw(request).await
            } else {
                app.raw([127, 0, 0, 1].into(), request).await
            };
            let faults = case.faults(&reply, &problems);
            if !faults.is_empty() {
                let what = format!("{faults:?} ({}) {} {}: {reply:?}", case.name, case.method, case.uri);
                wrong.push(what.chars().take(900).collect::<String>());
            }
            names.insert(case.name);
            sent += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    (names, sent)
}

async fn refuses_all(store: &TestStore, routes: &[Route]) {
    let app = TestApp::on(store).await;
    let ada = app.enrol("ada", &["admins"]).await;
    let token = text(&app.log_in(&ada, Some(ACCOUNT)).await, "access_token");
    let (before, hashes) = (store.dump().await, app.checks());
    let (names, sent) = send_all(&app, routes, &token).await;
    assert!(names.len() >= 300 && sent >= 3000, "{} kinds, {sent} requests", names.len());
    assert_eq!(store.dump().await, before, "a malformed request changed something");
    assert_eq!(app.checks(), hashes);
    app.log_in(&ada, None).await;
}

on_both! {
    async fn ops_04_no_malformed_request_gets_more_than_a_problem(store) {
        refuses_all(&store, &Route::all(public_document(), false)).await;
    }

    async fn ops_04_nor_does_one_to_the_admin_socket(store) {
        refuses_all(&store, &Route::all(admin_document(), true)).await;
    }

    async fn a_query_that_no_route_reads_is_ignored(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let body = json!({ "name": "ada", "password": ada.password });
        for query in ["", "?", "?name=eve", "?password=x&password=y", "?%ff", "?a=%zz", "?//../"] {
            app.post(&format!("/v1/login{query}"), &body).await.ok();
            app.advance(AFTER_ANY_DELAY);
            app.get(&format!("/health/live{query}")).await.ok();
        }
    }
}
