//! Lengths and counts of what stands before a body, on every route and over every protocol (OPS-04). Over them the answer
//! is a problem that says so. Heads that are far over, or that do not read at all, the HTTP library refuses by itself,
//! with a bare 400, 414 or 431: nothing of ours has seen them then.

#[cfg(test)]
mod tests;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::error::Problem;

/// The longest request target: our longest path has a hundred bytes.
const URI_BYTES_MAX: usize = 2048;

/// The longest query.
const QUERY_BYTES_MAX: usize = 1024;

/// The longest target and query of the pages that a request for a code passes: it travels in their address.
const REQUEST_URI_BYTES_MAX: usize = 8192;

/// Those pages.
const WITH_REQUEST: [&str; 5] = ["/oauth/authorize", "/oidc/logout", "/sign-in", "/sign-out", "/account/step-up"];

/// Header lines.
const HEADERS_MAX: usize = 64;

/// All header names and values together. A token of ours has one or two KiB.
pub(super) const HEAD_BYTES_MAX: u32 = 16 * 1024;

/// Answers 414 or 431 to what is too long.
pub(crate) async fn refuse_long(request: Request, next: Next) -> Response {
    let uri = request.uri();
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let target = authority + uri.path().len() + uri.query().map_or(0, str::len);
    let (target_max, query_max) = match WITH_REQUEST.iter().any(|path| uri.path().starts_with(path)) {
        true => (REQUEST_URI_BYTES_MAX, REQUEST_URI_BYTES_MAX),
        false => (URI_BYTES_MAX, QUERY_BYTES_MAX),
    };
    if target > target_max || uri.query().is_some_and(|query| query.len() > query_max) {
        return Problem::long_target(Problem::reference_of(&request)).into_response();
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > HEADERS_MAX || bytes > HEAD_BYTES_MAX as usize {
        return Problem::long_headers(Problem::reference_of(&request)).into_response();
    }
    next.run(request).await
}
