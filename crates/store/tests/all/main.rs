//! Conformance: each case runs on both engines and must come out alike. What only one engine has follows in a module of
//! its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::future::Future;
use std::time::Duration;

mod batch;
mod copy;
mod every;
mod failover;
mod hold;
mod meter;
mod migrate;
mod notice;
mod nouns;
mod postgres;
mod race;
mod read;
mod schema;
mod sqlite;
mod value;

/// What `future` gives, or a failed test: an event that never comes must not hang the run.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap()
}
