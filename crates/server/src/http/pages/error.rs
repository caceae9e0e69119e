//! Refusals as pages: whoever asks for HTML outside the API gets the same type, reference and way on, in words for people.

use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE, VARY};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::Response;
use poundlock_core::time::Span;

use super::super::edge::cookie::Names;
use super::browser::{html_response, language};
use crate::app::SharedApp;
use crate::page::view::{Back, Error};
use crate::page::{Frame, url};
use crate::refusals::Told;

/// Paths that programs ask: they get problems, whatever they say they accept.
const PROGRAMS: [&str; 9] = [
    "/v1/",
    "/status/",
    "/health/",
    "/.well-known/",
    "/openapi.json",
    "/oauth/token",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oidc/userinfo",
];

/// Turns problems into pages.
pub(crate) async fn as_page(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let is_program = PROGRAMS.iter().any(|path| request.uri().path().starts_with(path));
    if is_program || !wants_html(request.headers()) {
        return next.run(request).await;
    }
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let response = next.run(request).await;
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    match response.extensions().get::<Told>() {
        Some(told) if is_problem => page(&app, &uri, &headers, (told.clone(), response)),
        _ => response,
    }
}

fn page(app: &SharedApp, uri: &Uri, headers: &HeaderMap, (told, response): (Told, Response)) -> Response {
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let error = Error {
        problem: told.kind,
        reference: told.reference.clone(),
        wait: wait.map(Span::from_seconds),
        back: if is_of_account(uri, told.kind) { Back::Account } else { Back::SignIn },
    };
    let (here, asked) = path_of(uri);
    let language = language(&Names::of(app), headers, asked.as_deref());
    // It has no form, so no token either.
    let html = error.render(&Frame { brand: &app.brand, language, csrf: "", path: &here });
    let mut page = html_response(response.status(), html);
    for line in response.headers().get_all(SET_COOKIE) {
        page.headers_mut().append(SET_COOKIE, line.clone());
    }
    for (name, value) in response.headers().iter().filter(|(name, _)| !replaced(name.as_str())) {
        page.headers_mut().insert(name, value.clone());
    }
    page.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    page.extensions_mut().insert(told);
    page
}

/// Whether the way on is the account: for its own pages, and for what only somebody who is signed in is refused.
fn is_of_account(uri: &Uri, kind: &str) -> bool {
    uri.path().starts_with(url::ACCOUNT) || ["last_one", "held", "step_up"].contains(&kind)
}

fn replaced(name: &str) -> bool {
    [CONTENT_TYPE.as_str(), CONTENT_LENGTH.as_str(), SET_COOKIE.as_str()].contains(&name)
}

/// A browser asks for HTML by name; programs that accept anything do not.
fn wants_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/html"))
}

/// Path and query without the choice of a language, and that choice.
pub(super) fn path_of(uri: &Uri) -> (String, Option<String>) {
    let pairs: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).collect();
    let wish = |pair: &&str| {
        pair.split_once('=').filter(|(name, _)| *name == url::LANGUAGE_QUERY).map(|(_, tag)| tag.to_owned())
    };
    let asked = pairs.iter().find_map(wish);
    let rest: Vec<&str> = pairs.iter().copied().filter(|pair| wish(pair).is_none()).collect();
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    (format!("{}{query}", uri.path()), asked)
}
