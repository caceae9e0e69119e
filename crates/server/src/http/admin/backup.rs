//! `/v1/admin/backup`: the live store as one file.

use std::io::Read;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::table::{Answered, Answers, Signature, answer_schema};
use crate::app::SharedApp;
use crate::flow::admin::backup as flow;
use crate::journal::Origin;

/// Bytes read at once.
const PIECE_BYTES: u64 = 256 * 1024;

/// The file, as it comes.
pub(crate) struct Copied(Response);

impl IntoResponse for Copied {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for Copied {
    fn answers(signature: &mut Signature) {
        // Bytes have no form that JSON Schema could tell.
        let content = Some(("application/vnd.sqlite3", answer_schema::<serde_json::Value>()));
        signature.answers.push(Answered { status: 200, content, says: "A SQLite file." });
    }
}

/// Copies the store, and sends the copy.
pub(crate) async fn make(State(app): State<SharedApp>, origin: Origin, request: RequestId) -> Result<Copied, Problem> {
    let made = flow::make(&app, &origin).await.map_err(|refused| Problem::of(refused, &request))?;
    let pieces = stream::unfold(made.file, |file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::new();
            let read = (&file).take(PIECE_BYTES).read_to_end(&mut piece);
            (read.map(|_| Bytes::from(piece)), file)
        });
        match read.await {
            Ok((Ok(piece), _)) if piece.is_empty() => None,
            Ok((piece, file)) => Some((piece, file)),
            // What was sent so far is shorter than its length said: the reader notices.
            Err(_) => None,
        }
    });
    let head = [(CONTENT_TYPE, "application/vnd.sqlite3".to_owned()), (CONTENT_LENGTH, made.bytes.to_string())];
    Ok(Copied((head, Body::from_stream(pieces)).into_response()))
}
