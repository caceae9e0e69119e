//! `/v1/session` and `/v1/sessions`.

mod end;
mod freshness;
mod limits;
mod model;
mod race;
mod refresh;
mod sign_out;
mod theft;
mod tokens;
