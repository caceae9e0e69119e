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
use crate::flow::Refused;
use crate::flow::browser::{Goal, Held};
use crate::flow::enrol::{self, Named};
use crate::flow::login::{self as flow, Answered, Whom};
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

impl Login {
    fn assertion(&self) -> Option<Assertion> {
        let text = AssertionText {
            id: &self.id,
            raw_id: &self.raw_id,
            kind: &self.r#type,
            client_data: &self.response.client_data,
            authenticator_data: &self.response.authenticator_data,
            signature: &self.response.signature,
            user_handle: self.response.user_handle.as_deref(),
        };
        Assertion::parse(&text).ok()
    }
}

impl Registration {
    fn attestation(&self) -> Option<Attestation> {
        let text = AttestationText {
            id: &self.id,
            raw_id: &self.raw_id,
            kind: &self.r#type,
            client_data: &self.response.client_data,
            object: &self.response.attestation_object,
            transports: &self.response.transports,
        };
        Attestation::parse(&text).ok()
    }
}

/// The same from a field of a page's form.
pub(crate) fn assertion_of(json: &str) -> Option<Assertion> {
    serde_json::from_str::<Login>(json).ok()?.assertion()
}

/// The same from a field of a page's form.
pub(crate) fn attestation_of(json: &str) -> Option<Attestation> {
    serde_json::from_str::<Registration>(json).ok()?.attestation()
}

type Answer<T> = Result<axum::Json<T>, Problem>;

/// Options for a login.
pub(crate) async fn options(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Ask>,
) -> Answer<Options> {
    let whom = match body.login {
        Some(login) => Whom::Of(Held::api(login.0)),
        None => Whom::Anyone(flow::api_holder()),
    };
    told(flow::options(app, whom, origin).await, &request)
}

/// A passkey's answer: a login of its own, or a step of one.
pub(crate) async fn prove(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Prove>,
) -> Answer<Proved> {
    let Prove { login, credential, client, audience, scope, device } = body;
    let assertion = credential.assertion().ok_or_else(|| unreadable(&request))?;
    let device = device.map(|device| device.0);
    let goal = Goal::Tokens;
    let answered = Answered {
        login: Held::api(login.0),
        assertion,
        client,
        audience,
        scope,
        device,
        goal,
        holder: flow::api_holder(),
    };
    let answer = flow::prove(app, answered, origin).await;
    outcome(answer.map_err(|refused| Problem::of(refused, &request))?, &request).map(axum::Json)
}

/// Options for a new passkey.
pub(crate) async fn offer(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Offer>,
) -> Answer<Options> {
    told(enrol::offer_passkey(app, Held::api(body.login.0), origin).await, &request)
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
    let label = label.map_err(|bad| Problem::of(Refused::Unusable(bad.to_string()), &request))?;
    let attestation = credential.attestation().ok_or_else(|| unreadable(&request))?;
    let confirmed = enrol::confirm_passkey(app, Held::api(login.0), Named { attestation, label }, origin).await;
    let confirmed = confirmed.map_err(|refused| Problem::of(refused, &request))?;
    enrolled(confirmed, &request).map(axum::Json)
}

fn told(options: Result<flow::Options, Refused>, request: &RequestId) -> Answer<Options> {
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
    Problem::of(Refused::Unusable(why.to_owned()), request)
}
