//! `/v1/admin/keys`: signing keys without their private parts, and the master key's rotation.

use axum::extract::State;
use poundlock_core::keys::KeyRow;
use poundlock_core::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body::{Json, SecretText};
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::{Done, done, seconds};
use super::super::url::Path;
use crate::app::SharedApp;
use crate::flow::admin::key::{self as flow, Rotated};
use crate::flow::admin::master;
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotate {
    alg: String,
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMaster {
    new_key: SecretText,
}

type Answer = Result<axum::Json<Value>, Problem>;

/// Every key with its state and dates.
pub(crate) async fn list(State(app): State<SharedApp>, request: RequestId) -> Answer {
    let rows = flow::list(&app).await.map_err(|refused| Problem::of(refused, &request))?;
    let keys: Vec<Value> = rows.iter().map(one).collect();
    Ok(axum::Json(json!({ "keys": keys, "master_key": app.master.load().fingerprint() })))
}

/// Another key signs, now or from the moment that the answer names.
pub(crate) async fn rotate(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Rotate>,
) -> Answer {
    let rotated = flow::rotate(&app, (&body.alg, body.force), &origin).await;
    let (rotated, from) = match rotated.map_err(|refused| Problem::of(refused, &request))? {
        Rotated::Now => (true, None),
        Rotated::From(at) => (false, Some(at)),
    };
    Ok(axum::Json(json!({ "rotated": rotated, "possible_from": from.map(|at| seconds(at + Span::from_millis(999))) })))
}

/// Takes a key out of the key set.
pub(crate) async fn revoke(
    State(app): State<SharedApp>,
    Path(kid): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    done(flow::revoke(&app, &kid, &origin).await, &request)
}

/// Wraps the data keys under another master key.
pub(crate) async fn rotate_master(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<NewMaster>,
) -> Answer {
    let names = master::rotate(&app, &body.new_key.0, &origin).await;
    let names = names.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(json!({ "old": names.old, "new": names.new })))
}

fn one(row: &KeyRow) -> Value {
    json!({
        "kid": row.kid,
        "alg": row.alg.as_str(),
        "state": row.state.as_str(),
        "made_at": seconds(row.made_at),
        "current_at": row.current_at.map(seconds),
        "retired_at": row.retired_at.map(seconds),
        "gone_at": row.gone_at.map(seconds),
    })
}
