//! Decides. Everything Poundlock promises about logins, sessions and tokens is argued here, on plain values.
//!
//! **Architecture Invariant:** nothing in this crate does I/O, knows `async`, reads a clock or draws randomness by
//! itself: `now` and `rng` are parameters.

#![warn(missing_docs)]

pub mod id;
pub mod refresh;
pub mod seal;
pub mod secret;
pub mod time;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
