//! `POST /v1/invite/accept` and the first enrolment inside it.

use axum::extract::State;
use poundlock_core::totp::Code;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::session::tokens;
use crate::app::SharedApp;
use crate::flow::invite::{self, Acceptance};
use crate::flow::enrol as flow;
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
    let opened = flow::confirm(app, body.login.0, code, origin).await;
    opened.map(|opened| axum::Json(tokens(&opened))).map_err(|refused| Problem::of(refused, &request))
}
