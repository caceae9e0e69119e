//! Reads the caller of the account API from the `Authorization` header, and from there only: a token in a URL is in
//! every log on the way (BND-08).

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use poundlock_core::secret::Secret;

use super::super::error::Problem;
use super::request_id::RequestId;
use crate::app::SharedApp;
use crate::flow::session::{Caller, of_token};
use crate::flow::{Denial, refuse_unrecorded};
use crate::journal::Origin;

impl FromRequestParts<SharedApp> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let Ok(request) = RequestId::from_request_parts(parts, app).await;
        let Ok(origin) = Origin::from_request_parts(parts, app).await;
        let Some(token) = token_of(parts.headers.get_all(AUTHORIZATION).iter()) else {
            return Err(Problem::of(refuse_unrecorded(&origin, Denial::Unauthenticated), &request));
        };
        of_token(app, &token, &origin).await.map_err(|refused| Problem::of(refused, &request))
    }
}

/// The token of the one `Authorization` header.
pub(crate) fn token_of<'a>(mut values: impl Iterator<Item = &'a HeaderValue>) -> Option<Secret<String>> {
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim().to_owned()))
}
