//! Attacks and vectors against the crate as its users see it. The tests never need a network or a clock of their own.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail by panicking")]

mod differential;
mod explain;
mod forms;
mod rfc;
mod signer;
mod status;
mod traps;
mod verifier;
mod wycheproof;
