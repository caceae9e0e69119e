//! Passkeys, and the marks of challenges that were answered. A use moves the row's version, so of two at once one passes.

use poundlock_core::id::{ChallengeId, FactorId, UserId};
use poundlock_core::passkey::{OpenChallenge, PasskeyProof, PasskeyRow, UserHandle};
use poundlock_core::time::Time;

use crate::column::{id, opt_time};
use crate::sweep::AT_ONCE;
use crate::{Batch, Expect, Reader, Result, Row, Statement, Store, params, setting};

/// The setting that says from when on challenges count: those made before a restore are dead.
const VOID_BEFORE: &str = "passkey_challenges_void_before";

static OF: Statement = Statement::new(
    "SELECT id, account, credential, handle, version, sealed, held_until FROM passkey WHERE account = ?1 ORDER BY id",
);
static BY_CREDENTIAL: Statement = Statement::new(
    "SELECT id, account, credential, handle, version, sealed, held_until FROM passkey
     WHERE credential = ?1 AND handle = ?2",
);
static IS_KNOWN: Statement = Statement::new("SELECT 1 FROM passkey WHERE credential = ?1");
static INSERT: Statement = Statement::new(
    "INSERT INTO passkey (id, account, label, credential, handle, version, sealed, held_until, made_at, used_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
);
static USED: Statement = Statement::new(
    "UPDATE passkey SET version = ?4, sealed = ?5, used_at = ?6 WHERE id = ?1 AND account = ?2 AND version = ?3",
);
static RELEASE: Statement = Statement::new(
    "UPDATE passkey SET version = ?4, sealed = ?5, held_until = NULL
     WHERE id = ?1 AND account = ?2 AND version = ?3",
);
static DOUBT: Statement =
    Statement::new("UPDATE passkey SET version = ?4, sealed = ?5 WHERE id = ?1 AND account = ?2 AND version = ?3");
static RENAME: Statement = Statement::new("UPDATE passkey SET label = ?3 WHERE id = ?1 AND account = ?2");
static DELETE: Statement = Statement::new("DELETE FROM passkey WHERE id = ?1 AND account = ?2");
static LISTED: Statement =
    Statement::new("SELECT id, label, made_at, used_at FROM passkey WHERE account = ?1 ORDER BY id");
static SPEND_CHALLENGE: Statement = Statement::new("INSERT INTO passkey_challenge (id, expires_at) VALUES (?1, ?2)");
static SWEEP: Statement = Statement::new(
    "DELETE FROM passkey_challenge WHERE id IN (
         SELECT id FROM passkey_challenge WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2) RETURNING id",
);

/// A passkey as a listing shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Row id.
    pub id: FactorId,
    /// The name its owner gave it.
    pub label: String,
    /// When it was enrolled.
    pub made_at: Time,
    /// When it was last used.
    pub used_at: Time,
}

/// Passkeys of one account.
pub async fn of(r: &mut Reader<'_>, user: UserId) -> Result<Vec<PasskeyRow>> {
    r.query(&OF, params![user]).await?.iter().map(passkey_row).collect()
}

/// The passkey of this credential, if its user has this handle.
pub async fn by_credential(store: &Store, credential: &[u8], handle: &[u8]) -> Result<Option<PasskeyRow>> {
    store.query_opt(&BY_CREDENTIAL, params![credential, handle]).await?.as_ref().map(passkey_row).transpose()
}

/// Whether anybody has enrolled this credential (WAN-15).
pub async fn is_known(store: &Store, credential: &[u8]) -> Result<bool> {
    Ok(store.query_opt(&IS_KNOWN, params![credential]).await?.is_some())
}

/// The passkeys of an account, for its owner.
pub async fn listed(store: &Store, user: UserId) -> Result<Vec<Listed>> {
    let rows = store.query(&LISTED, params![user]).await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                id: id(row, 0, FactorId::from_bytes)?,
                label: row.text(1)?.to_owned(),
                made_at: row.time(2)?,
                used_at: row.time(3)?,
            })
        })
        .collect()
}

/// Enrols a passkey. A credential that anybody has enrolled is a conflict of this statement.
pub fn insert(batch: &mut Batch, row: &PasskeyRow, label: &str, now: Time) {
    batch.push(
        &INSERT,
        params![
            row.id,
            row.user,
            label,
            row.credential.as_slice(),
            row.handle.as_bytes().as_slice(),
            row.version,
            row.sealed.as_slice(),
            row.held_until,
            now
        ],
        Expect::Rows(1),
    );
}

/// Writes what a use has moved: the counter goes on, and of two answers with one counter one passes (WAN-20).
pub fn used(batch: &mut Batch, proof: &PasskeyProof) {
    let row = proof.row();
    batch.push(
        &USED,
        params![row.id, row.user, row.version - 1, row.version, row.sealed.as_slice(), proof.at()],
        Expect::Rows(1),
    );
}

/// Ends a factor's probation: an older one was proved.
pub fn release(batch: &mut Batch, row: &PasskeyRow) {
    batch.push(
        &RELEASE,
        params![row.id, row.user, row.version - 1, row.version, row.sealed.as_slice()],
        Expect::AtMost(1),
    );
}

/// Writes that a factor's counter went back: of two answers at once that show it, one is the first.
pub fn doubt(batch: &mut Batch, row: &PasskeyRow) {
    batch.push(&DOUBT, params![row.id, row.user, row.version - 1, row.version, row.sealed.as_slice()], Expect::Rows(1));
}

/// Gives a passkey another name.
pub fn rename(batch: &mut Batch, factor: FactorId, user: UserId, label: &str) {
    batch.push(&RENAME, params![factor, user, label], Expect::Rows(1));
}

/// Removes one passkey.
pub fn delete(batch: &mut Batch, factor: FactorId, user: UserId) {
    batch.push(&DELETE, params![factor, user], Expect::Rows(1));
}

/// Marks a challenge as answered: of many answers at once, one passes.
pub fn spend_challenge(batch: &mut Batch, challenge: &OpenChallenge) {
    let id: ChallengeId = challenge.id();
    batch.push(&SPEND_CHALLENGE, params![id, challenge.expires_at()], Expect::Rows(1));
}

/// Whether a challenge that was made at `made_at` still counts in this store.
pub async fn counts(store: &Store, made_at: Time) -> Result<bool> {
    let Some(bytes) = setting::read(store, VOID_BEFORE).await? else { return Ok(true) };
    // What does not read voids everything: the careful side.
    let before = bytes.try_into().map_or(i64::MAX, i64::from_be_bytes);
    Ok(made_at.millis() > before)
}

/// Voids every challenge made until now, answered or not: a restore, whose marks are old.
pub fn void_challenges(batch: &mut Batch, now: Time) {
    setting::put(batch, VOID_BEFORE, &now.millis().to_be_bytes());
}

/// Removes marks of challenges that ended before `before`, the first [`AT_ONCE`] of them.
pub fn sweep(batch: &mut Batch, before: Time) {
    batch.push(&SWEEP, params![before, AT_ONCE], Expect::Any);
}

fn passkey_row(row: &Row) -> Result<PasskeyRow> {
    Ok(PasskeyRow {
        id: id(row, 0, FactorId::from_bytes)?,
        user: id(row, 1, UserId::from_bytes)?,
        credential: row.bytes(2)?.to_vec(),
        handle: id(row, 3, UserHandle::from_bytes)?,
        version: row.int(4)?,
        sealed: row.bytes(5)?.to_vec(),
        held_until: opt_time(row, 6)?,
    })
}
