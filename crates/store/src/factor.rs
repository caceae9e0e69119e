//! Authenticator apps and recovery codes. A step or code is spent by a guarded write here, never by a read.

use poundlock_core::id::{FactorId, UserId};
use poundlock_core::recovery::RecoveryRow;
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;
use poundlock_core::totp::{Remembered, TotpRow};

use crate::column::{digest, id};
use crate::{Batch, Expect, Reader, Result, Row, Statement, Store, params};

static TOTP_OF: Statement = Statement::new(
    "SELECT id, account, sealed, last_step, drift, resync_offset, resync_step, held_until FROM totp
     WHERE account = ?1 ORDER BY id",
);
static TOTP_INSERT: Statement = Statement::new(
    "INSERT INTO totp (id, account, label, sealed, last_step, drift, resync_offset, resync_step, held_until, made_at, used_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL, ?7, ?8, ?8)",
);
static TOTP_SPEND: Statement = Statement::new(
    "UPDATE totp SET last_step = ?3, drift = ?4, resync_offset = NULL, resync_step = NULL, used_at = ?5
     WHERE id = ?1 AND account = ?2 AND last_step < ?3",
);
static TOTP_REMEMBER: Statement = Statement::new("UPDATE totp SET resync_offset = ?2, resync_step = ?3 WHERE id = ?1");
static TOTP_RELEASE: Statement = Statement::new(
    "UPDATE totp SET held_until = NULL, sealed = ?3 WHERE id = ?1 AND account = ?2 AND held_until IS NOT NULL",
);
static TOTP_DELETE: Statement = Statement::new("DELETE FROM totp WHERE id = ?1 AND account = ?2");
static TOTP_DELETE_ALL: Statement = Statement::new("DELETE FROM totp WHERE account = ?1");
static CODES: Statement = Statement::new(
    "SELECT code_set, max(number), count(*), CAST(coalesce(sum(CASE WHEN used_at IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT)
     FROM recovery_code WHERE account = ?1 GROUP BY code_set ORDER BY code_set DESC LIMIT 1",
);
static CODES_REPLACED: Statement =
    Statement::new("DELETE FROM recovery_code WHERE account = ?1 AND used_at IS NOT NULL");
static CODE_BY_DIGEST: Statement = Statement::new(
    "SELECT digest, account, code_set, number, sealed FROM recovery_code WHERE digest = ?1 AND used_at IS NULL",
);
static CODE_INSERT: Statement = Statement::new(
    "INSERT INTO recovery_code (digest, account, code_set, number, sealed, made_at, used_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)",
);
static CODE_SPEND: Statement =
    Statement::new("UPDATE recovery_code SET used_at = ?3 WHERE digest = ?1 AND account = ?2 AND used_at IS NULL");
static CODES_VOID: Statement = Statement::new("DELETE FROM recovery_code WHERE account = ?1");
static STEPS_SPENT: Statement =
    Statement::new("UPDATE totp SET last_step = ?1, resync_offset = NULL, resync_step = NULL WHERE last_step < ?1");
static CODES_VOID_ALL: Statement = Statement::new("DELETE FROM recovery_code");
static CODES_ALIVE: Statement = Statement::new("SELECT digest FROM recovery_code WHERE used_at IS NULL");
static CODE_VOID: Statement = Statement::new("DELETE FROM recovery_code WHERE digest = ?1");
static LISTED: Statement =
    Statement::new("SELECT id, label, drift, made_at, used_at FROM totp WHERE account = ?1 ORDER BY id");
static TOTP_RENAME: Statement = Statement::new("UPDATE totp SET label = ?3 WHERE id = ?1 AND account = ?2");
static PASSKEYS_DELETE_ALL: Statement = Statement::new("DELETE FROM passkey WHERE account = ?1");

/// A factor as a listing shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Row id.
    pub id: FactorId,
    /// The name its owner gave it.
    pub label: String,
    /// Drift of its clock, in steps.
    pub drift: i64,
    /// When it was enrolled.
    pub made_at: Time,
    /// When it was last used.
    pub used_at: Option<Time>,
}

/// Authenticator apps of one account.
pub async fn totp_of(r: &mut Reader<'_>, user: UserId) -> Result<Vec<TotpRow>> {
    r.query(&TOTP_OF, params![user]).await?.iter().map(totp_row).collect()
}

/// The recovery codes of one account, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// The set they belong to; `None` when there are none.
    pub set: Option<FactorId>,
    /// The highest number given so far.
    pub number_max: i64,
    /// How many can still be used.
    pub left: i64,
    /// How many were used and not replaced yet.
    pub used: i64,
}

/// The figures of one account's recovery codes.
pub async fn codes(r: &mut Reader<'_>, user: UserId) -> Result<Codes> {
    let Some(row) = r.query_opt(&CODES, params![user]).await? else { return Ok(Codes::default()) };
    let (count, left) = (row.int(2)?, row.int(3)?);
    Ok(Codes { set: Some(id(&row, 0, FactorId::from_bytes)?), number_max: row.int(1)?, left, used: count - left })
}

/// Replaces the used codes: as many used ones must be there as new ones come.
pub fn replace_used(batch: &mut Batch, user: UserId, rows: &[RecoveryRow], now: Time) {
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    batch.push(&CODES_REPLACED, params![user], Expect::Rows(count));
    for row in rows {
        insert_code(batch, row, now);
    }
}

/// The unused recovery code of this digest.
pub async fn code(store: &Store, wanted: &Digest) -> Result<Option<RecoveryRow>> {
    store.query_opt(&CODE_BY_DIGEST, params![*wanted]).await?.as_ref().map(code_row).transpose()
}

