//! One module for each place of the URL table.

mod account;
mod admin;
mod bad_input;
pub(crate) mod behind;
mod edge;
mod factors;
mod invite;
mod keys;
mod login;
mod main_path;
mod metrics;
mod oidc;
mod openapi;
mod pages;
mod passkey;
mod relocation;
mod restore;
mod session;
mod status;
