//! Audit records as they are written and read back, and the keys of their personal parts. A record is never changed:
//! only its `sealed` mark moves, once, when [`crate::chain`] links it.

use poundlock_core::audit::Record;
use poundlock_core::id::{RecordId, UserId};
use poundlock_core::time::Time;

use crate::column::id;
use crate::{Batch, Expect, Result, Row, Statement, Store, params};

static INSERT: Statement = Statement::new(
    "INSERT INTO audit_record (id, node, account, event, at, body, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
);
static BY_ID: Statement = Statement::new("SELECT id, body FROM audit_record WHERE id = ?1");
static TAIL: Statement = Statement::new("SELECT id, body FROM audit_record ORDER BY id DESC LIMIT ?1");
static AFTER: Statement = Statement::new("SELECT id, body FROM audit_record WHERE id > ?1 ORDER BY id LIMIT ?2");
static MONTH_KEY: Statement = Statement::new("SELECT sealed FROM audit_month WHERE month = ?1");
static MONTH_KEY_NEW: Statement =
    Statement::new("INSERT INTO audit_month (month, sealed) VALUES (?1, ?2) ON CONFLICT (month) DO NOTHING");
static MONTH_KEYS_BEFORE: Statement = Statement::new("DELETE FROM audit_month WHERE month < ?1");

/// A record as it stands in the store.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// Row id; the reference people are shown.
    pub id: RecordId,
    /// Canonical text.
    pub body: Vec<u8>,
}

/// Inserts a record in the batch that decides: without it nothing is decided (AUD-07).
pub fn insert(batch: &mut Batch, id: RecordId, node: &str, user: Option<UserId>, at: Time, record: (&str, &[u8])) {
    batch.push(&INSERT, params![id, node, user, record.0, at, record.1], Expect::Rows(1));
}

/// Inserts a record as `core` made it.
pub fn record(batch: &mut Batch, record: &Record) {
    let body = record.canonical();
    batch.events.push(record.event());
    let event = record.event().name();
    insert(batch, record.id(), record.node().as_str(), record.user(), record.at(), (event, body.as_bytes()));
}

/// Reads one record.
pub async fn by_id(store: &Store, record: RecordId) -> Result<Option<StoredRecord>> {
    store.query_opt(&BY_ID, params![record]).await?.as_ref().map(record_row).transpose()
}

/// The newest records, newest first.
pub async fn tail(store: &Store, limit: i64) -> Result<Vec<StoredRecord>> {
    store.query(&TAIL, params![limit]).await?.iter().map(record_row).collect()
}

/// Records after one, oldest first.
pub async fn after(store: &Store, after: RecordId, limit: i64) -> Result<Vec<StoredRecord>> {
    store.query(&AFTER, params![after, limit]).await?.iter().map(record_row).collect()
}

/// The sealed key of a month.
pub async fn month_key(store: &Store, month: &str) -> Result<Option<Vec<u8>>> {
    store.query_opt(&MONTH_KEY, params![month]).await?.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// Stores the key of a month unless another node was first.
pub fn put_month_key(batch: &mut Batch, month: &str, sealed: &[u8]) {
    batch.push(&MONTH_KEY_NEW, params![month, sealed], Expect::AtMost(1));
}

/// Destroys the keys of months before `month`: what they sealed is gone.
pub fn forget_months(batch: &mut Batch, month: &str) {
    batch.push(&MONTH_KEYS_BEFORE, params![month], Expect::Any);
}

/// A record from a row that begins with its id and its text.
pub(crate) fn record_row(row: &Row) -> Result<StoredRecord> {
    Ok(StoredRecord { id: id(row, 0, RecordId::from_bytes)?, body: row.bytes(1)?.to_vec() })
}
