//! `POST /v1/login` and its second steps.

use axum::extract::State;
use poundlock_core::recovery::RecoveryCode;
use poundlock_core::totp::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::session::{Proved, Tokens, opened_tokens, outcome};
use crate::app::SharedApp;
use crate::flow::Handle;
use crate::flow::browser::{Goal, Held};
use crate::flow::login::{self, Begun, PasswordAttempt};
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpStep {
    login: SecretText,
    #[schemars(extend("pattern" = "^[0-9]{6}$"))]
    code: SecretText,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoveryStep {
    login: SecretText,
    /// As it was shown; upper or lower case, with or without the dashes.
    #[schemars(extend("pattern" = "^([0-9a-tv-zA-TV-Z]-?){25}[048cgmorwCGMORW]$"))]
    code: SecretText,
}

/// What a login asks for next.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Asked {
    /// The login's handle: the next step names it.
    login: SecretText,
    /// `second_factor`.
    state: &'static str,
    factors: Vec<&'static str>,
    /// Seconds that are left for it.
    expires_in: i64,
}

/// What a name and a password lead to: never a token, unless a recovery code came along.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Entered {
    Asked(Asked),
    Tokens(Box<Tokens>),
}

type Answer<T> = Result<axum::Json<T>, Problem>;

/// A name and a password: never a token, unless a recovery code was sent along.
pub(crate) async fn begin(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Begin>,
) -> Answer<Entered> {
    let attempt = PasswordAttempt {
        name: body.name,
        password: login::attempt(body.password.0).map_err(|refused| Problem::of(refused, &request))?,
        device: body.device.map(|device| device.0),
        recovery_code: body.recovery_code.map(|code| code.0),
        client: body.client,
        audience: body.audience,
        scope: body.scope,
        goal: Goal::Tokens,
        before: None,
    };
    match login::begin(app, attempt, origin).await {
        Ok(Begun::Ask(handle)) => Ok(axum::Json(Entered::Asked(ask(handle)))),
        Ok(Begun::Open(opened)) => Ok(axum::Json(Entered::Tokens(Box::new(opened_tokens(opened, &request)?)))),
        Err(refused) => Err(Problem::of(refused, &request)),
    }
}

/// A code of an authenticator app.
pub(crate) async fn totp(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<TotpStep>,
) -> Answer<Proved> {
    let code = Code::parse(body.code.0.reveal()).map_err(|bad| Problem::bad_request(&request, &bad.to_string()))?;
    let answer = login::totp(app, Held::api(body.login.0), code, origin).await;
    let proved = outcome(answer.map_err(|refused| Problem::of(refused, &request))?, &request)?;
    Ok(axum::Json(proved))
}

/// A recovery code.
pub(crate) async fn recovery(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<RecoveryStep>,
) -> Answer<Proved> {
    let code =
        RecoveryCode::parse(body.code.0.reveal()).map_err(|bad| Problem::bad_request(&request, &bad.to_string()))?;
    let answer = login::recovery(app, Held::api(body.login.0), code, origin).await;
    let proved = outcome(answer.map_err(|refused| Problem::of(refused, &request))?, &request)?;
    Ok(axum::Json(proved))
}

/// What a login asks for next.
pub(crate) fn ask(handle: Handle) -> Asked {
    Asked {
        login: SecretText(handle.login),
        state: "second_factor",
        factors: handle.factors,
        expires_in: handle.expires_in,
    }
}
