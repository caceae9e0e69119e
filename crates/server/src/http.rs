//! HTTP in and out: parses a request into the values a flow takes, and turns what it answers into JSON. Decides nothing.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod body;
pub(crate) mod edge;
pub(crate) mod enrol;
pub(crate) mod error;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod metrics;
pub(crate) mod oidc;
pub(crate) mod openapi;
pub(crate) mod pages;
pub(crate) mod passkey;
pub(crate) mod routes;
pub(crate) mod session;
pub(crate) mod step_up;
pub(crate) mod table;
pub(crate) mod url;
