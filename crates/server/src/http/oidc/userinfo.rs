//! `/oidc/userinfo` (Core §5.3). The token stands in the header and nowhere else (BND-08).

use axum::extract::{FromRequestParts, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use poundlock_core::oidc::{OauthError, Refusal};
use poundlock_core::secret::Secret;
use serde_json::{Map, Value};

use super::super::edge::bearer::token_of;
use super::super::edge::request_id::RequestId;
use super::super::table::{Signature, Takes};
use super::error::Said;
use crate::app::SharedApp;
use crate::flow::oidc::userinfo as flow;
use crate::journal::Origin;

/// An access token, not looked at yet.
pub(crate) struct Bearer(Option<Secret<String>>);

impl FromRequestParts<SharedApp> for Bearer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Self::Rejection> {
        Ok(Self(token_of(parts.headers.get_all(AUTHORIZATION).iter())))
    }
}

impl Takes for Bearer {
    fn takes(signature: &mut Signature) {
        signature.is_bearer = true;
    }
}

/// The same by POST, which Core §5.3 asks for too.
pub(crate) async fn show_posted(
    app: State<SharedApp>,
    origin: Origin,
    request: RequestId,
    bearer: Bearer,
) -> Result<axum::Json<Map<String, Value>>, Said> {
    show(app, origin, request, bearer).await
}

/// What the token's client may learn of the user.
pub(crate) async fn show(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Bearer(token): Bearer,
) -> Result<axum::Json<Map<String, Value>>, Said> {
    let missing = || Refusal::new(OauthError::InvalidToken, "there is no access token in the Authorization header");
    let claims = match token {
        Some(token) => flow::claims(&app, &token, &origin).await,
        None => Err(missing().into()),
    };
    claims.map(axum::Json).map_err(|declined| Said::of(declined, &request).challenging("Bearer"))
}
