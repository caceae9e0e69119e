//! Invites and tickets: spent once, by a guarded write.

use poundlock_core::id::InviteId;
use poundlock_core::invite::InviteRow;
use poundlock_core::time::Time;

use crate::column::{digest, id, opt_time};
use crate::sweep::AT_ONCE;
use crate::{Batch, Expect, Result, Row, Statement, Store, params};

static BY_ID: Statement =
    Statement::new("SELECT id, digest, sealed, made_at, expires_at, used_at FROM invite WHERE id = ?1");
static LIVE: Statement = Statement::new(
    "SELECT id, digest, sealed, made_at, expires_at, used_at FROM invite
     WHERE used_at IS NULL AND expires_at > ?1 ORDER BY id",
);
static INSERT: Statement = Statement::new(
    "INSERT INTO invite (id, digest, sealed, made_at, expires_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
);
static SPEND: Statement =
    Statement::new("UPDATE invite SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL AND expires_at > ?2");
static END_ALL: Statement = Statement::new("DELETE FROM invite");
static SWEEP: Statement = Statement::new(
    "DELETE FROM invite WHERE id IN (SELECT id FROM invite WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2) RETURNING id",
);

/// Reads an invite's row.
pub async fn by_id(store: &Store, invite: InviteId) -> Result<Option<InviteRow>> {
    store.query_opt(&BY_ID, params![invite]).await?.as_ref().map(invite_row).transpose()
}

/// Invites that can still be used.
pub async fn live(store: &Store, now: Time) -> Result<Vec<InviteRow>> {
    store.query(&LIVE, params![now]).await?.iter().map(invite_row).collect()
}

/// Stores a new invite.
pub fn insert(batch: &mut Batch, row: &InviteRow) {
    batch.push(
        &INSERT,
        params![row.id, row.digest, row.sealed.as_slice(), row.made_at, row.expires_at],
        Expect::Rows(1),
    );
}

/// Spends an invite: of many acceptances at once, one passes.
pub fn spend(batch: &mut Batch, invite: InviteId, now: Time) {
    batch.push(&SPEND, params![invite, now], Expect::Rows(1));
}

/// Ends every invite: a restore.
pub fn end_all(batch: &mut Batch) {
    batch.push(&END_ALL, params![], Expect::Any);
}

/// Removes invites that ended before `before`, the first [`AT_ONCE`] of them.
pub fn sweep(batch: &mut Batch, before: Time) {
    batch.push(&SWEEP, params![before, AT_ONCE], Expect::Any);
}

fn invite_row(row: &Row) -> Result<InviteRow> {
    Ok(InviteRow {
        id: id(row, 0, InviteId::from_bytes)?,
        digest: digest(row, 1)?,
        sealed: row.bytes(2)?.to_vec(),
        made_at: row.time(3)?,
        expires_at: row.time(4)?,
        used_at: opt_time(row, 5)?,
    })
}
