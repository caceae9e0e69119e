//! `GET /assets/{name}`: styles, scripts and the logo. Their names change with their content, so they are kept for ever.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::url::Path;
use super::error::brand;
use crate::page::assets::{self, Asset};

/// One file.
pub(crate) async fn file(Path(name): Path<String>, request: RequestId) -> Response {
    static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| assets::all(brand()));
    match ALL.iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers = [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, assets::CACHE_CONTROL)];
            (headers, asset.body.clone()).into_response()
        }
        None => Problem::not_found(&request).into_response(),
    }
}
