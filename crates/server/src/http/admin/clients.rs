//! `/v1/admin/clients` and `/v1/admin/audiences`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use poundlock_core::client::ClientSpec;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body::Json;
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::done;
use crate::app::SharedApp;
use crate::flow::admin::client::{self as flow, Kept};
use crate::journal::Origin;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct At {
    version: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audience {
    alg: String,
}

type Answer = Result<axum::Json<Value>, Problem>;
type Done = Result<StatusCode, Problem>;

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
    Json(spec): Json<ClientSpec>,
) -> Answer {
    flow::add(&app, spec, &origin).await.map(one).map(axum::Json).map_err(|refused| Problem::of(refused, &request))
}

/// Changes a client; with `?version=` only the one that was looked at.
pub(crate) async fn change(
    State(app): State<SharedApp>,
    Path(id): Path<String>,
    at: Result<Query<At>, QueryRejection>,
    (origin, request): (Origin, RequestId),
    Json(spec): Json<ClientSpec>,
) -> Answer {
    let Query(at) = at.map_err(|bad| Problem::bad_request(&request, &bad.body_text()))?;
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
) -> Done {
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
) -> Done {
    done(flow::put_audience(&app, &name, &body.alg, &origin).await, &request)
}

/// Removes an audience.
pub(crate) async fn remove_audience(
    State(app): State<SharedApp>,
    Path(name): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Done {
    done(flow::remove_audience(&app, &name, &origin).await, &request)
}

#[expect(clippy::needless_pass_by_value, reason = "the answer is made of it and of nothing else")]
fn one(kept: Kept) -> Value {
    json!({ "client": kept.spec, "version": kept.version, "warnings": kept.warnings })
}
