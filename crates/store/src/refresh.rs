//! Refresh families: one row a family, rotated by compare-and-set on the generation.

use poundlock_core::id::{FamilyId, SessionId};
use poundlock_core::refresh::{Ending, FamilyRow, Retry, Rotation};
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;

use crate::column::{digest, id, opt_id, opt_time};
use crate::{Batch, Expect, Reader, Result, Row, Statement, params};

static BY_ID: Statement = Statement::new(
    "SELECT id, session, client, generation, current, previous, successor, rotated_at, rotated_source, retries,
            binding, ended_at, end_reason, sealed
     FROM refresh WHERE id = ?1",
);
static INSERT: Statement = Statement::new(
    "INSERT INTO refresh (id, session, client, generation, current, previous, successor, rotated_at, rotated_source,
                          retries, binding, ended_at, end_reason, sealed)
     VALUES (?1, ?2, ?3, ?4, ?5, NULL, NULL, NULL, NULL, 0, ?6, NULL, NULL, ?7)",
);
// The successor column is overwritten here: the old successor is gone in the batch that first uses it.
static ROTATE: Statement = Statement::new(
    "UPDATE refresh SET generation = ?3, current = ?4, previous = ?5, successor = ?6, rotated_at = ?7,
                        rotated_source = ?8, retries = ?9
     WHERE id = ?1 AND generation = ?2 AND current = ?5 AND ended_at IS NULL",
);
static RETRY: Statement = Statement::new(
    "UPDATE refresh SET retries = retries + 1
     WHERE id = ?1 AND generation = ?2 AND retries < ?3 AND ended_at IS NULL",
);
static END: Statement =
    Statement::new("UPDATE refresh SET ended_at = ?2, end_reason = ?3 WHERE id = ?1 AND ended_at IS NULL");
static END_OF_SESSION: Statement =
    Statement::new("UPDATE refresh SET ended_at = ?2, end_reason = ?3 WHERE session = ?1 AND ended_at IS NULL");
static END_ALL: Statement = Statement::new("UPDATE refresh SET ended_at = ?1, end_reason = ?2 WHERE ended_at IS NULL");

/// Reads a family inside a snapshot.
pub async fn in_snapshot(r: &mut Reader<'_>, family: FamilyId) -> Result<Option<FamilyRow>> {
    r.query_opt(&BY_ID, params![family]).await?.as_ref().map(family_row).transpose()
}

/// Stores a new family.
pub fn insert(batch: &mut Batch, row: &FamilyRow) {
    batch.push(
        &INSERT,
        params![
            row.id,
            row.session,
            row.client.as_str(),
            i64::from(row.generation),
            row.current,
            row.binding.clone(),
            row.seal.as_slice()
        ],
        Expect::Rows(1),
    );
}

/// Rotates: of many at once from one generation, one passes.
pub fn rotate(batch: &mut Batch, rotation: &Rotation) {
    batch.push(
        &ROTATE,
        params![
            rotation.family,
            i64::from(rotation.expected_generation),
            i64::from(rotation.generation),
            rotation.current,
            rotation.previous,
            rotation.successor.as_slice(),
            rotation.rotated_at,
            rotation.rotated_source,
            i64::from(rotation.retries)
        ],
        Expect::Rows(1),
    );
}

/// Counts a retry of the previous token.
pub fn retry(batch: &mut Batch, retry: &Retry) {
    batch.push(
        &RETRY,
        params![retry.family, i64::from(retry.expected_generation), i64::from(retry.retries_below)],
        Expect::Rows(1),
    );
}

/// Ends one family, if it lives.
pub fn end(batch: &mut Batch, family: FamilyId, now: Time, reason: &str) {
    batch.push(&END, params![family, now, reason], Expect::AtMost(1));
}

/// Ends every family of a session.
pub fn end_of_session(batch: &mut Batch, session: SessionId, now: Time, reason: &str) {
    batch.push(&END_OF_SESSION, params![session, now, reason], Expect::Any);
}

/// Ends every family there is: a restore.
pub fn end_all(batch: &mut Batch, now: Time, reason: &str) {
    batch.push(&END_ALL, params![now, reason], Expect::Any);
}

fn family_row(row: &Row) -> Result<FamilyRow> {
    let ended =
        opt_time(row, 11)?.map(|at| Ending { at, reason: row.opt_text(12).ok().flatten().unwrap_or("").to_owned() });
    Ok(FamilyRow {
        id: id(row, 0, FamilyId::from_bytes)?,
        session: id(row, 1, SessionId::from_bytes)?,
        client: row.text(2)?.to_owned(),
        generation: u32::try_from(row.int(3)?).unwrap_or(u32::MAX),
        current: digest(row, 4)?,
        previous: opt_id(row, 5, Digest::from_bytes)?,
        successor: row.opt_bytes(6)?.map(<[u8]>::to_vec),
        rotated_at: opt_time(row, 7)?,
        rotated_source: opt_id(row, 8, Digest::from_bytes)?,
        retries: u32::try_from(row.int(9)?).unwrap_or(u32::MAX),
        binding: row.opt_text(10)?.map(str::to_owned),
        ended,
        seal: row.bytes(13)?.to_vec(),
    })
}
