//! Refusals and faults as `application/problem+json` (RFC 9457), each with a stable type, a reference and what to do
//! next. The one place where a decision becomes a status.

pub(crate) mod words;

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use self::words::Words;
use super::edge::request_id::RequestId;
use crate::flow::{Fault, Handle, Refused};
use crate::refusals::Told;

/// Longest detail, in characters: some name what was asked for, and that may be as long as anybody likes.
const DETAIL_CHARS_MAX: usize = 2000;

/// An error answer.
#[derive(Debug)]
pub(crate) struct Problem {
    words: Box<Words>,
    /// Why, in one closed word; for the log and the metrics, which may know more than the caller.
    reason: &'static str,
    fault: Option<String>,
    detail: Option<String>,
    reference: String,
    login: Option<Box<Handle>>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factors: Option<&'a [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
}

impl Problem {
    fn new(words: Words, reference: String) -> Self {
        Self { reason: words.code, fault: None, words: Box::new(words), detail: None, reference, login: None }
    }

    fn saying(words: Words, reference: String, detail: &str) -> Self {
        let detail = detail.chars().take(DETAIL_CHARS_MAX).collect();
        Self { detail: Some(detail), ..Self::new(words, reference) }
    }

    /// The answer to what a flow refused. A fault is shown as a constant; its text goes to the log.
    pub(crate) fn of(refused: Refused, request: &RequestId) -> Self {
        match refused {
            Refused::Denied { denial, reference, login } => {
                let reference = if reference.is_empty() { request.to_string() } else { reference };
                Self { reason: denial.code(), login, ..Self::new(words::of_denial(denial), reference) }
            }
            Refused::Unusable(why) => Self::saying(words::UNUSABLE, request.to_string(), &why),
            Refused::Weak(weakness) => Self::saying(words::UNUSABLE, request.to_string(), &weakness.to_string()),
            Refused::Missing(what) => Self::saying(words::MISSING, request.to_string(), &what),
            Refused::Conflicting(why) => Self::saying(words::CONFLICT, request.to_string(), &why),
            Refused::Fault(fault) => {
                let words = if is_unavailable(&fault) { words::UNAVAILABLE } else { words::INTERNAL };
                Self {
                    reason: word_of(&fault),
                    fault: Some(fault.to_string()),
                    ..Self::new(words, request.to_string())
                }
            }
        }
    }

    /// The reference of a request that was refused before anything read it.
    pub(crate) fn reference_of(request: &Request) -> String {
        request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default()
    }

    pub(crate) fn bad_content_type(reference: String) -> Self {
        Self::new(words::CONTENT_TYPE, reference)
    }

