//! `POST /oauth/token` (RFC 6749 §3.2).

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use poundlock_core::secret::Secret;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::body::SecretText;
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::error::Said;
use super::form::Sent;
use crate::app::SharedApp;
use crate::flow::oidc::token::{self as flow, Asked};
use crate::flow::refresh::Refreshed;
use crate::journal::Origin;

/// The token answer (RFC 6749 §5.1, Core §3.1.3.3).
#[derive(Serialize, JsonSchema)]
pub(crate) struct Tokens {
    access_token: SecretText,
    token_type: &'static str,
    /// Life of the access token in seconds.
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<SecretText>,
    scope: String,
}

/// A code or a refresh token for tokens.
pub(crate) async fn exchange(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    headers: HeaderMap,
    Sent(params): Sent,
) -> Result<axum::Json<Tokens>, Said> {
    let header = headers.get(AUTHORIZATION);
    let basic = match header.map(|value| basic(value.to_str().ok())) {
        Some(None) => return Err(Problem::bad_request(&request, "Authorization must be Basic here").into()),
        read => read.flatten(),
    };
    let page = headers.get(ORIGIN).map(|page| page.to_str().unwrap_or_default().to_owned());
    match flow::exchange(app, Asked { params, basic, page }, origin).await {
        Ok(refreshed) => Ok(axum::Json(tokens(refreshed))),
        Err(declined) => {
            let said = Said::of(declined, &request);
            // RFC 6749 section 5.2: who showed itself by a header is told how. A client that is known is not: libraries
            // take a challenge for the whole answer.
            Err(if header.is_some() && said.is_of_the_client() { said.challenging("Basic") } else { said })
        }
    }
}

fn basic(value: Option<&str>) -> Option<Secret<String>> {
    let (scheme, rest) = value?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| Secret::new(rest.trim().to_owned()))
}

fn tokens(refreshed: Refreshed) -> Tokens {
    let Refreshed { opened, scope, id_token } = refreshed;
    Tokens {
        access_token: SecretText(opened.access_token),
        token_type: "Bearer",
        expires_in: opened.expires_in,
        refresh_token: opened.refresh_token.map(SecretText),
        id_token: id_token.map(SecretText),
        scope: scope.as_str().to_owned(),
    }
}
