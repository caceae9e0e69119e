//! Refusals in the words of `OAuth` (RFC 6749 §5.2, RFC 6750 §3.1): JSON with `error`, what it means here, and a
//! reference (OAE-24).

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use poundlock_core::oidc::{OauthError, Refusal};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::table::{Answered, Answers, Signature, answer_schema};
use crate::flow::oidc::Declined;
use crate::flow::{Denial, Handle, Refused};
use crate::refusals::Told;

/// An error answer of an `OAuth` endpoint.
pub(crate) struct OauthProblem {
    refusal: Refusal,
    reason: &'static str,
    reference: String,
    retry_after: Option<i64>,
    login: Option<Box<Handle>>,
    /// Whether the caller showed itself by a header, and is told how.
    challenge: Option<&'static str>,
}

/// What cannot be said in the words of `OAuth`: a fault of ours, or a request that does not read.
pub(crate) enum Said {
    Oauth(Box<OauthProblem>),
    Ours(Box<Problem>),
}

#[derive(Serialize, JsonSchema)]
struct ErrorBody<'a> {
    /// The registered word.
    error: &'static str,
    error_description: &'a str,
    /// What `poundlock explain` takes, or the id of the request in the log.
    reference: &'a str,
    /// The login that is the way out of this refusal, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factors: Option<&'a [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<i64>,
}

impl Said {
    /// The answer to what a flow declined.
    pub(crate) fn of(declined: Declined, request: &RequestId) -> Self {
        match declined {
            Declined::Oauth(refusal) => {
                let reason = refusal.error.code();
                Self::oauth(refusal, reason, request.to_string())
            }
            Declined::Ours(Refused::Denied { denial, reference, login }) => match words_of(denial) {
                Some(refusal) => {
                    let reference = if reference.is_empty() { request.to_string() } else { reference };
                    let problem = OauthProblem {
                        retry_after: wait_of(denial),
                        login,
                        ..OauthProblem::new(refusal, denial.code(), reference)
                    };
                    Self::Oauth(Box::new(problem))
                }
                None => Self::Ours(Box::new(Problem::of(Refused::Denied { denial, reference, login }, request))),
            },
            Declined::Ours(other) => Self::Ours(Box::new(Problem::of(other, request))),
        }
    }

    fn oauth(refusal: Refusal, reason: &'static str, reference: String) -> Self {
        Self::Oauth(Box::new(OauthProblem::new(refusal, reason, reference)))
    }

    /// Whether the client has not shown who it is.
    pub(crate) fn is_of_the_client(&self) -> bool {
        matches!(self, Self::Oauth(problem) if problem.refusal.error == OauthError::InvalidClient)
    }

    /// The same, telling the caller how to show itself.
    pub(crate) fn challenging(self, challenge: &'static str) -> Self {
        match self {
            Self::Oauth(problem) => Self::Oauth(Box::new(OauthProblem { challenge: Some(challenge), ..*problem })),
            ours @ Self::Ours(_) => ours,
        }
    }
}

impl OauthProblem {
    const fn new(refusal: Refusal, reason: &'static str, reference: String) -> Self {
        Self { refusal, reason, reference, retry_after: None, login: None, challenge: None }
    }
}

/// A decision in the words of RFC 6749 section 5.2; `None` for what is not the client's affair.
fn words_of(denial: Denial) -> Option<Refusal> {
    let (error, description) = match denial {
        Denial::BadClient => (OauthError::InvalidClient, "the client is unknown or did not prove that it is itself"),
        Denial::BadCode => {
            (OauthError::InvalidGrant, "the code is unknown, over, used, or of another client, address or verifier")
        }
        Denial::CodeReplay => {
            (OauthError::InvalidGrant, "the code was used before: the tokens made from it have ended")
        }
        Denial::BadRefresh => (OauthError::InvalidGrant, "the refresh token is unknown, or of another client"),
        Denial::SessionEnded => (OauthError::InvalidGrant, "the session has ended: send the user to sign in again"),
        Denial::RefreshReuse => {
            (OauthError::InvalidGrant, "a used refresh token came back: the session was ended, as somebody may have it")
        }
        Denial::RefreshTooOften(_) => {
            (OauthError::TemporarilyUnavailable, "this refresh token was sent too often: share one answer, and wait")
        }
        Denial::Reprove(_) => (
            OauthError::InsufficientUserAuthentication,
            "the second factor must be proved again: send the user through the authorization endpoint",
        ),
        Denial::NotAllowed => (OauthError::InvalidScope, "the scope or audience is more than was granted"),
        _ => return None,
    };
    Some(Refusal::new(error, description))
}

const fn wait_of(denial: Denial) -> Option<i64> {
    match denial {
        Denial::RefreshTooOften(wait) => Some(wait.seconds_up()),
        _ => None,
    }
}

/// 400 but for what RFC 6749 section 5.2 and RFC 6750 section 3.1 say otherwise.
const fn status_of(error: OauthError) -> StatusCode {
    match error {
        OauthError::InvalidClient | OauthError::InvalidToken => StatusCode::UNAUTHORIZED,
        OauthError::InsufficientScope => StatusCode::FORBIDDEN,
        OauthError::TemporarilyUnavailable => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl IntoResponse for OauthProblem {
    fn into_response(self) -> Response {
        let (error, description) = (self.refusal.error, self.refusal.description.as_ref());
        let body = ErrorBody {
            error: error.code(),
            error_description: description,
            reference: &self.reference,
            login: self.login.as_ref().map(|handle| handle.login.reveal().as_str()),
            factors: self.login.as_ref().map(|handle| handle.factors.as_slice()),
            expires_in: self.login.as_ref().map(|handle| handle.expires_in),
        };
        let mut response = (status_of(error), axum::Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let challenge =
            self.challenge.map(|scheme| format!("{scheme} realm=\"poundlock\", error=\"{}\"", error.code()));
        if let Some(challenge) = challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        let (kind, reason) = (error.code(), self.reason);
        response.extensions_mut().insert(Told { kind, reason, reference: self.reference, fault: None });
        response
    }
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        match self {
            Self::Oauth(problem) => problem.into_response(),
            Self::Ours(problem) => problem.into_response(),
        }
    }
}

impl From<Problem> for Said {
    fn from(problem: Problem) -> Self {
        Self::Ours(Box::new(problem))
    }
}

impl<T: Answers> Answers for Result<T, Said> {
    fn answers(signature: &mut Signature) {
        Result::<T, Problem>::answers(signature);
        for (status, says) in [
            (400, "What was asked for is not given; `error` says why (RFC 6749 section 5.2)."),
            (401, "The caller did not prove what it must."),
            (403, "The access token lacks the scope."),
            (429, "Asked too often; nothing has ended."),
        ] {
            let content = Some(("application/json", answer_schema::<ErrorBody<'_>>()));
            signature.answers.push(Answered { status, content, says });
        }
    }
}
