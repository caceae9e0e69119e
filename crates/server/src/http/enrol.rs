//! `POST /v1/invite/accept` and the first enrolment inside it.

use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use poundlock_core::id::FactorId;
use poundlock_core::totp::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::session::{Tokens, opened_tokens, seconds};
use super::table::{Signature, Takes};
use crate::app::SharedApp;
use crate::flow::Channel;
use crate::flow::browser::{Goal, Held};
use crate::flow::enrol::{self as flow, Confirmed};
use crate::flow::invite::{self, Acceptance};
use crate::flow::session::Caller;
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    invite: SecretText,
    password: SecretText,
    client: Option<String>,
    audience: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offer {
    login: SecretText,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    login: SecretText,
    #[schemars(extend("pattern" = "^[0-9]{6}$"))]
    code: SecretText,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    /// A step-up for `factor.add`. A session that a recovery code opened needs none, once.
    step_up: Option<SecretText>,
}

/// The step-up that a body brings, where there is a body.
pub(crate) struct Right(Option<SecretText>);

impl FromRequest<SharedApp> for Right {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self, Problem> {
        if !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(Self(None));
        }
        let Json(Add { step_up }) = Json::from_request(request, app).await?;
        Ok(Self(step_up))
    }
}

impl Takes for Right {
    fn takes(signature: &mut Signature) {
        Json::<Add>::takes(signature);
        signature.is_body_optional = true;
    }
}

/// A login that waits for an enrolment.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Begun {
    login: SecretText,
    /// `enrol`.
    state: &'static str,
    /// The name of the account, where an invite or ticket gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    factors: Vec<&'static str>,
    expires_in: i64,
}

/// A new seed, shown once.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Seed {
    /// In base32.
    secret: SecretText,
    /// `otpauth://`, for the picture that an app reads.
    uri: SecretText,
}

/// A further factor.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Added {
    #[schemars(with = "String")]
    factor: FactorId,
    /// Until then it is on probation.
    held_until: Option<i64>,
    clock_drift_seconds: i64,
}

/// What a confirmation leads to: tokens for a first factor, else the factor.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Enrolled {
    Tokens(Box<Tokens>),
    Added(Added),
}

type Answer<T> = Result<axum::Json<T>, Problem>;

/// An invite with a new password, or a ticket with the present one.
pub(crate) async fn accept(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Accept>,
) -> Answer<Begun> {
    let acceptance = Acceptance {
        invite: body.invite.0,
        password: body.password.0,
        client: body.client,
        audience: body.audience,
        scope: body.scope,
        goal: Goal::Tokens,
    };
    let accepted = invite::accept(app, acceptance, origin).await.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(Begun {
        login: SecretText(accepted.login),
        state: "enrol",
        name: Some(accepted.name),
        factors: vec!["passkey", "totp"],
        expires_in: accepted.expires_in,
    }))
}

/// A further app: by a step-up, or by the one right that a session opened by a recovery code gives.
pub(crate) async fn begin_totp(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
    Right(step_up): Right,
) -> Answer<Begun> {
    begin(&app, (&caller, step_up), ("totp", &origin), &request).await
}

/// A further passkey, by the same rights.
pub(crate) async fn begin_passkey(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
    Right(step_up): Right,
) -> Answer<Begun> {
    begin(&app, (&caller, step_up), ("passkey", &origin), &request).await
}

async fn begin(
    app: &SharedApp,
    (caller, step_up): (&Caller, Option<SecretText>),
    what: (&'static str, &Origin),
    request: &RequestId,
) -> Answer<Begun> {
    let step_up = step_up.map(|step_up| step_up.0);
    let (kind, origin) = what;
    let begun = flow::begin_adding(app, caller, step_up.as_ref(), (kind, Channel::Api), origin).await;
    let handle = begun.map_err(|refused| Problem::of(refused, request))?;
    Ok(axum::Json(Begun {
        login: SecretText(handle.login),
        state: "enrol",
        name: None,
        factors: handle.factors,
        expires_in: handle.expires_in,
    }))
}

/// A new seed, shown once.
pub(crate) async fn offer(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Offer>,
) -> Answer<Seed> {
    let offered =
        flow::offer(app, Held::api(body.login.0), origin).await.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(Seed { secret: SecretText(offered.secret), uri: SecretText(offered.uri) }))
}

/// A first code of it: the confirmation is the login.
pub(crate) async fn confirm(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Confirm>,
) -> Answer<Enrolled> {
    let code = Code::parse(body.code.0.reveal()).map_err(|bad| Problem::bad_request(&request, &bad.to_string()))?;
    let confirmed = flow::confirm(app, Held::api(body.login.0), (code, None), origin).await;
    let confirmed = confirmed.map_err(|refused| Problem::of(refused, &request))?;
    enrolled(confirmed, &request).map(axum::Json)
}

/// What a confirmation leads to.
pub(crate) fn enrolled(confirmed: Confirmed, request: &RequestId) -> Result<Enrolled, Problem> {
    Ok(match confirmed {
        Confirmed::Login(opened) => Enrolled::Tokens(Box::new(opened_tokens(opened, request)?)),
        Confirmed::Added { factor, held_until, drift_steps } => Enrolled::Added(Added {
            factor,
            held_until: held_until.map(seconds),
            clock_drift_seconds: drift_steps * 30,
        }),
    })
}
