//! Audit records as they are written, sealed into chains, and read back. A record is never changed: only its `sealed`
//! mark moves, once.

use poundlock_core::audit::{Link, Record};
use poundlock_core::id::{RecordId, UserId};
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;

use crate::column::{digest, id};
use crate::{Batch, Expect, Result, Row, Statement, Store, params};

static INSERT: Statement = Statement::new(
    "INSERT INTO audit_record (id, node, account, event, at, body, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
);
static BY_ID: Statement = Statement::new("SELECT id, body FROM audit_record WHERE id = ?1");
static UNSEALED: Statement =
    Statement::new("SELECT id, body FROM audit_record WHERE node = ?1 AND sealed = 0 ORDER BY id LIMIT ?2");
static UNSEALED_COUNT: Statement = Statement::new("SELECT count(*) FROM audit_record WHERE sealed = 0");
static MARK: Statement = Statement::new("UPDATE audit_record SET sealed = 1 WHERE id = ?1 AND sealed = 0");
static LINK: Statement =
    Statement::new("INSERT INTO audit_link (chain, seq, record, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5)");
static HEADS: Statement = Statement::new(
    "SELECT l.chain, l.seq, l.hash FROM audit_link l
     WHERE l.seq = (SELECT max(m.seq) FROM audit_link m WHERE m.chain = l.chain) ORDER BY l.chain",
);
static LINKS_AFTER: Statement = Statement::new(
    "SELECT l.chain, l.seq, l.record, l.previous, l.hash, r.body FROM audit_link l
     JOIN audit_record r ON r.id = l.record
     WHERE (l.chain, l.seq) > (?1, ?2) ORDER BY l.chain, l.seq LIMIT ?3",
);
static TAIL: Statement = Statement::new("SELECT id, body FROM audit_record ORDER BY id DESC LIMIT ?1");
static AFTER: Statement = Statement::new("SELECT id, body FROM audit_record WHERE id > ?1 ORDER BY id LIMIT ?2");
static CHECKPOINT: Statement = Statement::new("INSERT INTO audit_checkpoint (id, at, body) VALUES (?1, ?2, ?3)");
static CHECKPOINTS: Statement = Statement::new("SELECT body FROM audit_checkpoint ORDER BY id");
static LAST_CHECKPOINT: Statement = Statement::new("SELECT body FROM audit_checkpoint ORDER BY id DESC LIMIT 1");
static PRUNE_RECORDS: Statement = Statement::new(
    "DELETE FROM audit_record WHERE id IN (SELECT record FROM audit_link WHERE chain = ?1 AND seq <= ?2)",
);
static PRUNE_LINKS: Statement = Statement::new("DELETE FROM audit_link WHERE chain = ?1 AND seq <= ?2");
static PRUNE_CHECKPOINTS: Statement = Statement::new("DELETE FROM audit_checkpoint WHERE at < ?1");
static MONTH_KEY: Statement = Statement::new("SELECT sealed FROM audit_month WHERE month = ?1");
static MONTH_KEY_NEW: Statement =
    Statement::new("INSERT INTO audit_month (month, sealed) VALUES (?1, ?2) ON CONFLICT (month) DO NOTHING");
static MONTH_KEYS_BEFORE: Statement = Statement::new("DELETE FROM audit_month WHERE month < ?1");
static SEEN: Statement = Statement::new(
    "INSERT INTO node (name, seen_at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at",
);
static SILENT: Statement = Statement::new("SELECT name FROM node WHERE seen_at < ?1 ORDER BY name");

/// A record as it stands in the store.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// Row id; the reference people are shown.
    pub id: RecordId,
    /// Canonical text.
    pub body: Vec<u8>,
}

/// A link and the record it holds.
#[derive(Clone, Debug)]
pub struct StoredLink {
    /// Name of the chain.
    pub chain: String,
    /// Place in it.
    pub seq: i64,
    /// The record.
    pub record: StoredRecord,
    /// Hash before it.
    pub previous: Digest,
    /// Its hash.
    pub hash: Digest,
}

/// Inserts a record in the batch that decides: without it nothing is decided (AUD-07).
pub fn insert(batch: &mut Batch, id: RecordId, node: &str, user: Option<UserId>, at: Time, record: (&str, &[u8])) {
    batch.push(&INSERT, params![id, node, user, record.0, at, record.1], Expect::Rows(1));
}