/// The factors of an account, for its owner.
pub async fn listed(store: &Store, user: UserId) -> Result<Vec<Listed>> {
    let rows = store.query(&LISTED, params![user]).await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                id: id(row, 0, FactorId::from_bytes)?,
                label: row.text(1)?.to_owned(),
                drift: row.int(2)?,
                made_at: row.time(3)?,
                used_at: crate::column::opt_time(row, 4)?,
            })
        })
        .collect()
}

/// Enrols an authenticator app; its first code is spent with it.
pub fn insert_totp(batch: &mut Batch, totp: &TotpRow, label: &str, now: Time) {
    batch.push(
        &TOTP_INSERT,
        params![totp.id, totp.user, label, totp.sealed.as_slice(), totp.last_step, totp.drift, totp.held_until, now],
        Expect::Rows(1),
    );
}

/// Spends a step: of many equal codes at once, one passes (OTP-06).
pub fn spend_step(batch: &mut Batch, proof: &poundlock_core::totp::TotpProof) {
    batch.push(
        &TOTP_SPEND,
        params![proof.factor(), proof.user(), proof.step(), proof.drift().steps(), proof.at()],
        Expect::Rows(1),
    );
}

/// Remembers a code of another offset, which the very next one may confirm, or forgets the one before.
pub fn remember(batch: &mut Batch, factor: FactorId, seen: Option<Remembered>) {
    let (offset, step) = (seen.map(|seen| seen.offset), seen.map(|seen| seen.step));
    batch.push(&TOTP_REMEMBER, params![factor, offset, step], Expect::AtMost(1));
}

/// Ends a factor's probation: an older one was proved.
pub fn release(batch: &mut Batch, totp: &TotpRow) {
    batch.push(&TOTP_RELEASE, params![totp.id, totp.user, totp.sealed.as_slice()], Expect::AtMost(1));
}

/// Removes one authenticator app.
pub fn delete_totp(batch: &mut Batch, factor: FactorId, user: UserId) {
    batch.push(&TOTP_DELETE, params![factor, user], Expect::Rows(1));
}

/// Gives an authenticator app another name.
pub fn rename_totp(batch: &mut Batch, factor: FactorId, user: UserId, label: &str) {
    batch.push(&TOTP_RENAME, params![factor, user, label], Expect::Rows(1));
}

/// Removes every factor and code of an account: an administrator's reset.
pub fn delete_all(batch: &mut Batch, user: UserId) {
    batch.push(&TOTP_DELETE_ALL, params![user], Expect::Any);
    batch.push(&PASSKEYS_DELETE_ALL, params![user], Expect::Any);
    batch.push(&CODES_VOID, params![user], Expect::Any);
}

/// Replaces the recovery codes: a new set voids the old one (RCV-07).
pub fn replace_codes(batch: &mut Batch, user: UserId, rows: &[RecoveryRow], now: Time) {
    batch.push(&CODES_VOID, params![user], Expect::Any);
    for row in rows {
        insert_code(batch, row, now);
    }
}

/// Adds one recovery code.
pub fn insert_code(batch: &mut Batch, row: &RecoveryRow, now: Time) {
    batch.push(
        &CODE_INSERT,
        params![row.digest, row.user, row.set, i64::from(row.number), row.seal.as_slice(), now],
        Expect::Rows(1),
    );
}

/// Spends a recovery code: of many equal ones at once, one passes (RCV-03).
pub fn spend_code(batch: &mut Batch, proof: &poundlock_core::recovery::RecoveryProof) {
    batch.push(&CODE_SPEND, params![*proof.digest(), proof.user(), proof.at()], Expect::Rows(1));
}

fn totp_row(row: &Row) -> Result<TotpRow> {
    let resync = match (row.opt_int(5)?, row.opt_int(6)?) {
        (Some(offset), Some(step)) => Some(Remembered { offset, step }),
        _ => None,
    };
    Ok(TotpRow {
        id: id(row, 0, FactorId::from_bytes)?,
        user: id(row, 1, UserId::from_bytes)?,
        sealed: row.bytes(2)?.to_vec(),
        last_step: row.int(3)?,
        drift: row.int(4)?,
        resync,
        held_until: crate::column::opt_time(row, 7)?,
    })
}

fn code_row(row: &Row) -> Result<RecoveryRow> {
    Ok(RecoveryRow {
        digest: digest(row, 0)?,
        user: id(row, 1, UserId::from_bytes)?,
        set: id(row, 2, FactorId::from_bytes)?,
        number: u32::try_from(row.int(3)?).unwrap_or(0),
        seal: row.bytes(4)?.to_vec(),
    })
}

/// Counts every code up to a step as used, for every authenticator: a restore.
pub fn spend_all_steps(batch: &mut Batch, last_step: i64) {
    batch.push(&STEPS_SPENT, params![last_step], Expect::Any);
}

/// Voids every recovery code there is: a restore.
pub fn void_all_codes(batch: &mut Batch) {
    batch.push(&CODES_VOID_ALL, params![], Expect::Any);
}

/// The digests of all codes that were not used yet.
pub async fn unused_codes(store: &Store) -> Result<Vec<Digest>> {
    store.query(&CODES_ALIVE, params![]).await?.iter().map(|row| digest(row, 0)).collect()
}

/// Voids one recovery code.
pub fn void_code(batch: &mut Batch, code: &Digest) {
    batch.push(&CODE_VOID, params![code], Expect::AtMost(1));
}
