//! Browsers' sessions: one row a session, beside it. It goes with its session.

use poundlock_core::browser::BrowserRow;
use poundlock_core::id::SessionId;
use poundlock_core::time::Time;

use crate::column::{digest, id};
use crate::{Batch, Expect, Result, Statement, Store, params};

static BY_SESSION: Statement = Statement::new("SELECT session, digest, sealed FROM browser WHERE session = ?1");
static INSERT: Statement =
    Statement::new("INSERT INTO browser (session, digest, sealed, shown, shown_until) VALUES (?1, ?2, ?3, ?4, ?5)");
static REPLACE: Statement = Statement::new("UPDATE browser SET digest = ?2, sealed = ?3 WHERE session = ?1");
static SHOWN: Statement = Statement::new("SELECT shown FROM browser WHERE session = ?1 AND shown IS NOT NULL");
static SHOW: Statement = Statement::new("UPDATE browser SET shown = ?2, shown_until = ?3 WHERE session = ?1");
static SAVED: Statement = Statement::new("UPDATE browser SET shown = NULL, shown_until = NULL WHERE session = ?1");
static SWEEP: Statement =
    Statement::new("UPDATE browser SET shown = NULL, shown_until = NULL WHERE shown IS NOT NULL AND shown_until < ?1");
static END_ALL: Statement = Statement::new("DELETE FROM browser");

/// Reads the browser of a session.
pub async fn of_session(store: &Store, session: SessionId) -> Result<Option<BrowserRow>> {
    let Some(row) = store.query_opt(&BY_SESSION, params![session]).await? else { return Ok(None) };
    Ok(Some(BrowserRow {
        session: id(&row, 0, SessionId::from_bytes)?,
        digest: digest(&row, 1)?,
        sealed: row.bytes(2)?.to_vec(),
    }))
}

/// What waits to be shown to the browser of a session, sealed.
pub async fn shown(store: &Store, session: SessionId) -> Result<Option<Vec<u8>>> {
    let Some(row) = store.query_opt(&SHOWN, params![session]).await? else { return Ok(None) };
    Ok(row.opt_bytes(0)?.map(<[u8]>::to_vec))
}

/// Stores the browser of a new session, with what it is to be shown once.
pub fn insert(batch: &mut Batch, row: &BrowserRow, shown: Option<(&[u8], Time)>) {
    let (shown, until) = shown.map_or((None, None), |(shown, until)| (Some(shown.to_vec()), Some(until)));
    batch.push(&INSERT, params![row.session, row.digest, row.sealed.as_slice(), shown, until], Expect::Rows(1));
}

/// Gives the browser of a session another secret: the old one opens nothing from then on.
pub fn replace(batch: &mut Batch, row: &BrowserRow) {
    batch.push(&REPLACE, params![row.session, row.digest, row.sealed.as_slice()], Expect::Rows(1));
}

/// Leaves something to be shown once.
pub fn show(batch: &mut Batch, session: SessionId, shown: &[u8], until: Time) {
    batch.push(&SHOW, params![session, shown, until], Expect::Rows(1));
}

/// Forgets what was shown: its owner has it.
pub fn saved(batch: &mut Batch, session: SessionId) {
    batch.push(&SAVED, params![session], Expect::AtMost(1));
}

/// Forgets what nobody came to see.
pub fn sweep(batch: &mut Batch, before: Time) {
    batch.push(&SWEEP, params![before], Expect::Any);
}

/// Forgets every browser there is: a restore.
pub fn end_all(batch: &mut Batch) {
    batch.push(&END_ALL, params![], Expect::Any);
}
