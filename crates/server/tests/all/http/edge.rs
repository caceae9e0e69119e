//! What every route has in front of it.

mod body;
mod clock;
mod cors;
mod headers;
mod health;
mod host;
mod https;
mod source;
