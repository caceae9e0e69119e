//! The integration tests of the server: one binary, modules that mirror the URL table.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets something else must fail, and says where"
)]

mod attempt;
mod cli;
mod http;
mod nodes;
mod process;
mod running;
