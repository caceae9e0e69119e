//! `GET /health/live` and `/health/ready`: whether the process runs, and whether it can be asked anything.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use poundlock_core::timekeeping::Reading;
use serde_json::json;

use crate::app::SharedApp;
use crate::timekeeper::is_apart;

/// The process runs.
pub(crate) async fn live() -> impl IntoResponse {
    axum::Json(json!({ "status": "live" }))
}

/// The store answers and the clock can be trusted.
pub(crate) async fn ready(State(app): State<SharedApp>) -> impl IntoResponse {
    let database = poundlock_store::Store::database_time(&app.store).await;
    let apart = database.as_ref().ok().copied().flatten().is_some_and(|time| is_apart(app.time.skew_from(time)));
    let clock = match app.time.reading() {
        Reading::Ready { .. } if apart => "differs from the database's by more than 2 s",
        Reading::Ready { .. } => "ok",
        Reading::Behind(_) => "behind a moment already seen",
        Reading::Jumped(_) => "jumped ahead",
    };
    // A read that costs the same however many users there are: anyone may ask, as often as they like.
    let store = match poundlock_store::setting::read(&app.store, "key.check").await {
        Ok(_) => "ok",
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            "does not answer"
        }
    };
    let ready = clock == "ok" && store == "ok";
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if ready { "ready" } else { "unready" };
    (status, axum::Json(json!({ "status": word, "clock": clock, "store": store })))
}

/// What only the running server has seen, for `poundlock doctor`.
pub(crate) async fn seen(State(app): State<SharedApp>) -> impl IntoResponse {
    let is_ready = matches!(app.time.reading(), Reading::Ready { .. });
    let hashes = app.hasher.counts();
    axum::Json(json!({
        "clock_ready": is_ready,
        "unasked_proxy": app.unasked_proxy.get(),
        "hash_memory_kib": hashes.memory_kib,
    }))
}
