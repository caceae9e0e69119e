//! Holds every answer that a test gets to the API document: a status, content type or problem that the document does not
//! name ends the test. So each test of a route also proves what the document says of it.

use std::sync::LazyLock;

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::Reply;
use crate::http::openapi::documents;

/// The document of the public routes, as it is served.
#[must_use]
pub fn public_document() -> &'static str {
    documents().0
}

/// The document of the admin socket, as it is served.
#[must_use]
pub fn admin_document() -> &'static str {
    documents().1
}

pub(super) fn public() -> &'static Value {
    static PUBLIC: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(public_document()).unwrap());
    &PUBLIC
}

pub(super) fn admin() -> &'static Value {
    static ADMIN: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(admin_document()).unwrap());
    &ADMIN
}

/// Ends the test unless the document names this answer. What no route answers is not in it: 404, 405, preflights.
pub(super) fn holds(document: &Value, method: &Method, path: &str, reply: &Reply) {
    let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
    let paths = document["paths"].as_object().unwrap();
    let route = paths.iter().find(|(template, _)| fits(template, path));
    let operation = route.and_then(|(_, methods)| methods.get(key(&method)));
    let Some(operation) = operation else { return };
    let said = format!("{method} {path} answered {} {}, which the document does not say", reply.status, reply.body);
    let response = operation["responses"].get(reply.status.as_str()).unwrap_or_else(|| panic!("{said}"));
    let Some(kind) = reply.headers.get("content-type") else {
        assert!(response.get("content").is_none() || reply.status == StatusCode::NOT_MODIFIED, "{said}");
        return;
    };
    let content = response["content"].get(kind.to_str().unwrap()).unwrap_or_else(|| panic!("{said}"));
    if kind == "application/problem+json" {
        let types = content["schema"]["properties"]["type"]["enum"].as_array().unwrap();
        assert!(types.contains(&reply.body["type"]), "{said}");
    }
}

/// Methods are told apart by case (RFC 9110 section 9.1): `get` is none of the document's.
fn key(method: &Method) -> String {
    let text = method.as_str();
    if text.bytes().all(|b| b.is_ascii_uppercase()) { text.to_ascii_lowercase() } else { text.to_ascii_uppercase() }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let part = |(template, part): (&&str, &&str)| template == part || (template.starts_with('{') && !part.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(part)
}
