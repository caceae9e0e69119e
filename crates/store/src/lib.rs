//! All SQL of Poundlock, on SQLite and PostgreSQL: two executors behind one [`Store`], writes that are values
//! ([`Batch`]), reads that see one snapshot ([`Store::read`]).
//!
//! **Architecture Invariant:** nothing here decides. A statement guards, `poundlock-core` decides; and no lock is held
//! while a caller waits for anything else.

#![warn(missing_docs)]

pub mod audit;
mod batch;
pub mod browser;
pub mod chain;
pub mod checkpoint;
pub mod client;
pub mod client_secret;
pub mod code;
mod column;
pub mod consent;
pub mod copy;
pub mod device;
mod error;
mod executor;
pub mod factor;
pub mod guard;
pub mod invite;
pub mod key;
mod lexical;
pub mod login;
mod meter;
pub mod migrate;
pub mod migrations;
mod notice;
mod options;
pub mod outbox;
pub mod passkey;
mod reader;
pub mod refresh;
mod row;
pub mod session;
pub mod setting;
mod statement;
pub mod status;
pub mod step_up;
mod store;
pub mod sweep;
#[cfg(any(test, feature = "testing"))]
mod trace;
mod url;
pub mod user;
mod value;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use batch::{Batch, Committed, Expect};
pub use error::{CommitError, StoreError};
pub use meter::{Ended, Meter, Spreading};
pub use migrate::Migration;
pub use notice::Notice;
pub use options::{Durability, Hold, Options};
pub use reader::Reader;
pub use row::Row;
pub use statement::Statement;
pub use store::{BoxFuture, Store};
pub use url::StoreUrl;
pub use value::Value;

/// What a read gives.
pub type Result<T> = std::result::Result<T, StoreError>;
