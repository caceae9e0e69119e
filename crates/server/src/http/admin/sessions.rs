//! `/v1/admin/sessions` and the sessions of a user.

use axum::extract::State;
use poundlock_core::id::SessionId;
use serde_json::{Value, json};

use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::{Done, done, seconds};
use super::super::url::Path;
use crate::app::SharedApp;
use crate::flow::admin::session as flow;
use crate::journal::Origin;

type Ended = Result<Done, Problem>;

/// The live sessions of a user.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Result<axum::Json<Value>, Problem> {
    let (user, rows) = flow::list(&app, &who, &origin).await.map_err(|refused| Problem::of(refused, &request))?;
    let sessions: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "session": row.id,
                "client": row.client,
                "device": row.device,
                "opened_at": seconds(row.opened_at),
                "used_at": seconds(row.used_at),
                "idle_until": seconds(row.idle_until),
                "expires_at": seconds(row.expires_at),
            })
        })
        .collect();
    Ok(axum::Json(json!({ "user": user.id, "name": user.name, "sessions": sessions })))
}

/// Ends every session and login of a user.
pub(crate) async fn end_of_user(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Ended {
    done(flow::end_of_user(&app, &who, &origin).await, &request)
}

/// Ends one session.
pub(crate) async fn end(
    State(app): State<SharedApp>,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Ended {
    let id: SessionId = id.parse().map_err(|bad| Problem::bad_id(&request, &bad))?;
    done(flow::end(&app, id, &origin).await, &request)
}

/// Ends every session and login of everyone.
pub(crate) async fn end_of_everyone(State(app): State<SharedApp>, origin: Origin, request: RequestId) -> Ended {
    done(flow::end_of_everyone(&app, &origin).await, &request)
}
