//! Tests by route.

mod admin;
mod edge;
mod factors;
mod invite;
mod login;
mod main_path;
