//! One snapshot, for the length of one [`crate::Store::read`].

use std::marker::PhantomData;

use crate::error::StoreError;
use crate::executor::{postgres, sqlite};
use crate::row::Row;
use crate::statement::Statement;
use crate::store::at_most_one;
use crate::value::Value;

/// Reads on one snapshot. The lifetime lets the closure of `read` borrow from its surroundings.
pub struct Reader<'env> {
    snapshot: Snapshot,
    env: PhantomData<&'env ()>,
}

enum Snapshot {
    Sqlite(sqlite::Snapshot),
    Postgres(postgres::Snapshot),
}

impl Reader<'_> {
    pub(crate) const fn sqlite(snapshot: sqlite::Snapshot) -> Self {
        Self { snapshot: Snapshot::Sqlite(snapshot), env: PhantomData }
    }

    pub(crate) const fn postgres(snapshot: postgres::Snapshot) -> Self {
        Self { snapshot: Snapshot::Postgres(snapshot), env: PhantomData }
    }

    /// All rows of `statement`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Fault`].
    pub async fn query(&mut self, statement: &'static Statement, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match &mut self.snapshot {
            Snapshot::Sqlite(snapshot) => snapshot.query(statement, &params),
            Snapshot::Postgres(snapshot) => snapshot.query(statement, &params).await,
        }
    }

    /// The row of `statement`, if any.
    ///
    /// # Errors
    /// As [`Reader::query`]; a second row is a fault.
    pub async fn query_opt(
        &mut self,
        statement: &'static Statement,
        params: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        at_most_one(statement, self.query(statement, params).await?)
    }

    pub(crate) async fn end(self) -> Result<(), StoreError> {
        match self.snapshot {
            // Dropping it ends the transaction: there is nothing to wait for.
            Snapshot::Sqlite(_) => Ok(()),
            Snapshot::Postgres(snapshot) => snapshot.end().await,
        }
    }

    /// Ends a snapshot whose reading failed.
    pub(crate) async fn abandon(self) {
        if let Snapshot::Postgres(snapshot) = self.snapshot {
            snapshot.abandon().await;
        }
    }
}
