//! `/v1/login/passkey` and `/v1/login/enrol/passkey`: what browsers get for `navigator.credentials`, and what they send
//! back, in the forms of `PublicKeyCredential.toJSON()` (WA3 section 5.1.7). Members of a credential that are not read
//! here are left to browsers; of those that are, none may stand twice.

use axum::extract::State;
use poundlock_core::label::Label;
use poundlock_core::passkey::{Assertion, AssertionText, Attestation, AttestationText};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::enrol::{Enrolled, enrolled};
use super::error::Problem;
use super::session::{Proved, outcome};
use crate::app::SharedApp;
use crate::flow::enrol::{self, Named};
use crate::flow::login::{self as flow, Answered};
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// A login under way. Left out, whoever has a passkey may answer.
    login: Option<SecretText>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offer {
    login: SecretText,
}

/// What goes to `navigator.credentials`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Options {
    /// To be sent back with the answer.
    login: SecretText,
    /// For `parseRequestOptionsFromJSON`, or `parseCreationOptionsFromJSON` where a passkey is enrolled.
    #[serde(rename = "publicKey")]
    public_key: Map<String, Value>,
    /// Seconds that are left for the answer.
    expires_in: i64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prove {
    /// The login of the options.
    login: SecretText,
    credential: Login,
    client: Option<String>,
    audience: Option<String>,
    scope: Option<String>,
    device: Option<SecretText>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    login: SecretText,
    credential: Registration,
    /// What to call it: one line of 1 to 64 characters.
    name: Option<String>,
}

/// `AuthenticationResponseJSON`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Login {
    id: String,
    raw_id: String,
    r#type: String,
    response: LoginResponse,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct LoginResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
    signature: String,
    #[serde(rename = "userHandle")]
    user_handle: Option<String>,
}

/// `RegistrationResponseJSON`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registration {
    id: String,
    raw_id: String,
    r#type: String,
    response: RegistrationResponse,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct RegistrationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    attestation_object: String,
    #[serde(default)]
    transports: Vec<String>,
}

type Answer<T> = Result<axum::Json<T>, Problem>;

/// Options for a login.
pub(crate) async fn options(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Ask>,
) -> Answer<Options> {
    told(flow::options(app, body.login.map(|login| login.0), origin).await, &request)
}

/// A passkey's answer: a login of its own, or a step of one.
pub(crate) async fn prove(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Prove>,
) -> Answer<Proved> {
    let Prove { login, credential, client, audience, scope, device } = body;
    let assertion = Assertion::parse(&AssertionText {
        id: &credential.id,
        raw_id: &credential.raw_id,
        kind: &credential.r#type,
        client_data: &credential.response.client_data,
        authenticator_data: &credential.response.authenticator_data,
        signature: &credential.response.signature,
        user_handle: credential.response.user_handle.as_deref(),
    });
    let assertion = assertion.map_err(|_| unreadable(&request))?;
    let device = device.map(|device| device.0);
    let answered = Answered { login: login.0, assertion, client, audience, scope, device };
    let answer = flow::prove(app, answered, origin).await;
    answer.map(|done| axum::Json(outcome(done))).map_err(|refused| Problem::of(refused, &request))
}

/// Options for a new passkey.
pub(crate) async fn offer(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Offer>,
) -> Answer<Options> {
    told(enrol::offer_passkey(app, body.login.0, origin).await, &request)
}

/// A new passkey's first answer: the confirmation is the login.
pub(crate) async fn confirm(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Confirm>,
) -> Answer<Enrolled> {
    let Confirm { login, credential, name } = body;
    let label = name.as_deref().map(Label::parse).transpose();
    let label = label.map_err(|bad| Problem::bad_request(&request, &bad.to_string()))?;
    let attestation = Attestation::parse(&AttestationText {
        id: &credential.id,
        raw_id: &credential.raw_id,
        kind: &credential.r#type,
        client_data: &credential.response.client_data,
        object: &credential.response.attestation_object,
        transports: &credential.response.transports,
    });
    let attestation = attestation.map_err(|_| unreadable(&request))?;
    let confirmed = enrol::confirm_passkey(app, login.0, Named { attestation, label }, origin).await;
    confirmed.map(|confirmed| axum::Json(enrolled(confirmed))).map_err(|refused| Problem::of(refused, &request))
}

fn told(options: Result<flow::Options, crate::flow::Refused>, request: &RequestId) -> Answer<Options> {
    let flow::Options { login, public_key, expires_in } = options.map_err(|refused| Problem::of(refused, request))?;
    let public_key = match public_key {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    Ok(axum::Json(Options { login: SecretText(login), public_key, expires_in }))
}

fn unreadable(request: &RequestId) -> Problem {
    let why =
        "the credential is not what PublicKeyCredential.toJSON() gives: id and rawId alike, type public-key, base64url";
    Problem::bad_request(request, why)
}
