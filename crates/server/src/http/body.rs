//! JSON bodies, read strictly: the right content type, one object, no unknown and no repeated members.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use poundlock_core::secret::Secret;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use zeroize::Zeroizing;

use super::error::Problem;

/// How long a client may take to send a body: as long as for its headers.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let reference = Problem::reference_of(&request);
        if !is_json(&request) {
            return Err(Problem::bad_content_type(reference));
        }
        let bytes = whole(request, state, BODY_DEADLINE, &reference).await?;
        parse(&bytes).map(Self).map_err(|why| Problem::bad_json(reference, &why))
    }
}

/// Reads the body, while it comes. Attack: bodies that never end hold every connection there may be.
async fn whole<S: Send + Sync>(
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
    // A derived reader also takes an array for an object, by the order of its fields; nobody means that.
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::from_slice(bytes).map_err(|error| explained(&error)),
        Some(_) => Err("the body must be one JSON object".to_owned()),
        None => Err("the body is empty: a JSON object is expected".to_owned()),
    }
}

/// What is wrong with a body, without repeating any of it: a value may be a secret in the wrong field.
fn explained(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let kind = match text.split_once(": ") {
        Some(("invalid type" | "invalid value", rest)) => {
            format!("a member has the wrong type: expected {}", rest.rsplit("expected ").next().unwrap_or("another"))
        }
        _ => text,
    };
    kind.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Text that is wiped and never printed.
pub(crate) struct SecretText(pub(crate) Secret<String>);

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
        let whole = whole(Request::new("{}".into()), &(), BODY_DEADLINE, "req_2").await.unwrap();
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
    fn aud_03_an_error_repeats_no_value() {
        let error = parse::<Body>(br#"{"name":12345678}"#).unwrap_err();
        assert!(!error.contains("12345678"), "{error}");
        assert!(error.contains("expected a string"), "{error}");
    }
}
