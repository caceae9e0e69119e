//! `/v1/session` and `/v1/sessions`: refresh, show, list, end; and the token answer that all logins share.

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use poundlock_core::id::{DeviceId, SessionId};
use poundlock_core::session::SessionRow;
use poundlock_core::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::table::{Answered, Answers, Signature, Takes};
use super::url::Path;
use crate::app::SharedApp;
use crate::flow::session::{self as flow, Caller, Opened, Outcome};
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: SecretText,
    audience: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignOut {
    refresh_token: SecretText,
}

/// How a caller signs out: by a token for the account API, or, for clients that have none, by the refresh secret.
pub(crate) enum SignOutBy {
    Token(Box<Caller>),
    Secret(SecretText),
}

impl FromRequest<SharedApp> for SignOutBy {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self, Problem> {
        if !request.headers().contains_key(AUTHORIZATION) && request.headers().contains_key(CONTENT_TYPE) {
            let Json(SignOut { refresh_token }) = Json::from_request(request, app).await?;
            return Ok(Self::Secret(refresh_token));
        }
        let (mut parts, _) = request.into_parts();
        Caller::from_request_parts(&mut parts, app).await.map(|caller| Self::Token(Box::new(caller)))
    }
}

impl Takes for SignOutBy {
    fn takes(signature: &mut Signature) {
        Caller::takes(signature);
        Json::<SignOut>::takes(signature);
        signature.is_body_optional = true;
        signature.is_token_optional = true;
    }
}

/// The token answer of DESIGN §12.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Tokens {
    access_token: SecretText,
    token_type: &'static str,
    /// Life of the access token in seconds.
    expires_in: i64,
    /// None after a recovery: such a session cannot be refreshed.
    refresh_token: Option<SecretText>,
    refresh_expires_in: i64,
    #[schemars(with = "String")]
    session: SessionId,
    /// What makes this device a known one: to be kept, and sent with later logins.
    device: Option<SecretText>,
    /// Shown once, where an enrolment made them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recovery_codes: Vec<SecretText>,
    /// How far the new authenticator's clock is off; left out where it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_drift_seconds: Option<i64>,
}

/// A step-up secret, and the rotated refresh token where the old one was sent along.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SteppedUp {
    step_up: SecretText,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_expires_in: Option<i64>,
}

/// What a second factor leads to.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Proved {
    Tokens(Box<Tokens>),
    SteppedUp(SteppedUp),
}

/// The present session.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Present {
    #[schemars(with = "String")]
    session: SessionId,
    client: String,
    opened_at: i64,
    used_at: i64,
    idle_until: i64,
    expires_at: i64,
    /// How strong the login was.
    acr: &'static str,
    /// What was proved in it (RFC 8176).
    amr: Vec<&'static str>,
    auth_time: i64,
    /// When the second factor was last proved.
    mfa_time: i64,
}

/// One of the caller's sessions.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Listed {
    #[schemars(with = "String")]
    session: SessionId,
    /// Whether it is the one that asks.
    present: bool,
    client: String,
    #[schemars(with = "Option<String>")]
    device: Option<DeviceId>,
    opened_at: i64,
    used_at: i64,
    idle_until: i64,
    expires_at: i64,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Sessions {
    sessions: Vec<Listed>,
}

/// `204`: it is done, and there is nothing to tell.
pub(crate) struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Answers for Done {
    fn answers(signature: &mut Signature) {
        signature.answers.push(Answered { status: 204, content: None, says: "Done." });
    }
}

type Answer<T> = Result<axum::Json<T>, Problem>;

/// A refresh token for tokens.
pub(crate) async fn refresh(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Refresh>,
) -> Answer<Tokens> {
    let opened = crate::flow::refresh::refresh(app, body.refresh_token.0, body.audience, origin).await;
    opened.map(|opened| axum::Json(tokens(opened))).map_err(|refused| Problem::of(refused, &request))
}

