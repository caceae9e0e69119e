//! `GET /health/live` and `/health/ready`: whether the process runs, and whether it can be asked anything.

use std::sync::atomic::Ordering;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use poundlock_core::timekeeping::Reading;
use poundlock_store::setting;
use serde_json::json;

use crate::app::SharedApp;
use crate::jobs::watch::{self, Wrong, answer};
use crate::refusals::Told;

/// What is wrong with a store that cannot even be read.
const SILENT: Wrong =
    Some(("does not answer", "See that the database runs and can be reached from here. The server goes on by itself."));

/// The process runs.
pub(crate) async fn live() -> impl IntoResponse {
    axum::Json(json!({ "status": "live" }))
}

/// The store answers and takes writes, the clock can be trusted, and nobody has told the server to end; else what is
/// wrong, and what to do.
pub(crate) async fn ready(State(app): State<SharedApp>) -> Response {
    // A read that costs the same however many users there are: anyone may ask, as often as they like. Whether the
    // store can be written is found out by the watch, not by whoever asks.
    let (database, read) =
        tokio::join!(answer(app.store.database_time()), answer(setting::read(&app.store, "key.check")));
    let store = if read.is_some() { app.watched.store() } else { SILENT };
    let clock = watch::clock(&app, database.flatten());
    let to_do: Vec<&str> = [store, clock].into_iter().flatten().map(|(_, to_do)| to_do).collect();
    let said = |wrong: Wrong| wrong.map_or("ok", |(what, _)| what);
    let mut body = json!({ "status": "ready", "clock": said(clock), "store": said(store) });
    let (word, reason) = match (app.stopping.load(Ordering::SeqCst), store, clock) {
        (true, ..) => ("stopping", "stopping"),
        (false, Some(_), _) => ("unready", "store_unavailable"),
        (false, None, Some(_)) => ("unready", "clock"),
        (false, None, None) => return axum::Json(body).into_response(),
    };
    if let Some(members) = body.as_object_mut() {
        members.insert("status".to_owned(), json!(word));
        members.insert("to_do".to_owned(), json!(to_do));
    }
    let fault = store.or(clock).map(|(what, _)| what.to_owned());
    let told = Told { kind: "unready", reason, reference: String::new(), fault };
    (StatusCode::SERVICE_UNAVAILABLE, Extension(told), axum::Json(body)).into_response()
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
