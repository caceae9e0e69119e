//! `/v1/account`, `/v1/factors` and `/v1/devices`: what the owner of an account sees and changes.

use axum::extract::State;
use poundlock_core::id::{DeviceId, FactorId, Subject};
use poundlock_core::label::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::session::{Done, done, seconds};
use super::url::Path;
use crate::app::SharedApp;
use crate::flow::Refused;
use crate::flow::account as flow;
use crate::flow::session::Caller;
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    new_password: SecretText,
    step_up: SecretText,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUp {
    step_up: SecretText,
}

/// The account.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Account {
    /// The `sub` of its tokens.
    #[schemars(with = "String")]
    sub: Subject,
    name: String,
    display_name: String,
    groups: Vec<String>,
    made_at: i64,
    recovery_codes_left: i64,
}

/// A second factor.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Factor {
    #[schemars(with = "String")]
    id: FactorId,
    /// `totp` or `passkey`.
    kind: &'static str,
    label: String,
    made_at: i64,
    used_at: Option<i64>,
    /// Until then it is on probation after a recovery.
    held_until: Option<i64>,
    phishing_resistant: bool,
    clock_drift_seconds: i64,
    /// What is true of a passkey; left out for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    passkey: Option<Passkey>,
}

/// What a passkey said of itself.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Passkey {
    /// Whether it is a whole login alone: its device verifies its user.
    user_verified: bool,
    /// Whether it may be copied to other devices of its owner.
    syncable: bool,
    /// Whether it was, as it last said.
    synced: bool,
    /// Whether its attestation was verified when it was enrolled.
    attested: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// One line of 1 to 64 characters.
    label: String,
    step_up: SecretText,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Factors {
    factors: Vec<Factor>,
    recovery_codes_left: i64,
}

/// Shown once.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RecoveryCodes {
    recovery_codes: Vec<SecretText>,
}

/// A known device.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Device {
    #[schemars(with = "String")]
    id: DeviceId,
    /// Whether it is the one that asks.
    present: bool,
    made_at: i64,
    used_at: i64,
    revoked_at: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Devices {
    devices: Vec<Device>,
}

type Answer<T> = Result<axum::Json<T>, Problem>;

/// The account.
pub(crate) async fn show(caller: Caller) -> Answer<Account> {
    let codes = caller.account.codes;
    let user = caller.account.user;
    Ok(axum::Json(Account {
        sub: user.subject,
        name: user.name,
        display_name: user.display_name,
        groups: user.groups,
        made_at: seconds(user.made_at),
        recovery_codes_left: codes.left,
    }))
}

/// Sets another password. The present one was proved by the step-up (PWD-18).
pub(crate) async fn change_password(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
    Json(body): Json<ChangePassword>,
) -> Result<Done, Problem> {
    done(flow::change_password(app, caller, (body.new_password.0, body.step_up.0), origin).await, &request)
}

/// The account's second factors.
pub(crate) async fn factors(State(app): State<SharedApp>, caller: Caller, request: RequestId) -> Answer<Factors> {
    let listed = flow::factors(&app, &caller).await.map_err(|refused| Problem::of(refused, &request))?;
    let factors = listed.into_iter().map(|factor| Factor {
        id: factor.id,
        kind: factor.kind,
        label: factor.label,
        made_at: seconds(factor.made_at),
        used_at: factor.used_at.map(seconds),
        held_until: factor.held_until.map(seconds),
        phishing_resistant: factor.is_phishing_resistant,
        clock_drift_seconds: factor.drift_steps * 30,
        passkey: factor.passkey.map(|traits| Passkey {
            user_verified: traits.is_verified,
            syncable: traits.is_copyable,
            synced: traits.is_copied,
            attested: traits.is_attested,
        }),
    });
    Ok(axum::Json(Factors { factors: factors.collect(), recovery_codes_left: caller.account.codes.left }))
}

/// A new set of recovery codes.
pub(crate) async fn new_codes(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
    Json(body): Json<StepUp>,
) -> Answer<RecoveryCodes> {
    let codes = flow::new_codes(&app, &caller, &body.step_up.0, &origin).await;
    let codes = codes.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(RecoveryCodes { recovery_codes: codes.into_iter().map(SecretText).collect() }))
}

/// Gives a second factor another name.
pub(crate) async fn rename_factor(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Rename>,
) -> Result<Done, Problem> {
    let id: FactorId = id.parse().map_err(|_| Problem::not_found(&request))?;
    let label = Label::parse(&body.label).map_err(|bad| Problem::of(Refused::Unusable(bad.to_string()), &request))?;
    done(flow::rename_factor(&app, &caller, (id, &label, &body.step_up.0), &origin).await, &request)
}

/// Removes a second factor.
pub(crate) async fn remove_factor(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<StepUp>,
) -> Result<Done, Problem> {
    let id: FactorId = id.parse().map_err(|_| Problem::not_found(&request))?;
    done(flow::remove_factor(&app, &caller, (id, &body.step_up.0), &origin).await, &request)
}

/// The account's known devices.
pub(crate) async fn devices(State(app): State<SharedApp>, caller: Caller, request: RequestId) -> Answer<Devices> {
    let listed = flow::devices(&app, &caller).await.map_err(|refused| Problem::of(refused, &request))?;
    let devices = listed.into_iter().map(|device| Device {
        id: device.id,
        present: caller.session.device() == Some(device.id),
        made_at: seconds(device.made_at),
        used_at: seconds(device.used_at),
        revoked_at: device.revoked_at.map(seconds),
    });
    Ok(axum::Json(Devices { devices: devices.collect() }))
}

/// Revokes a known device: from then on it is a stranger.
pub(crate) async fn revoke_device(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    let id: DeviceId = id.parse().map_err(|_| Problem::not_found(&request))?;
    done(flow::revoke_device(&app, &caller, id, &origin).await, &request)
}
