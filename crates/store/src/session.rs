//! Sessions: opened, used, listed, ended. "Ended" is a guarded write of the row that every refresh also writes.

use poundlock_core::id::{DeviceId, FactorId, SessionId, UserId};
use poundlock_core::session::SessionRow;
use poundlock_core::time::Time;

use crate::column::{id, opt_id, opt_time};
use crate::sweep::AT_ONCE;
use crate::{Batch, Expect, Reader, Result, Row, Statement, Store, params};

static BY_ID: Statement = Statement::new(
    "SELECT id, account, client, factor, device, version, opened_at, used_at, idle_until, expires_at, ended_at,
            status_list, status_idx, sealed
     FROM session WHERE id = ?1",
);
static LIVE_OF_USER: Statement = Statement::new(
    "SELECT id, account, client, factor, device, version, opened_at, used_at, idle_until, expires_at, ended_at,
            status_list, status_idx, sealed
     FROM session WHERE account = ?1 AND ended_at IS NULL AND expires_at > ?2 AND idle_until > ?2 ORDER BY id",
);
static INSERT: Statement = Statement::new(
    "INSERT INTO session (id, account, client, factor, device, version, opened_at, used_at, idle_until, expires_at,
                          ended_at, end_reason, status_list, status_idx, sealed)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, NULL, ?11, ?12, ?13)",
);
static USED: Statement = Statement::new(
    "UPDATE session SET used_at = ?3, idle_until = ?4 WHERE id = ?1 AND version = ?2 AND ended_at IS NULL",
);
static LIVES: Statement =
    Statement::new("UPDATE session SET used_at = used_at WHERE id = ?1 AND version = ?2 AND ended_at IS NULL");
static CHANGED: Statement = Statement::new(
    "UPDATE session SET version = ?2 + 1, used_at = ?3, idle_until = ?4, sealed = ?5
     WHERE id = ?1 AND version = ?2 AND ended_at IS NULL",
);
static END: Statement =
    Statement::new("UPDATE session SET ended_at = ?2, end_reason = ?3 WHERE id = ?1 AND ended_at IS NULL");
static END_OF_USER: Statement = Statement::new(
    "UPDATE session SET ended_at = ?2, end_reason = ?3 WHERE account = ?1 AND ended_at IS NULL
     RETURNING status_list, status_idx",
);
static END_OTHERS: Statement = Statement::new(
    "UPDATE session SET ended_at = ?3, end_reason = ?4 WHERE account = ?1 AND id <> ?2 AND ended_at IS NULL
     RETURNING status_list, status_idx",
);
static END_OF_FACTOR: Statement = Statement::new(
    "UPDATE session SET ended_at = ?3, end_reason = ?4 WHERE account = ?1 AND factor = ?2 AND ended_at IS NULL
     RETURNING status_list, status_idx",
);
static END_OF_CLIENT: Statement =
    Statement::new("UPDATE session SET ended_at = ?2, end_reason = ?3 WHERE client = ?1 AND ended_at IS NULL");
static END_ALL: Statement = Statement::new("UPDATE session SET ended_at = ?1, end_reason = ?2 WHERE ended_at IS NULL");
static SWEEP: Statement = Statement::new(
    "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2) RETURNING id",
);

/// Reads a session's row.
pub async fn by_id(store: &Store, session: SessionId) -> Result<Option<SessionRow>> {
    store.query_opt(&BY_ID, params![session]).await?.as_ref().map(session_row).transpose()
}

/// Reads a session's row inside a snapshot.
pub async fn in_snapshot(r: &mut Reader<'_>, session: SessionId) -> Result<Option<SessionRow>> {
    r.query_opt(&BY_ID, params![session]).await?.as_ref().map(session_row).transpose()
}

/// The live sessions of an account.
pub async fn live_of_user(store: &Store, user: UserId, now: Time) -> Result<Vec<SessionRow>> {
    store.query(&LIVE_OF_USER, params![user, now]).await?.iter().map(session_row).collect()
}

/// Stores a new session. Its place in the status list being taken is a conflict.
pub fn insert(batch: &mut Batch, row: &SessionRow) {
    batch.push(
        &INSERT,
        params![
            row.id,
            row.user,
            row.client.as_str(),
            row.factor,
            row.device,
            row.version,
            row.opened_at,
            row.used_at,
            row.idle_until,
            row.expires_at,
            row.status.0,
            row.status.1,
            row.sealed.as_slice()
        ],
        Expect::Rows(1),
    );
}

/// Marks a use of a session that lives; the guard of every refresh.
pub fn used(batch: &mut Batch, row: &SessionRow) {
    batch.push(&USED, params![row.id, row.version, row.used_at, row.idle_until], Expect::Rows(1));
}

/// Guards that a session lives and is as it was read, changing nothing.
pub fn lives(batch: &mut Batch, session: SessionId, version: i64) {
    batch.push(&LIVES, params![session, version], Expect::Rows(1));
}

/// Stores a session whose sealed part has moved one version on.
pub fn changed(batch: &mut Batch, row: &SessionRow) {
    batch.push(
        &CHANGED,
        params![row.id, row.version - 1, row.used_at, row.idle_until, row.sealed.as_slice()],
        Expect::Rows(1),
    );
}

/// Ends one session, if it lives.
pub fn end(batch: &mut Batch, session: SessionId, now: Time, reason: &str) {
    batch.push(&END, params![session, now, reason], Expect::AtMost(1));
}

/// Ends every session of an account.
pub fn end_of_user(batch: &mut Batch, user: UserId, now: Time, reason: &str) {
    batch.push(&END_OF_USER, params![user, now, reason], Expect::Any);
}

/// Ends every session of an account but one.
pub fn end_others(batch: &mut Batch, user: UserId, kept: SessionId, now: Time, reason: &str) {
    batch.push(&END_OTHERS, params![user, kept, now, reason], Expect::Any);
}

/// Ends every session that rests on a factor.
pub fn end_of_factor(batch: &mut Batch, user: UserId, factor: FactorId, now: Time, reason: &str) {
    batch.push(&END_OF_FACTOR, params![user, factor, now, reason], Expect::Any);
}

/// Ends every session of a client.
pub fn end_of_client(batch: &mut Batch, client: &str, now: Time, reason: &str) {
    batch.push(&END_OF_CLIENT, params![client, now, reason], Expect::Any);
}

/// Ends every session there is: a restore.
pub fn end_all(batch: &mut Batch, now: Time, reason: &str) {
    batch.push(&END_ALL, params![now, reason], Expect::Any);
}

/// Removes sessions whose last token died before `before`, the first [`AT_ONCE`] of them.
pub fn sweep(batch: &mut Batch, before: Time) {
    batch.push(&SWEEP, params![before, AT_ONCE], Expect::Any);
}

fn session_row(row: &Row) -> Result<SessionRow> {
    Ok(SessionRow {
        id: id(row, 0, SessionId::from_bytes)?,
        user: id(row, 1, UserId::from_bytes)?,
        client: row.text(2)?.to_owned(),
        factor: opt_id(row, 3, FactorId::from_bytes)?,
        device: opt_id(row, 4, DeviceId::from_bytes)?,
        version: row.int(5)?,
        opened_at: row.time(6)?,
        used_at: row.time(7)?,
        idle_until: row.time(8)?,
        expires_at: row.time(9)?,
        ended_at: opt_time(row, 10)?,
        status: (row.int(11)?, row.int(12)?),
        sealed: row.bytes(13)?.to_vec(),
    })
}
