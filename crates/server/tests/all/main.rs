//! The integration tests of the server: one binary, modules that mirror the URL table.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends when something is not as it should be"
)]

mod attempt;
mod http;
mod process;
