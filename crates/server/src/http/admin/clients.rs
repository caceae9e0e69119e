//! `/v1/admin/clients` and `/v1/admin/audiences`.

use std::borrow::Cow;

use axum::extract::State;
use poundlock_core::client::ClientSpec;
use poundlock_core::time::Span;
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
use crate::flow::Refused;
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
                "name": { "type": ["string", "null"] },
                "kind": { "enum": ["first_party", "public", "confidential", "service"] },
                "audiences": texts,
                "default_audience": { "type": ["string", "null"] },
                "scopes": texts,
                "redirect_uris": texts,
                "post_logout_redirect_uris": texts,
                "backchannel_logout_uri": { "type": ["string", "null"] },
                "origins": texts,
                "id_token_alg": { "type": ["string", "null"] },
                "pkce_optional": { "type": "boolean" },
                "refresh_tokens": { "type": "boolean" },
                "trusted": { "type": "boolean" },
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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotate {
    /// How long the secrets before it work on, in seconds: not at all when left out.
    #[serde(default, deserialize_with = "whole::optional")]
    #[schemars(range(min = 0, max = whole::JSON_MAX))]
    keep_seconds: Option<i64>,
}

/// Another secret for a confidential client.
pub(crate) async fn rotate_secret(
    State(app): State<SharedApp>,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Rotate>,
) -> Answer {
    let seconds = body.keep_seconds.unwrap_or(0);
    if seconds < 0 {
        return Err(Problem::of(Refused::Unusable("keep_seconds is 0 or more".to_owned()), &request));
    }
    let keep = Span::from_seconds(seconds);
    flow::rotate_secret(&app, &id, keep, &origin)
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
    let mut told = json!({ "client": kept.spec, "version": kept.version, "warnings": kept.warnings });
    if let (Some(secret), Some(told)) = (&kept.secret, told.as_object_mut()) {
        told.insert("secret".to_owned(), json!(secret.reveal()));
    }
    told
}
