//! `POST /v1/step-up`: both factors again, for one action.

use axum::extract::State;
use poundlock_core::step_up::Action;
use schemars::JsonSchema;
use serde::Deserialize;

use super::body::{Json, SecretText};
use super::edge::request_id::RequestId;
use super::error::Problem;
use super::login::{Asked, ask};
use crate::app::SharedApp;
use crate::flow::Channel;
use crate::flow::session::Caller;
use crate::flow::{login, step_up};
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    #[schemars(extend("enum" = ["password.change", "recovery_codes.new", "factor.remove", "factor.add", "factor.rename"]))]
    action: String,
    /// The id of what the action changes, where it changes one of several.
    #[serde(default)]
    #[schemars(length(max = TARGET_CHARS_MAX))]
    target: String,
    /// Left out, a passkey must prove both kinds.
    password: Option<SecretText>,
    refresh_token: Option<SecretText>,
}

/// Longest target, in characters: an id.
const TARGET_CHARS_MAX: usize = 64;

/// The password; the second factor goes to `/v1/login/totp` or `/v1/login/passkey` with the login in the answer.
pub(crate) async fn begin(
    State(app): State<SharedApp>,
    caller: Caller,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Begin>,
) -> Result<axum::Json<Asked>, Problem> {
    let action = Action::parse(&body.action)
        .filter(|_| body.target.chars().count() <= TARGET_CHARS_MAX)
        .ok_or_else(|| Problem::bad_request(&request, "there is no such action"))?;
    let password = body.password.map(|password| login::attempt(password.0)).transpose();
    let password = password.map_err(|refused| Problem::of(refused, &request))?;
    let asked = step_up::Asked {
        action,
        target: body.target,
        password,
        refresh_token: body.refresh_token.map(|token| token.0),
        channel: Channel::Api,
    };
    let asked = step_up::begin(app, caller, asked, origin).await;
    asked.map(|handle| axum::Json(ask(handle))).map_err(|refused| Problem::of(refused, &request))
}
