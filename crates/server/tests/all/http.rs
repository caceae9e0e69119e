//! Tests by route.

mod edge;
mod factors;
mod invite;
mod login;
mod main_path;
