//! `POST /v1/invite/accept` and the first enrolment inside it.

use axum::extract::State;
use poundlock_core::totp::Code;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::session::{seconds, tokens};
use crate::app::SharedApp;
use crate::flow::enrol::{self as flow, Confirmed};
use crate::flow::invite::{self, Acceptance};
use crate::flow::session::Caller;
use crate::journal::Origin;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    invite: SecretText,
    password: SecretText,
    client: Option<String>,
    audience: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offer {
    login: SecretText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    login: SecretText,
    code: SecretText,
}

type Answer = Result<axum::Json<Value>, Problem>;

/// An invite with a new password, or a ticket with the present one.
pub(crate) async fn accept(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Accept>,
) -> Answer {
    let acceptance = Acceptance {
        invite: body.invite.0,
        password: body.password.0,
        client: body.client,
        audience: body.audience,
        scope: body.scope,
    };
    let accepted = invite::accept(app, acceptance, origin).await.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(json!({
        "login": accepted.login.reveal(),
        "state": "enrol",
        "name": accepted.name,
        "factors": ["totp"],
        "expires_in": accepted.expires_in,
    })))
}

/// The one enrolment that a session opened by a recovery code gives: goes on like that of an invite.
pub(crate) async fn begin_recovered(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
) -> Answer {
    let begun = flow::begin_recovered(&app, &caller, &origin).await;
    let handle = begun.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(json!({
        "login": handle.login.reveal(),
        "state": "enrol",
        "factors": handle.factors,
        "expires_in": handle.expires_in,
    })))
}

/// A new seed, shown once.
pub(crate) async fn offer(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Offer>,
) -> Answer {
    let offered = flow::offer(app, body.login.0, origin).await.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(json!({ "secret": offered.secret.reveal(), "uri": offered.uri.reveal() })))
}

/// A first code of it: the confirmation is the login.
pub(crate) async fn confirm(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Confirm>,
) -> Answer {
    let code = Code::parse(body.code.0.reveal()).map_err(|bad| Problem::bad_request(&request, &bad.to_string()))?;
    let confirmed = flow::confirm(app, body.login.0, code, origin).await;
    match confirmed.map_err(|refused| Problem::of(refused, &request))? {
        Confirmed::Login(opened) => Ok(axum::Json(tokens(&opened))),
        Confirmed::Added { factor, held_until, drift_steps } => Ok(axum::Json(json!({
            "factor": factor,
            "held_until": held_until.map(seconds),
            "clock_drift_seconds": drift_steps * 30,
        }))),
    }
}
