//! The crate as every other crate sees it: proofs come from checks of real passwords and codes, and from nowhere else.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod begin;
mod inventory;
mod login_model;
mod login_rows;
mod login_table;
mod world;
