//! What services need to check tokens offline: the key set and the status lists. Public, cacheable, made once.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use schemars::JsonSchema;

use super::edge::request_id::RequestId;
use super::error::Problem;
use super::table::{Answered, Answers, Signature, answer_schema};
use super::url::Path;
use crate::app::SharedApp;
use crate::flow::{Refused, now};
use crate::journal::Origin;

/// A key set (RFC 7517 section 5).
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "the set is made as text; this is its form")]
struct Jwks {
    keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// The key set, ready to send.
pub(crate) struct KeySet(Response);

impl IntoResponse for KeySet {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for KeySet {
    fn answers(signature: &mut Signature) {
        let content = Some(("application/jwk-set+json", answer_schema::<Jwks>()));
        signature.answers.push(Answered { status: 200, content, says: "The public keys." });
    }
}

/// A status list, ready to send, or word that it has not changed.
pub(crate) struct StatusList(Response);

impl IntoResponse for StatusList {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for StatusList {
    fn answers(signature: &mut Signature) {
        let content = Some(("application/statuslist+jwt", answer_schema::<String>()));
        signature.answers.push(Answered { status: 200, content, says: "The signed list." });
        signature.answers.push(Answered {
            status: 304,
            content: None,
            says: "It is the one that If-None-Match names.",
        });
    }
}

/// `GET /.well-known/jwks.json` (RFC 7517).
pub(crate) async fn jwks(State(app): State<SharedApp>) -> KeySet {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=60")];
    KeySet((headers, app.keys.load().set.jwks().to_owned()).into_response())
}

/// `GET /status/{list}` (Token Status List §8.1).
pub(crate) async fn status_list(
    State(app): State<SharedApp>,
    Path(list): Path<String>,
    origin: Origin,
    request: RequestId,
    headers: HeaderMap,
) -> Result<StatusList, Problem> {
    // Only the canonical form: caches know a list by one name.
    let number = list.parse::<i64>().ok().filter(|number| number.to_string() == list);
    let list = number.ok_or_else(|| Problem::not_found(&request))?;
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
    Ok(StatusList(response))
}

/// Whether `If-None-Match` names this version: a star, or a list of tags, weak ones too, since a proxy that compresses
/// weakens them (RFC 9110 section 13.1.2).
pub(super) fn names(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
