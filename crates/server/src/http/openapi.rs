//! `GET /openapi.json`: the API document (OpenAPI 3.1), made from the URL table and the types of its handlers. Public,
//! cacheable, made once.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use poundlock_core::id::{DeviceId, InviteId, RecordId, SessionId};
use serde_json::{Map, Value, json};

use super::error::words::{self, Words};
use super::table::{Answered, Answers, Route, Schema, Signature, answer_schema};
use super::{admin, keys, routes};

static PUBLIC: LazyLock<Document> = LazyLock::new(|| {
    Document::of(
        "Poundlock",
        routes::table().into_routes(),
        &[words::MISDIRECTED, words::PAST_THE_PROXY, words::NOT_HTTPS],
    )
});
static ADMIN: LazyLock<Document> =
    LazyLock::new(|| Document::of("Poundlock, administration", admin::table().into_routes(), &[]));

/// A document as it is sent.
struct Document {
    text: String,
    etag: String,
}

/// A document, ready to send, or word that it has not changed.
pub(crate) struct Sent(Response);

impl IntoResponse for Sent {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for Sent {
    fn answers(signature: &mut Signature) {
        let content = Some(("application/json", answer_schema::<Map<String, Value>>()));
        signature.answers.push(Answered { status: 200, content, says: "This document." });
        signature.answers.push(Answered {
            status: 304,
            content: None,
            says: "It is the one that If-None-Match names.",
        });
    }
}

/// The document of what everyone may reach.
pub(crate) async fn public(headers: HeaderMap) -> Sent {
    PUBLIC.sent(&headers)
}

/// The document of the admin socket: what is told nobody else.
pub(crate) async fn administration(headers: HeaderMap) -> Sent {
    ADMIN.sent(&headers)
}

/// Both documents, for the test that holds the copies in `docs` to them.
#[cfg(feature = "testing")]
pub(crate) fn documents() -> (&'static str, &'static str) {
    (&PUBLIC.text, &ADMIN.text)
}

impl Document {
    fn of(title: &str, routes: Vec<Route>, edge: &[Words]) -> Self {
        let text = format!("{:#}\n", document(title, routes, edge));
        let hash = digest(&SHA256, text.as_bytes());
        let etag = hash.as_ref().iter().take(16).fold("\"".to_owned(), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
        Self { text, etag }
    }

    fn sent(&'static self, headers: &HeaderMap) -> Sent {
        let cached = [(ETAG, self.etag.as_str()), (CACHE_CONTROL, "public, max-age=300")];
        Sent(if keys::names(headers, &self.etag) {
            (StatusCode::NOT_MODIFIED, cached).into_response()
        } else {
            (cached, [(CONTENT_TYPE, "application/json")], self.text.as_str()).into_response()
        })
    }
}

fn document(title: &str, routes: Vec<Route>, edge: &[Words]) -> Value {
    let mut schemas = Map::new();
    schemas.insert("Problem".to_owned(), problem());
    let mut paths: Map<String, Value> = Map::new();
    for mut route in routes {
        route.signature.problems.extend([words::LONG_TARGET, words::LONG_HEADERS]);
        // Health is asked by machines that know only an address: the edge lets them through.
        if !route.path.starts_with("/health/") {
            route.signature.problems.extend(edge);
        }
        let (method, path) = (route.method.as_str().to_ascii_lowercase(), route.path);
        let operation = operation(route, &mut schemas);
        let of_path = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(of_path) = of_path.as_object_mut() {
            of_path.insert(method, operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Errors are problems (RFC 9457); docs/problems.md says what to do about each. \
                            Times are whole seconds since 1970, spans are seconds. Unknown members are refused.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "account": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token whose audience is the issuer followed by /account.",
                },
            },
        },
    })
}

fn operation(route: Route, schemas: &mut Map<String, Value>) -> Value {
    let Route { path, name, says, signature, .. } = route;
    let Signature { body, is_body_optional, is_token_optional, is_form, query, is_bearer, answers, problems } =
        signature;
    let mut operation = json!({ "operationId": name, "summary": says });
    let mut put = |member: &str, value: Value| {
        if let Some(operation) = operation.as_object_mut() {
            operation.insert(member.to_owned(), value);
        }
    };
    let parameters: Vec<Value> = open_parts(path).map(path_parameter).chain(query_parameters(query)).collect();
    if !parameters.is_empty() {
        put("parameters", parameters.into());
    }
    if let Some(body) = body {
        let content = json!({ "application/json": { "schema": reference(body, schemas) } });
        put("requestBody", json!({ "required": !is_body_optional, "content": content }));
    }
    if is_form {
        let form = json!({ "type": "object", "additionalProperties": { "type": "string" } });
        put(
            "requestBody",
            json!({ "required": true, "content": { "application/x-www-form-urlencoded": { "schema": form } } }),
        );
    }
    if is_bearer {
        let token = json!({ "account": [] });
        put("security", if is_token_optional { json!([token, {}]) } else { json!([token]) });
    }
    let mut responses = Map::new();
    for answered in answers {
        responses.insert(answered.status.to_string(), response(answered, schemas));
    }
    for (status, words) in by_status(&problems) {
        let refused = refusal(&words);
        match responses.get_mut(&status) {
            Some(answered) => add_content(answered, &refused),
            None => drop(responses.insert(status, refused)),
        }
    }
    put("responses", responses.into());
    operation
}

