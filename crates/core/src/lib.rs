//! Decides. Everything Poundlock promises about logins, sessions and tokens is argued here, on plain values.
//!
//! **Architecture Invariant:** nothing in this crate does I/O, knows `async`, reads a clock or draws randomness by
//! itself: `now` and `rng` are parameters.

#![warn(missing_docs)]

pub mod audit;
pub mod backup;
pub mod client;
pub mod denial;
pub mod device;
pub mod evidence;
pub mod guard;
pub mod id;
pub mod invite;
pub mod jws;
pub mod keys;
pub mod login;
pub mod password;
pub mod policy;
pub mod recovery;
pub mod refresh;
pub mod seal;
pub mod secret;
pub mod session;
pub mod source;
pub mod status;
pub mod step_up;
pub mod throttle;
pub mod time;
pub mod timekeeping;
pub mod token;
pub mod totp;
pub mod user;
pub mod whole;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(doctest)]
mod unforgeable;
