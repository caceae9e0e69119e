//! `/v1/admin/clients` and `/v1/admin/audiences`.

use std::borrow::Cow;

use axum::extract::State;
use poundlock_core::client::ClientSpec;
use poundlock_core::whole;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body::Json;
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::{Done, done};
use super::super::url::{Path, Query};
use crate::app::SharedApp;
use crate::flow::admin::client::{self as flow, Kept};
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct At {
    version: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audience {
    alg: String,
}

/// A client as an operator writes it: [`ClientSpec`], whose crate knows no schemas.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Spec(ClientSpec);

impl JsonSchema for Spec {
    fn schema_name() -> Cow<'static, str> {
        "Spec".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = json!({ "type": "string" });
        let seconds =
            json!({ "type": ["integer", "null"], "format": "int64", "minimum": 1, "maximum": whole::JSON_MAX });
        let texts = json!({ "type": "array", "items": text });
        json_schema!({
            "type": "object",
            "properties": {
                "id": text,
                "kind": { "enum": ["first_party", "public", "confidential", "service"] },
                "audiences": texts,
                "default_audience": { "type": ["string", "null"] },
                "scopes": texts,
                "redirect_uris": texts,
                "origins": texts,
                "access_life_seconds": seconds,
                "idle_seconds": seconds,
                "absolute_seconds": seconds,
                "mfa_max_age_seconds": seconds,
                "dpop_required": { "type": "boolean" },
                "groups_released": texts,
            },
            "required": ["id", "kind", "audiences"],
            "additionalProperties": false,
        })
    }
}

type Answer = Result<axum::Json<Value>, Problem>;
type Ended = Result<Done, Problem>;

/// Every client.
pub(crate) async fn list(State(app): State<SharedApp>, request: RequestId) -> Answer {
    let kept = flow::list(&app).await.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(json!({ "clients": kept.into_iter().map(one).collect::<Vec<_>>() })))
}

/// One client.
pub(crate) async fn show(State(app): State<SharedApp>, Path(id): Path<String>, request: RequestId) -> Answer {
    flow::show(&app, &id).await.map(one).map(axum::Json).map_err(|refused| Problem::of(refused, &request))
}

/// Adds a client.
pub(crate) async fn add(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(Spec(spec)): Json<Spec>,
) -> Answer {
    flow::add(&app, spec, &origin).await.map(one).map(axum::Json).map_err(|refused| Problem::of(refused, &request))
}

/// Changes a client; with `?version=` only the one that was looked at.
pub(crate) async fn change(
    State(app): State<SharedApp>,
    Path(id): Path<String>,
    Query(at): Query<At>,
    (origin, request): (Origin, RequestId),
    Json(Spec(spec)): Json<Spec>,
) -> Answer {
    flow::change(&app, &id, (spec, at.version), &origin)
        .await
        .map(one)
        .map(axum::Json)
        .map_err(|refused| Problem::of(refused, &request))
}

/// Removes a client.
pub(crate) async fn remove(
    State(app): State<SharedApp>,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Ended {
    done(flow::remove(&app, &id, &origin).await, &request)
}

/// Every audience.
pub(crate) async fn audiences(State(app): State<SharedApp>, request: RequestId) -> Answer {
    let rows = flow::audiences(&app).await.map_err(|refused| Problem::of(refused, &request))?;
    let listed: Vec<Value> = rows.iter().map(|(name, alg)| json!({ "name": name, "alg": alg })).collect();
    Ok(axum::Json(json!({ "audiences": listed })))
}

/// Adds an audience or changes its algorithm.
pub(crate) async fn put_audience(
    State(app): State<SharedApp>,
    Path(name): Path<String>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Audience>,
) -> Ended {
    done(flow::put_audience(&app, &name, &body.alg, &origin).await, &request)
}

/// Removes an audience.
pub(crate) async fn remove_audience(
    State(app): State<SharedApp>,
    Path(name): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Ended {
    done(flow::remove_audience(&app, &name, &origin).await, &request)
}

#[expect(clippy::needless_pass_by_value, reason = "the answer is made of it and of nothing else")]
fn one(kept: Kept) -> Value {
    json!({ "client": kept.spec, "version": kept.version, "warnings": kept.warnings })
}
