//! What the server says of itself, at both well-known addresses: public, cacheable, made once.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::super::table::{Answered, Answers, Signature, answer_schema};
use crate::app::SharedApp;

/// The document, ready to send.
pub(crate) struct Metadata(Response);

impl IntoResponse for Metadata {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for Metadata {
    fn answers(signature: &mut Signature) {
        let content = Some(("application/json", answer_schema::<Map<String, Value>>()));
        signature.answers.push(Answered { status: 200, content, says: "What this server does." });
    }
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414 §3).
pub(crate) async fn show_oauth(app: State<SharedApp>) -> Metadata {
    show(app).await
}

/// `GET /.well-known/openid-configuration` (Discovery §4).
pub(crate) async fn show(State(app): State<SharedApp>) -> Metadata {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")];
    Metadata((headers, app.metadata.clone()).into_response())
}
