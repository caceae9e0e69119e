//! `/v1/grants`: what the owner of an account has allowed applications.

use axum::extract::State;
use poundlock_core::client::ClientId;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::{Done, done, seconds};
use super::super::url::Path;
use crate::app::SharedApp;
use crate::flow::oidc::grants as flow;
use crate::flow::session::Caller;
use crate::flow::{Denial, Refused};
use crate::journal::Origin;

/// What one application may do.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Allowed {
    client: String,
    name: String,
    /// What was allowed; none where the application is one that asks nobody.
    scope: Option<String>,
    /// The services that it may have tokens for so.
    audiences: Vec<String>,
    given_at: Option<i64>,
    /// Whether it has tokens of a live session.
    signed_in: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Grants {
    grants: Vec<Allowed>,
}

/// Every application that was allowed something, or is signed in to.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    request: RequestId,
) -> Result<axum::Json<Grants>, Problem> {
    let listed = flow::list(&app, &caller).await.map_err(|refused| Problem::of(refused, &request))?;
    let grants = listed.into_iter().map(|grant| Allowed {
        client: grant.client,
        name: grant.name,
        scope: grant.scope,
        audiences: grant.audiences,
        given_at: grant.given_at.map(seconds),
        signed_in: grant.is_signed_in,
    });
    Ok(axum::Json(Grants { grants: grants.collect() }))
}

/// Takes back what an application was allowed; its tokens end.
pub(crate) async fn revoke(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(client): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Result<Done, Problem> {
    let client = ClientId::parse(&client).map_err(|_| Problem::not_found(&request))?;
    let revoked = flow::revoke(&app, &caller, client.as_str(), &origin).await;
    let is_gone = matches!(&revoked, Err(Refused::Denied { denial: Denial::Gone, .. }));
    if is_gone && app.registry.load().client(Some(client.as_str())).is_none() {
        // The name of no client at all: there is no such address.
        return Err(Problem::not_found(&request));
    }
    done(revoked, &request)
}
