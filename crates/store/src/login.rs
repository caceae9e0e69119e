//! Stored logins: each step is a compare-and-set on the version, so of many equal steps at once one passes.

use poundlock_core::id::{LoginId, SessionId, UserId};
use poundlock_core::login::{Login, LoginRow};
use poundlock_core::time::Time;

use crate::column::{digest, id};
use crate::sweep::AT_ONCE;
use crate::{Batch, Expect, Result, Statement, Store, params};

static BY_ID: Statement =
    Statement::new("SELECT id, account, digest, version, expires_at, sealed FROM login WHERE id = ?1");
static INSERT: Statement = Statement::new(
    "INSERT INTO login (id, account, digest, version, expires_at, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
);
static ADVANCE: Statement = Statement::new("UPDATE login SET version = ?3, sealed = ?4 WHERE id = ?1 AND version = ?2");
static SPEND: Statement = Statement::new("DELETE FROM login WHERE id = ?1 AND version = ?2");
static END_OF_USER: Statement = Statement::new("DELETE FROM login WHERE account = ?1");
static END_ALL: Statement = Statement::new("DELETE FROM login");
static INSERT_UNSPENT: Statement = Statement::new(
    "INSERT INTO login (id, account, digest, version, expires_at, sealed, unspent_of)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
);
static END_SURPLUS: Statement = Statement::new(
    "DELETE FROM login WHERE account = ?1 AND unspent_of = ?2 AND id NOT IN (
         SELECT id FROM login WHERE account = ?1 AND unspent_of = ?2 ORDER BY id DESC LIMIT ?3)",
);
static SWEEP: Statement = Statement::new(
    "DELETE FROM login WHERE id IN (SELECT id FROM login WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2) RETURNING id",
);

/// Reads a login's row.
pub async fn by_id(store: &Store, login: LoginId) -> Result<Option<LoginRow>> {
    let Some(row) = store.query_opt(&BY_ID, params![login]).await? else { return Ok(None) };
    Ok(Some(LoginRow {
        id: id(&row, 0, LoginId::from_bytes)?,
        user: id(&row, 1, UserId::from_bytes)?,
        digest: digest(&row, 2)?,
        version: row.int(3)?,
        expires_at: row.time(4)?,
        sealed: row.bytes(5)?.to_vec(),
    }))
}

/// Stores a new login.
pub fn insert(batch: &mut Batch, row: &LoginRow) {
    batch.push(
        &INSERT,
        params![row.id, row.user, row.digest, row.version, row.expires_at, row.sealed.as_slice()],
        Expect::Rows(1),
    );
}

/// Stores a new login that a session has begun without spending an attempt, and ends all but the newest `kept` of these:
/// rows that anyone can cause have a limit. Attack: a stolen session begins so many that its owner's logins, which have
/// cost an attempt, are ended before their second step. So only those of the session itself give way.
pub fn insert_unspent(batch: &mut Batch, row: &LoginRow, session: SessionId, kept: i64) {
    batch.push(
        &INSERT_UNSPENT,
        params![row.id, row.user, row.digest, row.version, row.expires_at, row.sealed.as_slice(), session],
        Expect::Rows(1),
    );
    batch.push(&END_SURPLUS, params![row.user, session, kept], Expect::Any);
}

/// Moves a login one step on.
pub fn advance(batch: &mut Batch, row: &LoginRow) {
    batch.push(&ADVANCE, params![row.id, row.version - 1, row.version, row.sealed.as_slice()], Expect::Rows(1));
}

/// Spends a login: it is granted once.
pub fn spend(batch: &mut Batch, login: LoginId, version: i64) {
    batch.push(&SPEND, params![login, version], Expect::Rows(1));
}

/// Guards that a login has not moved, and spends nothing else.
pub fn spend_opened(batch: &mut Batch, login: &Login) {
    spend(batch, login.id(), login.version());
}

/// Ends every login of an account.
pub fn end_of_user(batch: &mut Batch, user: UserId) {
    batch.push(&END_OF_USER, params![user], Expect::Any);
}

/// Ends every login there is: a restore.
pub fn end_all(batch: &mut Batch) {
    batch.push(&END_ALL, params![], Expect::Any);
}

/// Removes logins that ended before `before`, the first [`AT_ONCE`] of them.
pub fn sweep(batch: &mut Batch, before: Time) {
    batch.push(&SWEEP, params![before, AT_ONCE], Expect::Any);
}
