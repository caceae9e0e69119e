//! The integration tests of the server: one binary, modules that mirror the URL table.

mod attempt;
mod cli;
mod http;
