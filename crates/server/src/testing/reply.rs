//! What came back from a server under test.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as JSON where it is JSON, else as text.
    pub body: Value,
}

impl Reply {
    /// The body of a success; ends the test otherwise.
    pub fn ok(self) -> Value {
        if !self.status.is_success() {
            panic!("expected a success, got {}: {}", self.status, self.body);
        }
        self.body
    }

    /// The short code of a refusal's type; ends the test on a success.
    #[must_use]
    pub fn refusal(&self) -> &str {
        if self.status.is_success() {
            panic!("expected a refusal, got {}: {}", self.status, self.body);
        }
        self.body["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default()
    }
}

/// Reads an answer to its end.
pub(super) async fn reply(response: Response) -> Reply {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Reply { status: parts.status, headers: parts.headers, body }
}
