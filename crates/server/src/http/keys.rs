//! What services need to check tokens offline: the key set and the status lists. Public, cacheable, made once.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::edge::request_id::RequestId;
use super::error::Problem;
use crate::app::SharedApp;
use crate::flow::{Refused, now};
use crate::journal::Origin;

/// `GET /.well-known/jwks.json` (RFC 7517).
pub(crate) async fn jwks(State(app): State<SharedApp>) -> Response {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=60")];
    (headers, app.keys.load().set.jwks().to_owned()).into_response()
}

/// `GET /status/{list}` (Token Status List §8.1).
pub(crate) async fn status_list(
    State(app): State<SharedApp>,
    Path(list): Path<String>,
    origin: Origin,
    request: RequestId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let list: i64 = list.parse().map_err(|_| Problem::not_found(&request))?;
    let now = now(&app, &origin).map_err(|refused| Problem::of(refused, &request))?;
    let served = crate::status::serve(&app, list, now).await;
    let served = served.map_err(|fault| Problem::of(Refused::Fault(fault), &request))?;
    let served = served.ok_or_else(|| Problem::not_found(&request))?;
    let unchanged = names(&headers, &served.etag);
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, "application/statuslist+jwt")], served.token.clone()).into_response()
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=10"));
    if let Ok(etag) = HeaderValue::from_str(&served.etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

/// Whether `If-None-Match` names this version: a star, or a list of tags, weak ones too, since a proxy that compresses
/// weakens them (RFC 9110 section 13.1.2).
fn names(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
