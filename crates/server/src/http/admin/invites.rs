//! `/v1/admin/invites`.

use axum::extract::State;
use poundlock_core::id::InviteId;
use poundlock_core::invite::{self, Purpose};
use poundlock_core::time::Span;
use poundlock_core::whole;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body::Json;
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::{Done, done, seconds};
use super::super::url::Path;
use crate::app::SharedApp;
use crate::flow::admin::invite as flow;
use crate::journal::Origin;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Make {
    name: String,
    display_name: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default, deserialize_with = "whole::optional")]
    #[schemars(range(min = 1, max = whole::JSON_MAX))]
    life_seconds: Option<i64>,
}

type Answer = Result<axum::Json<Value>, Problem>;

/// An invite for a new user; the answer shows its secret, once.
pub(crate) async fn make(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Make>,
) -> Answer {
    let invitation = flow::Invitation {
        name: body.name,
        display_name: body.display_name,
        groups: body.groups,
        life: body.life_seconds.map(Span::from_seconds),
    };
    let made = flow::make(&app, invitation, &origin).await.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(json!({
        "invite": made.invite.reveal(),
        "id": made.id,
        "name": made.name,
        "expires_at": seconds(made.expires_at),
    })))
}

/// Withdraws an invite or ticket.
pub(crate) async fn withdraw(
    State(app): State<SharedApp>,
    Path(id): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    let id: InviteId = id.parse().map_err(|bad| Problem::bad_id(&request, &bad))?;
    done(flow::withdraw(&app, id, &origin).await, &request)
}

/// Invites that can still be used, without their secrets.
pub(crate) async fn list(State(app): State<SharedApp>, origin: Origin, request: RequestId) -> Answer {
    let live = flow::live(&app, &origin).await.map_err(|refused| Problem::of(refused, &request))?;
    let listed: Vec<Value> = live
        .iter()
        .map(|row| {
            let (kind, name) = match invite::purpose(&app.ring, row) {
                Ok(Purpose::NewUser { name, .. }) => ("invite", Some(name)),
                Ok(Purpose::Ticket { user }) => ("ticket", Some(user.to_string())),
                Err(_) => ("damaged", None),
            };
            json!({
                "id": row.id,
                "kind": kind,
                "for": name,
                "made_at": seconds(row.made_at),
                "expires_at": seconds(row.expires_at),
            })
        })
        .collect();
    Ok(axum::Json(json!({ "invites": listed })))
}
