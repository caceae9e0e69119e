//! Conformance: each case runs on both engines and must come out alike.
#![expect(clippy::unwrap_used, reason = "tests")]

mod batch;
mod schema;
