//! Lets registered origins of browser applications read the answers of the token routes: exact origins, no
//! credentials, never a star.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::SharedApp;

/// Answers preflights and names the origin where it is registered.
pub(crate) async fn answer(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_public = path.starts_with("/.well-known/") || path.starts_with("/status/");
    let origin = request.headers().get(ORIGIN).cloned();
    let allowed = match &origin {
        // With or without an origin: a shared cache gives one copy to all.
        _ if is_public => Some(HeaderValue::from_static("*")),
        Some(origin) if is_for_apps(path) && is_registered(&app, origin) => Some(origin.clone()),
        _ => None,
    };
    let preflight = request.method() == Method::OPTIONS && origin.is_some() && allowed.is_some();
    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    if let Some(allowed) = allowed {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if !is_public {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        if preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PATCH, DELETE"));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }
    response
}

/// What programs in browsers call. The authorization endpoint is none of it, ever (RFC 9700 section 2.6).
fn is_for_apps(path: &str) -> bool {
    path.starts_with("/v1/") || ["/oauth/token", "/oidc/userinfo"].contains(&path)
}

fn is_registered(app: &SharedApp, origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    app.registry.load().clients().any(|client| client.origins.iter().any(|allowed| allowed == origin))
}
