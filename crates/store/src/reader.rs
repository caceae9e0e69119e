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
    #[cfg(any(test, feature = "testing"))]
    trace: Option<crate::trace::Trace>,
}

enum Snapshot {
    Sqlite(sqlite::Snapshot),
    Postgres(postgres::Snapshot),
}

impl Reader<'_> {
    pub(crate) const fn sqlite(snapshot: sqlite::Snapshot) -> Self {
        Self::of(Snapshot::Sqlite(snapshot))
    }

    pub(crate) const fn postgres(snapshot: postgres::Snapshot) -> Self {
        Self::of(Snapshot::Postgres(snapshot))
    }

    const fn of(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            env: PhantomData,
            #[cfg(any(test, feature = "testing"))]
            trace: None,
        }
    }

    /// Tells a test what is read.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn tell(&mut self, trace: crate::trace::Trace) {
        self.trace = Some(trace);
    }

    /// All rows of `statement`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Fault`].
    pub async fn query(&mut self, statement: &'static Statement, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        #[cfg(any(test, feature = "testing"))]
        if let Some(trace) = &self.trace {
            trace.note(statement);
        }
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
