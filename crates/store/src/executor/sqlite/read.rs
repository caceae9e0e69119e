//! Read-only connections, used on the calling thread: a read is microseconds. Taking one never waits: when none is idle,
//! another is opened.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::{connect, error, run};
use crate::error::StoreError;
use crate::options::Options;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

/// The idle read connections of one file.
pub(super) struct Readers {
    path: PathBuf,
    options: Options,
    idle: Mutex<Idle>,
}

struct Idle {
    connections: Vec<Connection>,
    closed: bool,
}

impl Readers {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let first = connect::reader(path, options)?;
        let idle = Mutex::new(Idle { connections: vec![first], closed: false });
        Ok(Self { path: path.to_owned(), options: *options, idle })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn lease(home: &Arc<Self>) -> Result<Lease, StoreError> {
        let idle = {
            let mut idle = home.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.closed {
                return Err(StoreError::Unavailable("it was closed".to_owned()));
            }
            idle.connections.pop()
        };
        let connection = match idle {
            Some(connection) => connection,
            None => connect::reader(&home.path, &home.options)?,
        };
        Ok(Lease { connection: Some(connection), home: Arc::clone(home) })
    }

    pub(super) fn close(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.closed = true;
        idle.connections.clear();
    }

    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).connections.len()
    }

    fn take_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !idle.closed && idle.connections.len() < self.options.connections {
            idle.connections.push(connection);
        }
    }
}

/// A read connection on loan; goes back when dropped.
pub(super) struct Lease {
    connection: Option<Connection>,
    home: Arc<Readers>,
}

impl Lease {
    pub(super) fn begin(self) -> Result<Snapshot, StoreError> {
        self.connection()?
            .prepare_cached("BEGIN")
            .and_then(|mut begin| begin.execute([]))
            .map_err(|e| error::read(&e, "BEGIN"))?;
        Ok(Snapshot { lease: self })
    }

    pub(super) fn query(&self, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        run::query(self.connection()?, statement, params)
    }

    pub(super) fn check(&self, statement: &'static Statement) -> Result<(), StoreError> {
        self.connection()?.prepare_cached(statement.sql()).map(drop).map_err(|e| error::read(&e, statement.sql()))
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or_else(|| StoreError::Fault("a lease without a connection".to_owned()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // Also when the reading future was dropped half-way: a snapshot left open would hold the WAL for ever.
        let clean = connection.is_autocommit()
            || connection.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([])).is_ok();
        if clean {
            self.home.take_back(connection);
        }
    }
}

/// A read transaction.
pub(crate) struct Snapshot {
    lease: Lease,
}

impl Snapshot {
    pub(crate) fn query(&self, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.lease.query(statement, params)
    }
}
