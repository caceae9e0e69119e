//! `/v1/admin/users/{user}/groups/{group}`.

use axum::extract::State;

use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::{Done, done};
use super::super::url::Path;
use crate::app::SharedApp;
use crate::flow::admin::group as flow;
use crate::journal::Origin;

/// Puts a user into a group.
pub(crate) async fn add(
    State(app): State<SharedApp>,
    Path((who, group)): Path<(String, String)>,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    done(flow::add(&app, &who, &group, &origin).await, &request)
}

/// Takes a user out of a group.
pub(crate) async fn remove(
    State(app): State<SharedApp>,
    Path((who, group)): Path<(String, String)>,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    done(flow::remove(&app, &who, &group, &origin).await, &request)
}
