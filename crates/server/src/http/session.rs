//! `/v1/session` and `/v1/sessions`: refresh, show, list, end; and the token answer that all logins share.

use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use poundlock_core::id::SessionId;
use poundlock_core::session::SessionRow;
use poundlock_core::time::Time;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use crate::app::SharedApp;
use crate::flow::session::{self as flow, Caller, Opened, Outcome};
use crate::journal::Origin;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: SecretText,
    audience: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignOut {
    refresh_token: SecretText,
}

type Answer = Result<axum::Json<Value>, Problem>;

/// A refresh token for tokens.
pub(crate) async fn refresh(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Refresh>,
) -> Answer {
    let opened = crate::flow::refresh::refresh(app, body.refresh_token.0, body.audience, origin).await;
    opened.map(|opened| axum::Json(tokens(&opened))).map_err(|refused| Problem::of(refused, &request))
}

/// The present session.
pub(crate) async fn show(caller: Caller) -> axum::Json<Value> {
    let session = &caller.session;
    let event = session.event(caller.now);
    axum::Json(json!({
        "session": session.id(),
        "client": session.client(),
        "opened_at": seconds(session.opened_at()),
        "used_at": seconds(session.used_at()),
        "idle_until": seconds(session.idle_until()),
        "expires_at": seconds(session.expires_at()),
        "acr": event.acr(),
        "amr": event.amr(),
        "auth_time": seconds(event.auth_time()),
        "mfa_time": seconds(session.mfa_time()),
    }))
}

/// Signs out: by a token for the account API, or, for clients that have none, by the refresh secret in the body.
pub(crate) async fn end(
    State(app): State<SharedApp>,
    origin: Origin,
    id: RequestId,
    request: Request,
) -> Result<StatusCode, Problem> {
    if !request.headers().contains_key(AUTHORIZATION) && request.headers().contains_key(CONTENT_TYPE) {
        let Json(SignOut { refresh_token }) = Json::from_request(request, &app).await?;
        return done(crate::flow::refresh::sign_out(app, refresh_token.0, origin).await, &id);
    }
    let (mut parts, _) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await?;
    done(flow::end(&app, &caller, None, &origin).await, &id)
}

/// The caller's live sessions.
pub(crate) async fn list(State(app): State<SharedApp>, caller: Caller, request: RequestId) -> Answer {
    let rows = flow::list(&app, &caller).await.map_err(|refused| Problem::of(refused, &request))?;
    let present = caller.session.id();
    let listed: Vec<Value> = rows.iter().map(|row| one(row, present)).collect();
    Ok(axum::Json(json!({ "sessions": listed })))
}

/// Ends one of the caller's sessions.
pub(crate) async fn end_one(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Result<StatusCode, Problem> {
    let id: SessionId = id.parse().map_err(|_| Problem::not_found(&request))?;
    done(flow::end(&app, &caller, Some(id), &origin).await, &request)
}

/// Ends all of the caller's sessions but the present one.
pub(crate) async fn end_others(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
) -> Result<StatusCode, Problem> {
    done(flow::end_others(&app, &caller, &origin).await, &request)
}

/// The token answer of DESIGN §12.
pub(crate) fn tokens(opened: &Opened) -> Value {
    let mut answer = json!({
        "access_token": opened.access_token.reveal(),
        "token_type": "Bearer",
        "expires_in": opened.expires_in,
        "refresh_token": opened.refresh_token.as_ref().map(|token| token.reveal()),
        "refresh_expires_in": opened.refresh_expires_in,
        "session": opened.session,
        "device": opened.device.as_ref().map(|device| device.reveal()),
    });
    let enrolled = !opened.recovery_codes.is_empty();
    if let Some(members) = answer.as_object_mut().filter(|_| enrolled) {
        let codes: Vec<&String> = opened.recovery_codes.iter().map(|code| code.reveal()).collect();
        members.insert("recovery_codes".to_owned(), json!(codes));
    }
    if let Some(members) = answer.as_object_mut().filter(|_| opened.drift_steps != 0) {
        members.insert("clock_drift_seconds".to_owned(), json!(opened.drift_steps * 30));
    }
    answer
}

/// What a second factor led to.
pub(crate) fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Tokens(opened) => tokens(opened),
        Outcome::StepUp { step_up, expires_in, refresh: None } => {
            json!({ "step_up": step_up.reveal(), "expires_in": expires_in })
        }
        Outcome::StepUp { step_up, expires_in, refresh: Some((token, life)) } => json!({
            "step_up": step_up.reveal(),
            "expires_in": expires_in,
            "refresh_token": token.reveal(),
            "refresh_expires_in": life,
        }),
    }
}

/// `204`, or the refusal.
pub(crate) fn done(answer: crate::flow::Answer<()>, request: &RequestId) -> Result<StatusCode, Problem> {
    answer.map(|()| StatusCode::NO_CONTENT).map_err(|refused| Problem::of(refused, request))
}

/// A moment as the API writes it: whole seconds since 1970.
pub(crate) const fn seconds(time: Time) -> i64 {
    time.seconds()
}

fn one(row: &SessionRow, present: SessionId) -> Value {
    json!({
        "session": row.id,
        "present": row.id == present,
        "client": row.client,
        "device": row.device,
        "opened_at": seconds(row.opened_at),
        "used_at": seconds(row.used_at),
        "idle_until": seconds(row.idle_until),
        "expires_at": seconds(row.expires_at),
    })
}
