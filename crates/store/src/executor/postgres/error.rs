//! What PostgreSQL's errors mean to a caller. Texts hold code and message, never DETAIL, which quotes rows.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

use super::run::Failed;
use crate::error::{CommitError, StoreError};

/// What to do after an error before COMMIT was sent: nothing is in force then.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The same batch on a fresh connection may pass.
    Again(String),
    /// Forget the prepared statements, then again: the schema changed under them.
    Prepare(String),
    /// It is final.
    Final(CommitError),
}

/// The meaning of an error outside of a batch; `what` is a statement or a deed.
pub(super) fn read(error: &Error, what: &str) -> StoreError {
    match error.as_db_error() {
        Some(db) if !ends_connection(db) => match class(db) {
            Class::Busy | Class::Collision | Class::Stale => StoreError::Unavailable(text(db)),
            Class::Full | Class::Conflict | Class::Other => StoreError::Fault(format!("`{what}`: {}", text(db))),
        },
        Some(db) => StoreError::Unavailable(text(db)),
        None if is_lost(error) => StoreError::Unavailable(error.to_string()),
        None => StoreError::Fault(format!("`{what}`: {}", causes(error))),
    }
}

/// The meaning of an error of statement number `at` of a batch.
pub(super) fn statement(failed: Failed, at: usize, what: &str) -> Verdict {
    match failed {
        Failed::Fault(text) => Verdict::Final(CommitError::Fault(text)),
        Failed::Postgres(error) => before_commit(&error, at, what),
    }
}

/// The meaning of an error before COMMIT was sent.
pub(super) fn before_commit(error: &Error, at: usize, what: &str) -> Verdict {
    let Some(db) = error.as_db_error() else {
        if is_lost(error) {
            return Verdict::Again(error.to_string());
        }
        return Verdict::Final(CommitError::Fault(format!("`{what}`: {}", causes(error))));
    };
    if ends_connection(db) {
        return Verdict::Again(text(db));
    }
    match class(db) {
        Class::Collision => Verdict::Again(text(db)),
        Class::Stale => Verdict::Prepare(text(db)),
        Class::Conflict => Verdict::Final(CommitError::Conflict { statement: at }),
        Class::Full => Verdict::Final(CommitError::Full),
        Class::Busy => Verdict::Final(CommitError::Unavailable(text(db))),
        Class::Other => Verdict::Final(CommitError::Fault(format!("`{what}`: {}", text(db)))),
    }
}

/// The meaning of an error of BEGIN. A standby refuses a transaction that may write as a feature that it lacks (0A000).
pub(super) fn at_begin(error: &Error, what: &str) -> Verdict {
    match error.as_db_error() {
        Some(db) if db.code() == &SqlState::FEATURE_NOT_SUPPORTED => Verdict::Final(CommitError::Full),
        _ => before_commit(error, 0, what),
    }
}

/// The meaning of an error of COMMIT: final only when the server lived to say that it rolled back.
pub(super) fn at_commit(error: &Error) -> Verdict {
    match error.as_db_error() {
        Some(db) if !ends_connection(db) && !says_unknown(db.code()) => before_commit(error, 0, "COMMIT"),
        _ => Verdict::Final(CommitError::Unknown),
    }
}

/// Whether the connection is gone, so that nothing more can be learned on it.
pub(super) fn is_lost(error: &Error) -> bool {
    let io = || std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>());
    error.as_db_error().map_or_else(|| error.is_closed() || io(), ends_connection)
}

enum Class {
    /// A deadlock or serialization failure: the same batch may pass.
    Collision,
    /// A cached statement no longer fits the schema.
    Stale,
    /// Another was first.
    Conflict,
    /// The disk is full, or the server is read-only.
    Full,
    /// Out of time or of resources.
    Busy,
    /// A mistake of ours.
    Other,
}

fn class(db: &DbError) -> Class {
    // "cached plan must not change result type" shares its code with much else; the routine tells it apart.
    if db.routine() == Some("RevalidateCachedQuery") {
        return Class::Stale;
    }
    match db.code().code() {
        "40001" | "40P01" => Class::Collision,
        "26000" => Class::Stale,
        "23505" | "23503" | "23P01" => Class::Conflict,
        "53100" | "25006" => Class::Full,
        "57014" | "55P03" | "25P03" => Class::Busy,
        other if other.starts_with("53") || other.starts_with("57P") || other.starts_with("58") => Class::Busy,
        _ => Class::Other,
    }
}

fn says_unknown(code: &SqlState) -> bool {
    matches!(code.code(), "40003" | "08007")
}

fn ends_connection(db: &DbError) -> bool {
    matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) || db.code().code().starts_with("08")
}

fn text(db: &DbError) -> String {
    format!("{} ({})", db.message(), db.code().code())
}

/// The error with its causes: a conversion error says only in its cause what did not fit.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Whether a cached statement no longer fits the schema.
pub(super) fn is_stale(error: &Error) -> bool {
    error.as_db_error().is_some_and(|db| matches!(class(db), Class::Stale))
}
