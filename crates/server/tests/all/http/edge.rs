//! What every route has in front of it.

mod source;
