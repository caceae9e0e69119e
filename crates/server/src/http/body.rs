//! JSON bodies, read strictly: the right content type, one object, no unknown and no repeated members.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use poundlock_core::secret::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::error::Problem;
use crate::app::SharedApp;

/// How deep objects and arrays may lie in one another. Nothing we read is deeper than three.
const DEPTH_MAX: usize = 16;

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<SharedApp> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self, Problem> {
        let reference = Problem::reference_of(&request);
        if !is_json(&request) {
            return Err(Problem::bad_content_type(reference));
        }
        let bytes = whole(request, app, app.config.listen.limits.body, &reference).await?;
        parse(&bytes).map(Self).map_err(|why| Problem::bad_json(reference, &why))
    }
}

/// Reads the body, while it comes. Attack: bodies that never end hold every connection there may be.
pub(super) async fn whole<S: Send + Sync>(
    request: Request,
    state: &S,
    deadline: Duration,
    reference: &str,
) -> Result<Bytes, Problem> {
    match tokio::time::timeout(deadline, Bytes::from_request(request, state)).await {
        Ok(read) => read
            .map_err(|rejection| Problem::bad_body(reference.to_owned(), rejection.status(), &rejection.body_text())),
        Err(_) => Err(Problem::slow_body(reference.to_owned())),
    }
}

fn is_json(request: &Request) -> bool {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.map(|value| value.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
    essence.as_deref() == Some("application/json")
}

pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    if is_deep(bytes) {
        return Err(format!("the body is nested deeper than {DEPTH_MAX}"));
    }
    // A derived reader also takes an array for an object, by the order of its fields; nobody means that.
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::from_slice(bytes).map_err(|error| explained(&error)),
        Some(_) => Err("the body must be one JSON object".to_owned()),
        None => Err("the body is empty: a JSON object is expected".to_owned()),
    }
}

/// Whether something is nested too deep, found before anything is built from it. What is no JSON may count wrongly, and
/// is refused all the same.
fn is_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'{' | b'[' if !text => depth += 1,
            b'}' | b']' if !text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

/// What is wrong with a body, without repeating any of it: a value may be a secret in the wrong field.
fn explained(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let expected = || text.rsplit_once("expected ").map_or("another", |(_, expected)| expected);
    let kind = match text.split_once([':', '`']) {
        Some(("invalid type" | "invalid value", _)) => format!("a member has the wrong type: expected {}", expected()),
        Some(("unknown field ", _)) => format!("there is no such member: expected {}", expected()),
        Some(("unknown variant ", _)) => format!("there is no such choice: expected {}", expected()),
        _ => text,
    };
    kind.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Text that is wiped and never printed. It can be written, since some answers show a secret, once.
pub(crate) struct SecretText(pub(crate) Secret<String>);

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.reveal())
    }
}

impl JsonSchema for SecretText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Ok(Self(Secret::new(text.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its parsing is of interest")]
        name: String,
    }

    #[tokio::test]
    async fn ops_04_a_body_that_does_not_come_is_not_waited_for() {
        use axum::http::StatusCode;
        use axum::response::IntoResponse;

        let endless = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let request = Request::new(axum::body::Body::from_stream(endless));
        let slow = whole(request, &(), Duration::ZERO, "req_1").await.unwrap_err();
        assert_eq!(slow.into_response().status(), StatusCode::REQUEST_TIMEOUT);
        let whole = whole(Request::new("{}".into()), &(), Duration::from_secs(10), "req_2").await.unwrap();
        assert_eq!(&whole[..], b"{}");
    }

    #[test]
    fn only_one_object_with_known_members_is_read() {
        assert!(parse::<Body>(br#"{"name":"ada"}"#).is_ok());
        for bad in [&br#"["ada"]"#[..], b"", b"\"ada\"", br#"{"name":"a","name":"b"}"#, br#"{"name":"a","x":1}"#] {
            assert!(parse::<Body>(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn ops_04_nesting_has_a_depth() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_deep(nested(DEPTH_MAX).as_bytes()) && is_deep(nested(DEPTH_MAX + 1).as_bytes()));
        let error = parse::<Body>(format!(r#"{{"name":{}}}"#, nested(DEPTH_MAX)).as_bytes()).unwrap_err();
        assert!(error.contains("deeper"), "{error}");
        // Brackets in a text nest nothing, whatever is escaped there.
        let text = serde_json::json!({ "name": format!("\\\"{}\\", "[{".repeat(100)) }).to_string();
        assert!(parse::<Body>(text.as_bytes()).is_ok());
        assert!(!is_deep("[]".repeat(100).as_bytes()));
    }

    #[test]
    fn aud_03_an_error_repeats_no_value() {
        let error = parse::<Body>(br#"{"name":12345678}"#).unwrap_err();
        assert!(!error.contains("12345678"), "{error}");
        assert!(error.contains("expected a string"), "{error}");
        let error = parse::<Body>(br#"{"hunter2":1}"#).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("expected `name`"), "{error}");
    }
}
