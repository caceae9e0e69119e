//! The HTTP client of the command line: to a server by its address, or to the admin socket. Shows refusals as the
//! server words them.

pub(crate) mod admin;
#[cfg(test)]
pub(crate) mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::header::{HOST, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// How long to wait for the next part of an answer; making RSA keys takes longest.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A server as the command line sees it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

/// The way to the server of this very process.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// Plain HTTP.
    Port(SocketAddr),
    /// A Unix socket in the data folder, where the port speaks TLS or to proxies alone.
    Socket(PathBuf),
}

/// An answer that was not a success.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{title}. {detail} (reference {reference})")]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) reference: String,
    pub(crate) retry_after: Option<i64>,
    pub(crate) body: Value,
}

/// Nobody answered. The command ends with exit code 3.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreachable(pub(crate) String);

impl Client {
    /// A client of the server at `base`, such as `https://login.example.org`.
    pub(crate) fn to(base: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let http = http.read_timeout(ANSWER_WITHIN).build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned() })
    }

    /// A client of a server on this machine, which answers to its issuer's name alone.
    pub(crate) fn to_own(way: &Way, issuer: &str) -> anyhow::Result<Self> {
        let host = issuer.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let mut headers =
            HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).context("the issuer has no host")?)]);
        if issuer.starts_with("https://") {
            // What goes to this machine's own server leaves no machine. Heard only where this machine is a named proxy.
            headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        }
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        let builder = builder.read_timeout(ANSWER_WITHIN).default_headers(headers);
        Ok(match way {
            Way::Port(address) => Self { http: builder.build()?, base: format!("http://{address}") },
            Way::Socket(path) => {
                Self { http: builder.unix_socket(path.clone()).build()?, base: "http://own.socket".to_owned() }
            }
        })
    }

    /// A client of an admin socket.
    pub(crate) fn over(socket: &Path) -> anyhow::Result<Self> {
        let http =
            reqwest::Client::builder().unix_socket(socket.to_owned()).no_proxy().read_timeout(ANSWER_WITHIN).build()?;
        Ok(Self { http, base: "http://admin.socket".to_owned() })
    }

    /// Posts JSON; a refusal is a [`Refusal`].
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body), None).await
    }

    /// Posts a form, as `OAuth` wants it; a refusal is told in its words.
    pub(crate) async fn post_form(&self, path: &str, pairs: &[(&str, &str)]) -> anyhow::Result<Value> {
        let mut body = String::new();
        poundlock_core::oidc::encode(&mut body, pairs.iter().copied());
        let request = self.http.post(format!("{}{path}", self.base)).body(body);
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let (status, bytes) = (response.status(), response.bytes().await.map_err(|error| self.unreachable(&error))?);
        let told: Option<Value> = serde_json::from_slice(&bytes).ok();
        let member = |name: &str| told.as_ref()?.get(name)?.as_str().map(str::to_owned);
        if let Some(error) = member("error") {
            let (says, reference) = (member("error_description"), member("reference"));
            bail!("{error}: {} (reference {})", says.unwrap_or_default(), reference.unwrap_or_default());
        }
        answer(status, &bytes, path)
    }

    /// Any request, with a bearer token if there is one.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        token: Option<&str>,
    ) -> anyhow::Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let (status, bytes) = (response.status(), response.bytes().await.map_err(|error| self.unreachable(&error))?);
        answer(status, &bytes, path)
    }

    /// Gets text, such as a key set.
    pub(crate) async fn text(&self, path: &str) -> anyhow::Result<String> {
        let response = self.http.get(format!("{}{path}", self.base)).send().await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            bail!("{}{path} answered {}", self.base, response.status());
        }
        Ok(response.text().await?)
    }

    /// Gets a long answer piece by piece, as it comes.
    async fn stream(&self, path: &str, take: &mut impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let response = self.http.get(format!("{}{path}", self.base)).send().await;
        let mut response = response.map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            let (status, bytes) = (response.status(), response.bytes().await?);
            return answer(status, &bytes, path).map(drop);
        }
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            take(&piece)?;
        }
        Ok(())
    }

    /// The innermost cause says what happened; the outer ones repeat the address.
    fn unreachable(&self, error: &reqwest::Error) -> Unreachable {
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Unreachable(format!("no answer from {}: {cause}", self.base))
    }
}

/// Reads an answer: JSON, nothing, or a refusal.
fn answer(status: StatusCode, bytes: &[u8], path: &str) -> anyhow::Result<Value> {
    if status == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    let answer: Value = serde_json::from_slice(bytes)
        .map_err(|_| anyhow!("{path} answered {status} with something other than JSON"))?;
    if status.is_success() { Ok(answer) } else { Err(refusal(answer).into()) }
}

fn refusal(body: Value) -> Refusal {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Refusal {
        code: text("type").rsplit(':').next().unwrap_or_default().to_owned(),
        title: text("title"),
        detail: text("detail"),
        reference: text("reference"),
        retry_after: body.get("retry_after").and_then(Value::as_i64),
        body,
    }
}

/// A text member of an answer.
pub(crate) fn text<'a>(answer: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    answer.get(name).and_then(Value::as_str).with_context(|| format!("the answer has no {name}"))
}