    pub(crate) fn bad_body(reference: String, status: StatusCode, why: &str) -> Self {
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(words::TOO_LARGE, reference);
        }
        Self::saying(words::BAD_REQUEST, reference, why)
    }

    pub(crate) fn bad_json(reference: String, why: &str) -> Self {
        Self::saying(words::BAD_REQUEST, reference, why)
    }

    pub(crate) fn bad_request(request: &RequestId, why: &str) -> Self {
        Self::saying(words::BAD_REQUEST, request.to_string(), why)
    }

    /// What stands in the path where an id belongs.
    pub(crate) fn bad_id(request: &RequestId, why: &poundlock_core::id::BadId) -> Self {
        Self::bad_request(request, &why.to_string())
    }

    pub(crate) fn foreign_host(reference: String) -> Self {
        Self::new(words::MISDIRECTED, reference)
    }

    pub(crate) fn past_the_proxy(reference: String) -> Self {
        Self::new(words::PAST_THE_PROXY, reference)
    }

    pub(crate) fn long_target(reference: String) -> Self {
        Self::new(words::LONG_TARGET, reference)
    }

    pub(crate) fn long_headers(reference: String) -> Self {
        Self::new(words::LONG_HEADERS, reference)
    }

    pub(crate) fn not_https(reference: String) -> Self {
        Self::new(words::NOT_HTTPS, reference)
    }

    pub(crate) fn slow_body(reference: String) -> Self {
        Self::new(words::SLOW, reference)
    }

    /// A form that did not come from a page of ours.
    pub(crate) fn foreign_form(request: &RequestId) -> Self {
        Self::new(words::FOREIGN_FORM, request.to_string())
    }

    /// A form of a page that is too old, or of another browser.
    pub(crate) fn stale_form(request: &RequestId) -> Self {
        Self::new(words::STALE_FORM, request.to_string())
    }

    /// A browser that kept no cookie of ours.
    pub(crate) fn no_cookies(request: &RequestId) -> Self {
        Self::new(words::NO_COOKIES, request.to_string())
    }

    /// A body that is no form.
    pub(crate) fn no_form(request: &RequestId) -> Self {
        Self::saying(words::BAD_REQUEST, request.to_string(), "the body must be a form")
    }

    /// A client's request that no address was proved for: shown to the user, with a word for whoever made the client.
    pub(crate) fn client_request(request: &RequestId, why: &str) -> Self {
        Self::saying(words::CLIENT_REQUEST, request.to_string(), why)
    }

    pub(crate) fn not_found(request: &RequestId) -> Self {
        Self::new(words::NOT_FOUND, request.to_string())
    }
}

impl Problem {
    /// What the edge writes and counts of it.
    pub(crate) fn told(self) -> Told {
        Told { kind: self.words.code, reason: self.reason, reference: self.reference, fault: self.fault }
    }
}

fn is_unavailable(fault: &Fault) -> bool {
    use poundlock_store::{CommitError, StoreError};
    matches!(
        fault,
        Fault::Read(StoreError::Unavailable(_))
            | Fault::Commit(CommitError::Unavailable(_) | CommitError::Unknown | CommitError::Full)
    )
}

/// A fault in one word.
const fn word_of(fault: &Fault) -> &'static str {
    use poundlock_store::{CommitError, StoreError};
    match fault {
        Fault::Read(StoreError::Unavailable(_)) | Fault::Commit(CommitError::Unavailable(_)) => "store_unavailable",
        Fault::Read(_) | Fault::Commit(CommitError::Fault(_)) => "store_fault",
        Fault::Commit(CommitError::Conflict { .. }) => "conflict",
        Fault::Commit(CommitError::Unknown) => "commit_unknown",
        Fault::Commit(CommitError::Full) => "store_full",
        Fault::Seal(_) => "seal",
        Fault::Other(_) => "other",
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Words { code, status, title, detail, retry_after, challenge, max_age } = *self.words;
        let body = Body {
            r#type: self.words.uri(),
            title,
            status: status.as_u16(),
            detail: self.detail.as_deref().unwrap_or(detail),
            reference: &self.reference,
            retry_after,
            login: self.login.as_ref().map(|handle| handle.login.reveal().as_str()),
            factors: self.login.as_ref().map(|handle| handle.factors.as_slice()),
            expires_in: self.login.as_ref().map(|handle| handle.expires_in),
        };
        // Plain data with text keys always becomes JSON.
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, json).into_response();
        // The edge writes the line and counts it: every refusal passes there.
        response.extensions_mut().insert(Told {
            kind: code,
            reason: self.reason,
            reference: self.reference,
            fault: self.fault,
        });
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let challenge = challenge.map(|challenge| match max_age {
            Some(seconds) => format!("{challenge}, max_age=\"{seconds}\""),
            None => challenge.to_owned(),
        });
        if let Some(challenge) = challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Any path that is not in the table.
pub(crate) async fn no_such_route(request: Request) -> Problem {
    Problem::new(words::NOT_FOUND, Problem::reference_of(&request))
}

/// A path in the table, asked with another method.
pub(crate) async fn method_not_allowed(request: Request) -> Problem {
    Problem::new(words::METHOD, Problem::reference_of(&request))
}
