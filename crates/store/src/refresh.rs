//! Refresh families: one row a family, rotated by compare-and-set on the generation.

use poundlock_core::id::{FamilyId, SessionId, UserId};
use poundlock_core::refresh::{Ending, FamilyRow, Granted, Retry, Rotation};
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;

use crate::column::{digest, id, opt_id, opt_time};
use crate::{Batch, Expect, Reader, Result, Row, Statement, Store, params};

static BY_ID: Statement = Statement::new(
    "SELECT id, session, client, generation, current, previous, successor, rotated_at, rotated_source, retries,
            binding, ended_at, end_reason, sealed, audience, scope
     FROM refresh WHERE id = ?1",
);
static OF_CLIENT: Statement = Statement::new(
    "SELECT id, session, client, generation, current, previous, successor, rotated_at, rotated_source, retries,
            binding, ended_at, end_reason, sealed, audience, scope
     FROM refresh WHERE session = ?1 AND client = ?2",
);
static INSERT: Statement = Statement::new(
    "INSERT INTO refresh (id, session, client, generation, current, previous, successor, rotated_at, rotated_source,
                          retries, binding, ended_at, end_reason, sealed, audience, scope)
     VALUES (?1, ?2, ?3, ?4, ?5, NULL, NULL, NULL, NULL, 0, ?6, NULL, NULL, ?7, ?8, ?9)",
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
static REPLACE: Statement = Statement::new("DELETE FROM refresh WHERE session = ?1 AND client = ?2");
static END_OF_GRANT: Statement = Statement::new(
    "UPDATE refresh SET ended_at = ?3, end_reason = ?4
     WHERE client = ?2 AND ended_at IS NULL AND session IN (SELECT id FROM session WHERE account = ?1)",
);
static END_OF_CLIENT: Statement =
    Statement::new("UPDATE refresh SET ended_at = ?2, end_reason = ?3 WHERE client = ?1 AND ended_at IS NULL");
static CLIENTS_OF_USER: Statement = Statement::new(
    "SELECT DISTINCT r.client FROM refresh r JOIN session s ON s.id = r.session
     WHERE s.account = ?1 AND s.ended_at IS NULL AND s.expires_at > ?2 AND s.idle_until > ?2 AND r.ended_at IS NULL
     ORDER BY r.client",
);
static AWAIT_LOGOUT: Statement = Statement::new("UPDATE refresh SET logout_due = 0 WHERE id = ?1");
static LOGOUTS_DUE: Statement = Statement::new(
    "SELECT r.id, r.client, s.id, s.account, r.logout_due, r.logout_tries
     FROM refresh r JOIN session s ON s.id = r.session
     WHERE r.logout_due IS NOT NULL AND r.logout_due <= ?1 AND s.ended_at IS NOT NULL
     ORDER BY r.logout_due LIMIT ?2",
);
static LOGOUT_TAKEN: Statement = Statement::new(
    "UPDATE refresh SET logout_due = ?3, logout_tries = logout_tries + 1 WHERE id = ?1 AND logout_due = ?2",
);
static LOGOUT_TOLD: Statement = Statement::new("UPDATE refresh SET logout_due = NULL WHERE id = ?1");
static END_ALL: Statement = Statement::new("UPDATE refresh SET ended_at = ?1, end_reason = ?2 WHERE ended_at IS NULL");

/// Reads a family inside a snapshot.
pub async fn in_snapshot(r: &mut Reader<'_>, family: FamilyId) -> Result<Option<FamilyRow>> {
    r.query_opt(&BY_ID, params![family]).await?.as_ref().map(family_row).transpose()
}

/// Reads the family of a client in a session.
pub async fn of_client(store: &Store, session: SessionId, client: &str) -> Result<Option<FamilyRow>> {
    store.query_opt(&OF_CLIENT, params![session, client]).await?.as_ref().map(family_row).transpose()
}

/// The clients that have a live family in a live session of a user.
pub async fn clients_of_user(store: &Store, user: UserId, now: Time) -> Result<Vec<String>> {
    let rows = store.query(&CLIENTS_OF_USER, params![user, now]).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// Makes room for a client's new family in a session: it has one at a time (DESIGN §7).
pub fn replace(batch: &mut Batch, session: SessionId, client: &str) {
    batch.push(&REPLACE, params![session, client], Expect::AtMost(1));
}

/// Ends the families of a client in every session of a user.
pub fn end_of_grant(batch: &mut Batch, user: UserId, client: &str, now: Time, reason: &str) {
    batch.push(&END_OF_GRANT, params![user, client, now, reason], Expect::Any);
}

/// Ends every family of a client.
pub fn end_of_client(batch: &mut Batch, client: &str, now: Time, reason: &str) {
    batch.push(&END_OF_CLIENT, params![client, now, reason], Expect::Any);
}

/// Somebody waits for word of a session's end.
#[derive(Clone, Debug)]
pub struct LogoutDue {
    /// The family of the client that waits.
    pub family: FamilyId,
    /// The client.
    pub client: String,
    /// The session that has ended.
    pub session: SessionId,
    /// Whose it was.
    pub user: UserId,
    /// When word was due.
    pub due: Time,
    /// How often it was tried.
    pub tries: i64,
}

/// Notes that the client of a family is to be told when the session ends.
pub fn await_logout(batch: &mut Batch, family: FamilyId) {
    batch.push(&AWAIT_LOGOUT, params![family], Expect::Rows(1));
}

/// Whom to tell by now, at most `most` of them.
pub async fn logouts_due(store: &Store, now: Time, most: i64) -> Result<Vec<LogoutDue>> {
    store.query(&LOGOUTS_DUE, params![now, most]).await?.iter().map(logout_due).collect()
}

/// Takes one to be told, until `again`: of several nodes one has it.
pub fn logout_taken(batch: &mut Batch, due: &LogoutDue, again: Time) {
    batch.push(&LOGOUT_TAKEN, params![due.family, due.due, again], Expect::Rows(1));
}

/// It was told, or nobody will be.
pub fn logout_told(batch: &mut Batch, family: FamilyId) {
    batch.push(&LOGOUT_TOLD, params![family], Expect::AtMost(1));
}

fn logout_due(row: &Row) -> Result<LogoutDue> {
    Ok(LogoutDue {
        family: id(row, 0, FamilyId::from_bytes)?,
        client: row.text(1)?.to_owned(),
        session: id(row, 2, SessionId::from_bytes)?,
        user: id(row, 3, UserId::from_bytes)?,
        due: row.time(4)?,
        tries: row.int(5)?,
    })
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
            row.seal.as_slice(),
            row.granted.as_ref().map(|granted| granted.audience.clone()),
            row.granted.as_ref().map(|granted| granted.scope.clone())
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
        granted: granted(row)?,
    })
}

fn granted(row: &Row) -> Result<Option<Granted>> {
    let (audience, scope) = (row.opt_text(14)?, row.opt_text(15)?);
    Ok(audience.zip(scope).map(|(audience, scope)| Granted { audience: audience.to_owned(), scope: scope.to_owned() }))
}
