//! `/v1/admin/users`: list, show, and what can be done to an account.

use axum::extract::State;
use poundlock_core::id::UserId;
use poundlock_core::time::Span;
use poundlock_core::user::UserRow;
use poundlock_core::whole;
use poundlock_store::factor::Listed;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body::Json;
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::session::{Done, done, seconds};
use super::super::url::{Path, Query};
use crate::app::SharedApp;
use crate::flow::admin::user::{self, Attempts};
use crate::flow::admin::{account, invite::Made, reset as flow};
use crate::journal::Origin;

/// Users of a page that names no limit.
const PAGE: i64 = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    #[schemars(with = "Option<String>", extend("pattern" = "^usr_[0-9a-f]{32}$"))]
    after: Option<UserId>,
    limit: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    reason: String,
    #[serde(default, deserialize_with = "whole::optional")]
    #[schemars(range(min = 1, max = whole::JSON_MAX))]
    life_seconds: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ticket {
    #[serde(default, deserialize_with = "whole::optional")]
    #[schemars(range(min = 1, max = whole::JSON_MAX))]
    life_seconds: Option<i64>,
}

type Answer = Result<axum::Json<Value>, Problem>;
type Ended = Result<Done, Problem>;

/// One page, and where the next one begins.
pub(crate) async fn list(State(app): State<SharedApp>, request: RequestId, Query(page): Query<Page>) -> Answer {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, user::PAGE_MAX);
    let users = user::page(&app, page.after, limit).await.map_err(|refused| Problem::of(refused, &request))?;
    let full = i64::try_from(users.len()).is_ok_and(|count| count == limit);
    let next = users.last().filter(|_| full).map(|user| user.id);
    let users: Vec<Value> = users.iter().map(brief).collect();
    Ok(axum::Json(json!({ "users": users, "next": next })))
}

/// One user in full.
pub(crate) async fn show(State(app): State<SharedApp>, Path(who): Path<String>, request: RequestId) -> Answer {
    let shown = user::show(&app, &who).await.map_err(|refused| Problem::of(refused, &request))?;
    let factors: Vec<Value> = shown.factors.iter().map(factor).collect();
    let attempts: Vec<Value> = shown.attempts.iter().map(spent).collect();
    let mut answer = brief(&shown.account.user);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("factors".to_owned(), json!(factors));
        answer.insert("recovery_codes_left".to_owned(), json!(shown.account.codes.left));
        answer.insert("attempts".to_owned(), json!(attempts));
    }
    Ok(axum::Json(answer))
}

/// Shuts an account.
pub(crate) async fn disable(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Ended {
    done(account::disable(&app, &who, &origin).await, &request)
}

/// Opens an account again.
pub(crate) async fn enable(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Ended {
    done(account::enable(&app, &who, &origin).await, &request)
}

/// Refills the budgets of an account.
pub(crate) async fn unlock(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Ended {
    done(account::unlock(&app, &who, &origin).await, &request)
}

/// Deletes an account.
pub(crate) async fn delete(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    origin: Origin,
    request: RequestId,
) -> Ended {
    done(account::delete(&app, &who, &origin).await, &request)
}

/// Removes all factors and codes; the answer shows a ticket, once.
pub(crate) async fn reset_factor(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Reset>,
) -> Answer {
    let life = body.life_seconds.map(Span::from_seconds);
    let made = flow::reset(&app, &who, (&body.reason, life), &origin).await;
    made.map(ticketed).map_err(|refused| Problem::of(refused, &request))
}

/// A ticket for enrolling a factor; the answer shows it, once.
pub(crate) async fn ticket(
    State(app): State<SharedApp>,
    Path(who): Path<String>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Ticket>,
) -> Answer {
    let made = flow::ticket(&app, &who, body.life_seconds.map(Span::from_seconds), &origin).await;
    made.map(ticketed).map_err(|refused| Problem::of(refused, &request))
}

#[expect(clippy::needless_pass_by_value, reason = "a secret is shown once")]
fn ticketed(made: Made) -> axum::Json<Value> {
    axum::Json(json!({
        "ticket": made.invite.reveal(),
        "id": made.id,
        "name": made.name,
        "expires_at": seconds(made.expires_at),
    }))
}

fn brief(user: &UserRow) -> Value {
    json!({
        "id": user.id,
        "sub": user.subject,
        "name": user.name,
        "display_name": user.display_name,
        "state": user.state,
        "groups": user.groups,
        "made_at": seconds(user.made_at),
        "last_login_at": user.last_login_at.map(seconds),
    })
}

fn factor(factor: &Listed) -> Value {
    json!({
        "id": factor.id,
        "kind": "totp",
        "label": factor.label,
        "made_at": seconds(factor.made_at),
        "used_at": factor.used_at.map(seconds),
        "clock_drift_seconds": factor.drift * 30,
    })
}

fn spent(spent: &Attempts) -> Value {
    json!({
        "factor": spent.factor,
        "lane": spent.lane,
        "tried": spent.tried,
        "limit": spent.limit,
        "next_at": seconds(spent.next_at),
    })
}
