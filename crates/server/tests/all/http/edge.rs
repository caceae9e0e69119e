//! What every route has in front of it.

mod body;
mod clock;
mod source;
