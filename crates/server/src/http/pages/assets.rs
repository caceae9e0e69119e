//! `GET /assets/{name}`: styles, scripts and the logo. Their names change with their content, so they are kept for ever.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::url::Path;
use crate::app::SharedApp;
use crate::page::assets;

/// One file.
pub(crate) async fn file(State(app): State<SharedApp>, Path(name): Path<String>, request: RequestId) -> Response {
    match app.assets.iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers = [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, assets::CACHE_CONTROL)];
            (headers, asset.body.clone()).into_response()
        }
        None => Problem::not_found(&request).into_response(),
    }
}
