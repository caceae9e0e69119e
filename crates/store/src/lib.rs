//! All SQL of Poundlock, on SQLite and PostgreSQL: two executors behind one [`Store`], writes that are values
//! ([`Batch`]), reads that see one snapshot ([`Store::read`]).
//!
//! **Architecture Invariant:** nothing here decides. A statement guards, `poundlock-core` decides; and no lock is held
//! while a caller waits for anything else.

#![warn(missing_docs)]

mod batch;
mod error;
mod executor;
mod lexical;
pub mod migrate;
pub mod migrations;
mod notice;
mod options;
mod reader;
mod row;
mod statement;
mod store;
mod url;
mod value;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use batch::{Batch, Committed, Expect};
pub use error::{CommitError, StoreError};
pub use migrate::Migration;
pub use notice::Notice;
pub use options::{Durability, Options};
pub use reader::Reader;
pub use row::Row;
pub use statement::Statement;
pub use store::{BoxFuture, Store};
pub use url::StoreUrl;
pub use value::Value;
