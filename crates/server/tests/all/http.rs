//! Tests by route.

mod main_path;