/// A status that is both an answer and a refusal tells them apart by content type.
fn add_content(answered: &mut Value, refused: &Value) {
    let more = refused.get("content").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(content) = answered.get_mut("content").and_then(Value::as_object_mut) {
        content.extend(more);
    }
}

/// The names in braces.
fn open_parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Value {
    let schema = match id_prefix(name) {
        Some(prefix) => json!({ "type": "string", "pattern": format!("^{prefix}_[0-9a-f]{{32}}$") }),
        None => json!({ "type": "string" }),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

/// The prefix of the ids that stand under this name in a path; anything else there is a bad request.
fn id_prefix(name: &str) -> Option<&'static str> {
    match name {
        "session" => Some(SessionId::PREFIX),
        "device" => Some(DeviceId::PREFIX),
        "invite" => Some(InviteId::PREFIX),
        "reference" => Some(RecordId::PREFIX),
        _ => None,
    }
}

fn query_parameters(query: Option<Schema>) -> Vec<Value> {
    let Some(query) = query else { return Vec::new() };
    let members = query.schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let parameter = |(name, schema): (String, Value)| json!({ "name": name, "in": "query", "schema": present(schema) });
    members.into_iter().map(parameter).collect()
}

/// In a query there is no null: what is left out is left out.
fn present(mut schema: Value) -> Value {
    let kind = schema.get("type").and_then(Value::as_array).and_then(|kinds| kinds.first()).cloned();
    if let (Some(schema), Some(kind)) = (schema.as_object_mut(), kind) {
        schema.insert("type".to_owned(), kind);
    }
    schema
}

fn reference(schema: Schema, schemas: &mut Map<String, Value>) -> Value {
    let reference = json!({ "$ref": format!("#/components/schemas/{}", schema.name) });
    // What has no name of ours stands where it is used.
    if schema.name.contains(['<', ':']) || !schema.name.contains('.') {
        return schema.schema;
    }
    schemas.insert(schema.name, schema.schema);
    reference
}

fn response(answered: Answered, schemas: &mut Map<String, Value>) -> Value {
    match answered.content {
        Some((kind, schema)) => {
            json!({ "description": answered.says, "content": { kind: { "schema": reference(schema, schemas) } } })
        }
        None => json!({ "description": answered.says }),
    }
}

fn by_status(problems: &[Words]) -> BTreeMap<String, BTreeMap<&'static str, Words>> {
    let mut statuses: BTreeMap<String, BTreeMap<&'static str, Words>> = BTreeMap::new();
    for words in problems {
        statuses.entry(words.status.as_str().to_owned()).or_default().insert(words.code, *words);
    }
    statuses
}

fn refusal(words: &BTreeMap<&'static str, Words>) -> Value {
    let says: Vec<String> = words.values().map(|words| format!("`{}`: {}.", words.code, words.title)).collect();
    let types: Vec<String> = words.values().map(Words::uri).collect();
    json!({
        "description": says.join(" "),
        "content": {
            "application/problem+json": {
                "schema": {
                    "allOf": [{ "$ref": "#/components/schemas/Problem" }],
                    "properties": { "type": { "enum": types } },
                },
            },
        },
    })
}

/// The form of a problem (RFC 9457 section 3.1), with what of it is ours.
fn problem() -> Value {
    json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "enum": words::ALL.iter().map(Words::uri).collect::<Vec<_>>() },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What to do next." },
            "reference": {
                "type": "string",
                "pattern": "^(req_[0-9a-f]{24}|ref_[0-9a-f]{32})$",
                "description": "What `poundlock explain` takes, or the id of the request in the log.",
            },
            "retry_after": { "type": "integer", "description": "Seconds, as in the header Retry-After." },
            "login": { "type": "string", "description": "The login that is the way out of this refusal." },
            "factors": { "type": "array", "items": { "type": "string" } },
            "expires_in": { "type": "integer" },
        },
        "required": ["type", "title", "status", "detail", "reference"],
        "additionalProperties": false,
    })
}
