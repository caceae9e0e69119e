//! `GET /health/live` and `/health/ready`: whether the process runs, and whether it can be asked anything.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use poundlock_core::timekeeping::Reading;
use serde_json::json;

use crate::app::SharedApp;

/// The process runs.
pub(crate) async fn live() -> impl IntoResponse {
    axum::Json(json!({ "status": "live" }))
}

/// The store answers and the clock can be trusted.
pub(crate) async fn ready(State(app): State<SharedApp>) -> impl IntoResponse {
    let clock = match app.time.reading() {
        Reading::Ready { .. } => "ok",
        Reading::Behind(_) => "behind a moment already seen",
        Reading::Jumped(_) => "jumped ahead",
    };
    let store = match poundlock_store::user::count(&app.store).await {
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
