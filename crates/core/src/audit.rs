//! The audit log's decisions: what is recorded, in which bytes, how records are chained, signed, exported and checked.
//!
//! A [`Record`] is made from a decided step and stored in the batch that decides, so that a change whose record cannot
//! be written does not happen (AUD-07). A sealer later gives each record its [`Link`] in the chain of its node, and a
//! signed [`Checkpoint`] names the heads of all chains. An [`Export`] is text that [`verify_export`] checks offline.
//!
//! What this must never do: hold a password, code, seed, token or cookie (AUD-03), put a name or address outside the
//! part sealed under a [`PersonalKey`], or write user input unescaped (AUD-04).

mod canonical;
mod chain;
mod checkpoint;
mod collapse;
mod detail;
mod event;
mod explain;
mod export;
mod finding;
mod personal;
mod record;
mod utc;
mod verify;

#[cfg(test)]
mod tests;

pub use chain::{BadNodeName, Chain, Head, Link, NodeName, Stretch, stretches};
pub use checkpoint::{BadCheckpoint, BadKey, Checkpoint, CheckpointKey, PublicKey};
pub use collapse::{Collapser, Offered};
pub use detail::{Key, Lane, Value};
pub use event::{Event, Outcome, Severity};
pub use explain::explain;
pub use export::Export;
pub use finding::{Fault, Finding, Report};
pub use personal::{Month, Owner, Personal, PersonalKey};
pub use record::{BadRecord, Record};
pub use utc::utc;
pub use verify::{Verifier, verify_export};
