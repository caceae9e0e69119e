//! Tests by route.

mod admin;
mod factors;
mod main_path;
