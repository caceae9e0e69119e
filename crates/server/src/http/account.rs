//! `/v1/account`, `/v1/factors` and `/v1/devices`: what the owner of an account sees and changes.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use poundlock_core::id::{DeviceId, FactorId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::session::{done, seconds};
use crate::app::SharedApp;
use crate::flow::account as flow;
use crate::flow::session::Caller;
use crate::journal::Origin;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    new_password: SecretText,
    step_up: SecretText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUp {
    step_up: SecretText,
}

type Answer = Result<axum::Json<Value>, Problem>;

/// The account.
pub(crate) async fn show(caller: Caller) -> axum::Json<Value> {
    let user = &caller.account.user;
    axum::Json(json!({
        "sub": user.subject,
        "name": user.name,
        "display_name": user.display_name,
        "groups": user.groups,
        "made_at": seconds(user.made_at),
        "recovery_codes_left": caller.account.codes.left,
    }))
}

/// Sets another password. The present one was proved by the step-up (PWD-18).
pub(crate) async fn change_password(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    done(flow::change_password(app, caller, (body.new_password.0, body.step_up.0), origin).await, &request)
}

/// The account's second factors.
pub(crate) async fn factors(State(app): State<SharedApp>, caller: Caller, request: RequestId) -> Answer {
    let listed = flow::factors(&app, &caller).await.map_err(|refused| Problem::of(refused, &request))?;
    let totp: Vec<Value> = listed
        .iter()
        .map(|factor| {
            json!({
                "id": factor.id,
                "kind": "totp",
                "label": factor.label,
                "made_at": seconds(factor.made_at),
                "used_at": factor.used_at.map(seconds),
                "clock_drift_seconds": factor.drift * 30,
            })
        })
        .collect();
    Ok(axum::Json(json!({ "factors": totp, "recovery_codes_left": caller.account.codes.left })))
}

/// A new set of recovery codes.
pub(crate) async fn new_codes(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
    Json(body): Json<StepUp>,
) -> Answer {
    let codes = flow::new_codes(&app, &caller, &body.step_up.0, &origin).await;
    let codes = codes.map_err(|refused| Problem::of(refused, &request))?;
    let shown: Vec<&String> = codes.iter().map(|code| code.reveal()).collect();
    Ok(axum::Json(json!({ "recovery_codes": shown })))
}

/// Removes a second factor.
pub(crate) async fn remove_factor(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<StepUp>,
) -> Result<StatusCode, Problem> {
    let id: FactorId = id.parse().map_err(|_| Problem::not_found(&request))?;
    done(flow::remove_factor(&app, &caller, (id, &body.step_up.0), &origin).await, &request)
}

/// The account's known devices.
pub(crate) async fn devices(State(app): State<SharedApp>, caller: Caller, request: RequestId) -> Answer {
    let listed = flow::devices(&app, &caller).await.map_err(|refused| Problem::of(refused, &request))?;
    let devices: Vec<Value> = listed
        .iter()
        .map(|device| {
            json!({
                "id": device.id,
                "present": caller.session.device() == Some(device.id),
                "made_at": seconds(device.made_at),
                "used_at": seconds(device.used_at),
                "revoked_at": device.revoked_at.map(seconds),
            })
        })
        .collect();
    Ok(axum::Json(json!({ "devices": devices })))
}

/// Revokes a known device: from then on it is a stranger.
pub(crate) async fn revoke_device(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Result<StatusCode, Problem> {
    let id: DeviceId = id.parse().map_err(|_| Problem::not_found(&request))?;
    done(flow::revoke_device(&app, &caller, id, &origin).await, &request)
}
