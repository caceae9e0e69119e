//! What asks a node, and what it is told.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::PATIENCE;

/// What came back.
#[derive(Debug)]
pub(crate) enum Told {
    /// A success, with its body.
    Yes(Value),
    /// A refusal: its status and the short code of its type.
    No(u16, String),
    /// No answer, or one that leaves the outcome open.
    Nothing,
}

impl Told {
    pub(crate) fn yes(self, what: &str) -> Value {
        match self {
            Self::Yes(body) => body,
            other => panic!("{what}: {other:?}"),
        }
    }
}

/// What asks a node, by its public port and by its admin socket.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(super) base: String,
    pub(super) http: Client,
    pub(super) admin: Client,
}

impl Caller {
    /// Any request as the public sees it: status, Retry-After and body, or nothing when it broke off.
    pub(crate) async fn raw(&self, method: Method, path: &str, body: Option<&Value>) -> Option<(u16, bool, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).header("host", "localhost:8080");
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.send().await.ok()?;
        let (status, waits) = (reply.status().as_u16(), reply.headers().contains_key("retry-after"));
        let text = reply.text().await.ok()?;
        Some((status, waits, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Told {
        told(self.raw(Method::POST, path, Some(body)).await)
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.raw(Method::GET, path, None).await.map_or((0, Value::Null), |(status, _, body)| (status, body))
    }

    pub(crate) async fn sign_out(&self, token: &str) -> Told {
        told(self.raw(Method::DELETE, "/v1/session", Some(&json!({ "refresh_token": token }))).await)
    }

    pub(crate) async fn refresh(&self, token: &str) -> Told {
        self.post("/v1/session/refresh", &json!({ "refresh_token": token })).await
    }

    /// An invite; its secret.
    pub(crate) async fn invite(&self, name: &str) -> Option<String> {
        let request = self.admin.post("http://localhost/v1/admin/invites").json(&json!({ "name": name }));
        let reply: Value = request.send().await.ok()?.json().await.ok()?;
        reply["invite"].as_str().map(str::to_owned)
    }

    /// Fills the budgets of a user again.
    pub(crate) async fn unlock(&self, name: &str) {
        let path = format!("http://localhost/v1/admin/users/{name}/unlock");
        assert!(self.admin.post(path).send().await.unwrap().status().is_success(), "{name}");
    }

    /// Asks whether it is ready until the answer fits; gives that answer.
    pub(crate) async fn until_ready(&self, fits: impl Fn(u16, &Value) -> bool) -> Value {
        let asking = async {
            loop {
                let (status, body) = self.get("/health/ready").await;
                if fits(status, &body) {
                    return body;
                }
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("its readiness does not become what it should")
    }
}

fn told(reply: Option<(u16, bool, Value)>) -> Told {
    let Some((status, _, body)) = reply else { return Told::Nothing };
    if (200..300).contains(&status) {
        return Told::Yes(body);
    }
    let code = body["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default().to_owned();
    assert_ne!(status, 500, "an internal error: {body}");
    if code == "unavailable" { Told::Nothing } else { Told::No(status, code) }
}
