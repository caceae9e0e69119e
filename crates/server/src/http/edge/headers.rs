//! Headers that every answer has. What is not marked cacheable by its handler is not stored anywhere (TOK-11).

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::SharedApp;

/// What is no page: it loads nothing, is framed nowhere and sends no form.
const NO_PAGE: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page: our own files, and nothing that stands in the page itself. A script can neither be injected nor make markup
/// from text. Forms go to this server. Chromium and Safari hold `form-action` against the redirects after a POST as well
/// (w3c/webappsec-csp issue 8), so what leads away from here is a page that is got, never the answer to a form.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                    form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; \
                    require-trusted-types-for 'script'; trusted-types 'none'";

/// Passkeys on our own pages, and nothing else that asks a person for leave.
const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), \
                           microphone=(), geolocation=(), payment=(), usb=(), display-capture=(), hid=(), serial=()";

/// Adds the headers.
pub(crate) async fn secure(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // What CORS allows is not held up by it (Fetch standard, "cross-origin resource policy check").
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    // Also on what a proxy sends on: its hop to the browser is the one that counts (SES-10).
    if let Some(hsts) = app.config.listen.hsts.header().filter(|_| app.config.is_https()) {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(hsts));
    }
    if is_page(headers) {
        page(headers);
    } else {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(NO_PAGE));
    }
    response
}

fn page(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE));
    let set = [("permissions-policy", PERMISSIONS), ("cross-origin-opener-policy", "same-origin")];
    for (name, value) in set {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

fn is_page(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.starts_with("text/html"))
}
