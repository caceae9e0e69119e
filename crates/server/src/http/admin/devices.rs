//! `/v1/admin/users/{user}/devices`.

use axum::extract::State;
use poundlock_core::id::DeviceId;
use serde_json::{Value, json};

use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::{Done, done, seconds};
use super::super::url::Path;
use crate::app::SharedApp;
use crate::flow::admin::device as flow;
use crate::journal::Origin;

/// The known devices of a user.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    request: RequestId,
) -> Result<axum::Json<Value>, Problem> {
    let listed = flow::list(&app, &who).await.map_err(|refused| Problem::of(refused, &request))?;
    let devices: Vec<Value> = listed
        .iter()
        .map(|device| {
            json!({
                "id": device.id,
                "fails": device.fails,
                "made_at": seconds(device.made_at),
                "used_at": seconds(device.used_at),
                "revoked_at": device.revoked_at.map(seconds),
            })
        })
        .collect();
    Ok(axum::Json(json!({ "devices": devices })))
}

/// Revokes a known device.
pub(crate) async fn revoke(
    State(app): State<SharedApp>,
    Path((who, id)): Path<(String, String)>,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    let id: DeviceId = id.parse().map_err(|bad| Problem::bad_id(&request, &bad))?;
    done(flow::revoke(&app, &who, id, &origin).await, &request)
}
