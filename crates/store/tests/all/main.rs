//! Conformance: each case runs on both engines and must come out alike. What only one engine has follows in a module of
//! its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod batch;
mod every;
mod migrate;
mod notice;
mod nouns;
mod postgres;
mod race;
mod read;
mod schema;
mod sqlite;
mod value;
