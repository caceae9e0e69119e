//! `POST /v1/login` and its second steps.

use axum::extract::State;
use poundlock_core::recovery::RecoveryCode;
use poundlock_core::totp::Code;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::session::{outcome, tokens};
use crate::app::SharedApp;
use crate::flow::Handle;
use crate::flow::login::{self, Begun, PasswordAttempt};
use crate::journal::Origin;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    name: String,
    password: SecretText,
    device: Option<SecretText>,
    recovery_code: Option<SecretText>,
    client: Option<String>,
    audience: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    login: SecretText,
    code: SecretText,
}

type Answer = Result<axum::Json<Value>, Problem>;

/// A name and a password: never a token, unless a recovery code was sent along.
pub(crate) async fn begin(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Begin>,
) -> Answer {
    let attempt = PasswordAttempt {
        name: body.name,
        password: login::attempt(body.password.0).map_err(|refused| Problem::of(refused, &request))?,
        device: body.device.map(|device| device.0),
        recovery_code: body.recovery_code.map(|code| code.0),
        client: body.client,
        audience: body.audience,
        scope: body.scope,
    };
    match login::begin(app, attempt, origin).await {
        Ok(Begun::Ask(handle)) => Ok(axum::Json(ask(&handle))),
        Ok(Begun::Open(opened)) => Ok(axum::Json(tokens(&opened))),
        Err(refused) => Err(Problem::of(refused, &request)),
    }
}

/// A code of an authenticator app.
pub(crate) async fn totp(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Step>,
) -> Answer {
    let code = Code::parse(body.code.0.reveal()).map_err(|bad| Problem::bad_request(&request, &bad.to_string()))?;
    let answer = login::totp(app, body.login.0, code, origin).await;
    answer.map(|done| axum::Json(outcome(&done))).map_err(|refused| Problem::of(refused, &request))
}

/// A recovery code.
pub(crate) async fn recovery(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Step>,
) -> Answer {
    let code =
        RecoveryCode::parse(body.code.0.reveal()).map_err(|bad| Problem::bad_request(&request, &bad.to_string()))?;
    let answer = login::recovery(app, body.login.0, code, origin).await;
    answer.map(|done| axum::Json(outcome(&done))).map_err(|refused| Problem::of(refused, &request))
}

/// What a login asks for next.
pub(crate) fn ask(handle: &Handle) -> Value {
    json!({
        "login": handle.login.reveal(),
        "state": "second_factor",
        "factors": handle.factors,
        "expires_in": handle.expires_in,
    })
}
