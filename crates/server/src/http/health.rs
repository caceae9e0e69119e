//! `GET /health/live` and `/health/ready`: whether the process runs, and whether it can be asked anything.

use std::net::IpAddr;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use poundlock_core::timekeeping::Reading;
use schemars::JsonSchema;
use serde::Serialize;

use super::table::{Answered, Answers, Signature, answer_schema};
use crate::app::SharedApp;
use crate::jobs::watch::Wrong;
use crate::readiness::{Readiness, readiness};
use crate::refusals::Told;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Live {
    /// `live`.
    status: &'static str,
}

/// Whether the server can be asked anything, and what is in the way.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Ready {
    /// `ready`, `unready`, or `stopping`.
    status: &'static str,
    /// `ok`, or what is wrong with the clock.
    clock: &'static str,
    /// `ok`, or what is wrong with the store.
    store: &'static str,
    /// What to do about it, one sentence for each trouble.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_do: Vec<&'static str>,
}

impl IntoResponse for Ready {
    fn into_response(self) -> Response {
        let (reason, fault) = match (self.status, self.store, self.clock) {
            ("ready", ..) => return axum::Json(self).into_response(),
            ("stopping", ..) => ("stopping", None),
            (_, "ok", clock) => ("clock", Some(clock.to_owned())),
            (_, store, _) => ("store_unavailable", Some(store.to_owned())),
        };
        let told = Told { kind: "unready", reason, reference: String::new(), fault };
        (StatusCode::SERVICE_UNAVAILABLE, Extension(told), axum::Json(self)).into_response()
    }
}

impl Answers for Ready {
    fn answers(signature: &mut Signature) {
        for (status, says) in [(200, "The server can be asked."), (503, "It cannot be asked now.")] {
            let content = Some(("application/json", answer_schema::<Self>()));
            signature.answers.push(Answered { status, content, says });
        }
    }
}

/// The process runs.
pub(crate) async fn live() -> axum::Json<Live> {
    axum::Json(Live { status: "live" })
}

/// The store answers and takes writes, the clock can be trusted, and nobody has told the server to end; else what is
/// wrong, and what to do.
pub(crate) async fn ready(State(app): State<SharedApp>) -> Ready {
    let readiness = readiness(&app).await;
    let Readiness { store, clock, stopping } = readiness;
    let to_do = [store, clock].into_iter().flatten().map(|(_, to_do)| to_do).collect();
    let said = |wrong: Wrong| wrong.map_or("ok", |(what, _)| what);
    let status = match (stopping, readiness.is_ready()) {
        (true, _) => "stopping",
        (false, true) => "ready",
        (false, false) => "unready",
    };
    Ready { status, clock: said(clock), store: said(store), to_do }
}

/// What only the running server has seen.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Seen {
    clock_ready: bool,
    /// A machine that sends `X-Forwarded-For` and is not in `listen.behind`.
    #[schemars(with = "Option<String>")]
    unasked_proxy: Option<IpAddr>,
    hash_memory_kib: usize,
}

/// What only the running server has seen, for `poundlock doctor`.
pub(crate) async fn seen(State(app): State<SharedApp>) -> axum::Json<Seen> {
    let clock_ready = matches!(app.time.reading(), Reading::Ready { .. });
    let unasked_proxy = app.unasked_proxy.get().copied();
    axum::Json(Seen { clock_ready, unasked_proxy, hash_memory_kib: app.hasher.counts().memory_kib })
}