/// The present session.
pub(crate) async fn show(caller: Caller) -> Answer<Present> {
    let session = &caller.session;
    let event = session.event(caller.now);
    Ok(axum::Json(Present {
        session: session.id(),
        client: session.client().to_owned(),
        opened_at: seconds(session.opened_at()),
        used_at: seconds(session.used_at()),
        idle_until: seconds(session.idle_until()),
        expires_at: seconds(session.expires_at()),
        acr: event.acr().as_str(),
        amr: event.amr().iter().map(|amr| amr.as_str()).collect(),
        auth_time: seconds(event.auth_time()),
        mfa_time: seconds(session.mfa_time()),
    }))
}

/// Signs out.
pub(crate) async fn end(
    State(app): State<SharedApp>,
    origin: Origin,
    id: RequestId,
    by: SignOutBy,
) -> Result<Done, Problem> {
    match by {
        SignOutBy::Token(caller) => done(flow::end(&app, &caller, None, &origin).await, &id),
        SignOutBy::Secret(token) => done(crate::flow::refresh::sign_out(app, token.0, origin).await, &id),
    }
}

/// The caller's live sessions.
pub(crate) async fn list(State(app): State<SharedApp>, caller: Caller, request: RequestId) -> Answer<Sessions> {
    let rows = flow::list(&app, &caller).await.map_err(|refused| Problem::of(refused, &request))?;
    let present = caller.session.id();
    Ok(axum::Json(Sessions { sessions: rows.into_iter().map(|row| one(row, present)).collect() }))
}

/// Ends one of the caller's sessions.
pub(crate) async fn end_one(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    let id: SessionId = id.parse().map_err(|_| Problem::not_found(&request))?;
    done(flow::end(&app, &caller, Some(id), &origin).await, &request)
}

/// Ends all of the caller's sessions but the present one.
pub(crate) async fn end_others(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    done(flow::end_others(&app, &caller, &origin).await, &request)
}

/// The token answer.
pub(crate) fn tokens(opened: Opened) -> Tokens {
    Tokens {
        access_token: SecretText(opened.access_token),
        token_type: "Bearer",
        expires_in: opened.expires_in,
        refresh_token: opened.refresh_token.map(SecretText),
        refresh_expires_in: opened.refresh_expires_in,
        session: opened.session,
        device: opened.device.map(SecretText),
        recovery_codes: opened.recovery_codes.into_iter().map(SecretText).collect(),
        clock_drift_seconds: (opened.drift_steps != 0).then_some(opened.drift_steps * 30),
    }
}

/// The token answer of a login through the API, which alone has tokens.
pub(crate) fn opened_tokens(outcome: Outcome, request: &RequestId) -> Result<Tokens, Problem> {
    match outcome {
        Outcome::Tokens(opened) => Ok(tokens(*opened)),
        Outcome::Browser(_) | Outcome::StepUp { .. } => {
            let fault = crate::flow::Fault::Other("a login led elsewhere than to tokens".to_owned());
            Err(Problem::of(fault.into(), request))
        }
    }
}

/// What a second factor led to.
pub(crate) fn outcome(outcome: Outcome, request: &RequestId) -> Result<Proved, Problem> {
    match outcome {
        outcome @ (Outcome::Tokens(_) | Outcome::Browser(_)) => {
            opened_tokens(outcome, request).map(|tokens| Proved::Tokens(Box::new(tokens)))
        }
        Outcome::StepUp { step_up, expires_in, refresh, on_page: _ } => {
            let (refresh_token, refresh_expires_in) = refresh.unzip();
            let (step_up, refresh_token) = (SecretText(step_up), refresh_token.map(SecretText));
            Ok(Proved::SteppedUp(SteppedUp { step_up, expires_in, refresh_token, refresh_expires_in }))
        }
    }
}

/// `204`, or the refusal.
pub(crate) fn done(answer: crate::flow::Answer<()>, request: &RequestId) -> Result<Done, Problem> {
    answer.map(|()| Done).map_err(|refused| Problem::of(refused, request))
}

/// A moment as the API writes it: whole seconds since 1970.
pub(crate) const fn seconds(time: Time) -> i64 {
    time.seconds()
}

fn one(row: SessionRow, present: SessionId) -> Listed {
    Listed {
        session: row.id,
        present: row.id == present,
        client: row.client,
        device: row.device,
        opened_at: seconds(row.opened_at),
        used_at: seconds(row.used_at),
        idle_until: seconds(row.idle_until),
        expires_at: seconds(row.expires_at),
    }
}
