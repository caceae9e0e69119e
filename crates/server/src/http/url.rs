//! What stands in the URL: path and query, refused as problems like everything else.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::edge::request_id::RequestId;
use super::error::Problem;

/// The parts of the path that the table leaves open.
pub(crate) struct Path<T>(pub(crate) T);

/// The query, by known names alone. Routes that read none ignore what stands there: no secret is ever taken from it.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(request) = RequestId::from_request_parts(parts, state).await;
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        // The rejection repeats the path; ours does not.
        path.map(|axum::extract::Path(path)| Self(path))
            .map_err(|_| Problem::bad_request(&request, "a part of the path is not UTF-8"))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(request) = RequestId::from_request_parts(parts, state).await;
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|_| Problem::bad_request(&request, "the query has an unknown, repeated or wrong parameter"))
    }
}
