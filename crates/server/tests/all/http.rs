//! Tests by route.

mod factors;
mod main_path;
