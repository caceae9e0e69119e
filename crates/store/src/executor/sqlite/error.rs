//! What SQLite's errors mean to a caller. Texts name the statement; SQLite's own messages name tables and columns, never
//! values.

use rusqlite::ffi::{
    SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE,
};
use rusqlite::{Error, ErrorCode};

use crate::error::{CommitError, StoreError};

/// The meaning of an error outside of a batch; `what` is a statement or a deed.
pub(super) fn read(error: &Error, what: &str) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::DiskFull
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied,
        ) => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Fault(format!("`{what}`: {error}")),
    }
}

/// The meaning of an error of statement number `at` of a batch.
pub(super) fn statement(error: &Error, at: usize, what: &str) -> CommitError {
    if is_conflict(error) {
        return CommitError::Conflict { statement: at };
    }
    write(error, what)
}

/// The meaning of an error while writing.
pub(super) fn write(error: &Error, what: &str) -> CommitError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly) => CommitError::Full,
        _ => read(error, what).into(),
    }
}

/// The meaning of an error of COMMIT itself. After a failed sync the pages may still reach the disk, so a crash could
/// bring the batch back: nobody can tell.
pub(super) fn commit(error: &Error) -> CommitError {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => CommitError::Unknown,
        _ => write(error, "COMMIT"),
    }
}

/// Two writers wanted the same unique key, or a row that another points at is gone: the loser decided on an old state.
fn is_conflict(error: &Error) -> bool {
    let Error::SqliteFailure(failure, _) = error else { return false };
    matches!(
        failure.extended_code,
        SQLITE_CONSTRAINT_UNIQUE
            | SQLITE_CONSTRAINT_PRIMARYKEY
            | SQLITE_CONSTRAINT_ROWID
            | SQLITE_CONSTRAINT_FOREIGNKEY
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn failure(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn each_code_has_its_meaning() {
        let at = |code| statement(&failure(code), 3, "X");
        assert_eq!(at(SQLITE_CONSTRAINT_UNIQUE), CommitError::Conflict { statement: 3 });
        assert_eq!(at(SQLITE_CONSTRAINT_FOREIGNKEY), CommitError::Conflict { statement: 3 });
        assert!(matches!(at(ffi::SQLITE_CONSTRAINT_CHECK), CommitError::Fault(_)));
        assert!(matches!(at(ffi::SQLITE_CONSTRAINT_NOTNULL), CommitError::Fault(_)));
        assert_eq!(at(ffi::SQLITE_FULL), CommitError::Full);
        assert_eq!(at(ffi::SQLITE_READONLY), CommitError::Full);
        assert!(matches!(at(ffi::SQLITE_IOERR_WRITE), CommitError::Unavailable(_)));
        assert!(matches!(at(ffi::SQLITE_BUSY), CommitError::Unavailable(_)));
        assert!(matches!(at(ffi::SQLITE_CORRUPT), CommitError::Fault(_)));
    }

    #[test]
    fn a_failed_sync_at_commit_is_unknown() {
        assert_eq!(commit(&failure(ffi::SQLITE_IOERR_FSYNC)), CommitError::Unknown);
        assert_eq!(commit(&failure(ffi::SQLITE_FULL)), CommitError::Full);
    }
}