/// Inserts a record as `core` made it.
pub fn record(batch: &mut Batch, record: &Record) {
    let body = record.canonical();
    let event = record.event().name();
    insert(batch, record.id(), record.node().as_str(), record.user(), record.at(), (event, body.as_bytes()));
}

/// Reads one record.
pub async fn by_id(store: &Store, record: RecordId) -> Result<Option<StoredRecord>> {
    store.query_opt(&BY_ID, params![record]).await?.as_ref().map(record_row).transpose()
}

/// Records of a node that no chain holds yet.
pub async fn unsealed(store: &Store, node: &str, limit: i64) -> Result<Vec<StoredRecord>> {
    store.query(&UNSEALED, params![node, limit]).await?.iter().map(record_row).collect()
}

/// How many records no chain holds yet.
pub async fn unsealed_count(store: &Store) -> Result<i64> {
    store.query_opt(&UNSEALED_COUNT, params![]).await?.map_or(Ok(0), |row| row.int(0))
}

/// Puts a record into its chain: a conflict when another sealer was first.
pub fn link(batch: &mut Batch, link: &Link) {
    let seq = i64::try_from(link.seq).unwrap_or(i64::MAX);
    batch.push(&LINK, params![link.chain.as_str(), seq, link.record, link.prev, link.hash], Expect::Rows(1));
    batch.push(&MARK, params![link.record], Expect::Rows(1));
}

/// The last link of every chain: name, place, hash.
pub async fn heads(store: &Store) -> Result<Vec<(String, i64, Digest)>> {
    let rows = store.query(&HEADS, params![]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?, digest(row, 2)?))).collect()
}

/// Links after a place, by chain and place.
pub async fn links_after(store: &Store, chain: &str, seq: i64, limit: i64) -> Result<Vec<StoredLink>> {
    let rows = store.query(&LINKS_AFTER, params![chain, seq, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredLink {
                chain: row.text(0)?.to_owned(),
                seq: row.int(1)?,
                record: StoredRecord { id: id(row, 2, RecordId::from_bytes)?, body: row.bytes(5)?.to_vec() },
                previous: digest(row, 3)?,
                hash: digest(row, 4)?,
            })
        })
        .collect()
}

/// The newest records, newest first.
pub async fn tail(store: &Store, limit: i64) -> Result<Vec<StoredRecord>> {
    store.query(&TAIL, params![limit]).await?.iter().map(record_row).collect()
}

/// Records after one, oldest first.
pub async fn after(store: &Store, after: RecordId, limit: i64) -> Result<Vec<StoredRecord>> {
    store.query(&AFTER, params![after, limit]).await?.iter().map(record_row).collect()
}

/// Stores a signed checkpoint.
pub fn checkpoint(batch: &mut Batch, id: RecordId, at: Time, body: &str) {
    batch.push(&CHECKPOINT, params![id, at, body], Expect::Rows(1));
}

/// Every checkpoint, oldest first.
pub async fn checkpoints(store: &Store) -> Result<Vec<String>> {
    store.query(&CHECKPOINTS, params![]).await?.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// The newest checkpoint.
pub async fn last_checkpoint(store: &Store) -> Result<Option<String>> {
    store.query_opt(&LAST_CHECKPOINT, params![]).await?.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Removes what a checkpoint covers: records and links of one chain up to `seq`.
pub fn prune(batch: &mut Batch, chain: &str, seq: i64) {
    batch.push(&PRUNE_RECORDS, params![chain, seq], Expect::Any);
    batch.push(&PRUNE_LINKS, params![chain, seq], Expect::Any);
}

/// Removes checkpoints made before `at`.
pub fn prune_checkpoints(batch: &mut Batch, at: Time) {
    batch.push(&PRUNE_CHECKPOINTS, params![at], Expect::Any);
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

/// Marks a node as alive.
pub fn seen(batch: &mut Batch, node: &str, now: Time) {
    batch.push(&SEEN, params![node, now], Expect::Rows(1));
}

/// Nodes not seen since `before`, whose tail another node seals.
pub async fn silent(store: &Store, before: Time) -> Result<Vec<String>> {
    store.query(&SILENT, params![before]).await?.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

fn record_row(row: &Row) -> Result<StoredRecord> {
    Ok(StoredRecord { id: id(row, 0, RecordId::from_bytes)?, body: row.bytes(1)?.to_vec() })
}
