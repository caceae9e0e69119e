//! Signed checkpoints of the audit log, in the order of their numbers, and the one at which the log was pruned.

use poundlock_core::audit::Checkpoint;
use poundlock_core::time::Time;

use crate::{Batch, Expect, Reader, Result, Row, Statement, Store, params};

/// The setting that holds the checkpoint at which the log begins, once it was pruned.
const CUT: &str = "audit.cut";

static INSERT: Statement = Statement::new("INSERT INTO audit_checkpoint (number, at, body) VALUES (?1, ?2, ?3)");
static LAST: Statement = Statement::new("SELECT body FROM audit_checkpoint ORDER BY number DESC LIMIT 1");
static AFTER: Statement =
    Statement::new("SELECT body, number FROM audit_checkpoint WHERE number > ?1 ORDER BY number LIMIT ?2");
static BEFORE: Statement =
    Statement::new("SELECT body FROM audit_checkpoint WHERE at < ?1 ORDER BY number DESC LIMIT 1");
static STANDS: Statement = Statement::new("UPDATE audit_checkpoint SET at = at WHERE number = ?1");
static PRUNE: Statement = Statement::new("DELETE FROM audit_checkpoint WHERE number < ?1");
static CUT_READ: Statement = Statement::new("SELECT value FROM setting WHERE name = ?1");

/// Stores a signed checkpoint: a conflict when another node signed its number first.
pub fn insert(batch: &mut Batch, checkpoint: &Checkpoint) {
    let text = checkpoint.canonical();
    batch.push(&INSERT, params![number(checkpoint.number()), checkpoint.at(), text], Expect::Rows(1));
}

/// The newest checkpoint, read in the snapshot that reads the heads.
pub async fn last(r: &mut Reader<'_>) -> Result<Option<Checkpoint>> {
    r.query_opt(&LAST, params![]).await?.as_ref().map(checkpoint_row).transpose()
}

/// Checkpoints after a number, oldest first, each with the number of its row; `None` for a text that is no checkpoint
/// any more: an export leaves it out, and the check of the export finds it missing.
pub async fn after(store: &Store, after: u64, limit: i64) -> Result<Vec<(u64, Option<Checkpoint>)>> {
    let rows = store.query(&AFTER, params![number(after), limit]).await?;
    rows.iter().map(|row| Ok((u64::try_from(row.int(1)?).unwrap_or(0), Checkpoint::parse(row.text(0)?).ok()))).collect()
}

/// The newest checkpoint made before `at`.
pub async fn before(store: &Store, at: Time) -> Result<Option<Checkpoint>> {
    store.query_opt(&BEFORE, params![at]).await?.as_ref().map(checkpoint_row).transpose()
}

/// The checkpoint at which the log begins; `None` when it was never pruned.
pub async fn cut(r: &mut Reader<'_>) -> Result<Option<Checkpoint>> {
    let row = r.query_opt(&CUT_READ, params![CUT]).await?;
    row.map(|row| {
        row.bytes_as(0, |bytes| std::str::from_utf8(bytes).ok().and_then(|text| Checkpoint::parse(text).ok()))
    })
    .transpose()
}

/// Removes the checkpoints before `cut`, at which the log begins from now on. A conflict when the log was pruned later
/// than that meanwhile.
pub fn prune(batch: &mut Batch, cut: &Checkpoint) {
    batch.push(&STANDS, params![number(cut.number())], Expect::Rows(1));
    batch.push(&PRUNE, params![number(cut.number())], Expect::Any);
    crate::setting::put(batch, CUT, cut.canonical().as_bytes());
}

fn checkpoint_row(row: &Row) -> Result<Checkpoint> {
    row.text_as(0, |text| Checkpoint::parse(text).ok())
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
