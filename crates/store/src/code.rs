//! Authorization codes: inserted once, used once by a guarded write, remembered after that.

use poundlock_core::id::{FamilyId, SessionId, UserId};
use poundlock_core::oidc::code::CodeRow;
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;

use crate::column::{digest, id, opt_id};
use crate::sweep::AT_ONCE;
use crate::{Batch, Expect, Reader, Result, Row, Statement, params};

static BY_DIGEST: Statement =
    Statement::new("SELECT digest, session, expires_at, family, sealed FROM code WHERE digest = ?1");
static INSERT: Statement =
    Statement::new("INSERT INTO code (digest, session, expires_at, family, sealed) VALUES (?1, ?2, ?3, NULL, ?4)");
static USE: Statement = Statement::new("UPDATE code SET family = ?2 WHERE digest = ?1 AND family IS NULL");
static END_SURPLUS: Statement = Statement::new(
    "DELETE FROM code WHERE session = ?1 AND digest NOT IN (
         SELECT digest FROM code WHERE session = ?1 ORDER BY expires_at DESC, digest LIMIT ?2)",
);
static END_OF_USER: Statement =
    Statement::new("DELETE FROM code WHERE family IS NULL AND session IN (SELECT id FROM session WHERE account = ?1)");
static END_ALL: Statement = Statement::new("DELETE FROM code");
static SWEEP: Statement = Statement::new(
    "DELETE FROM code WHERE digest IN (SELECT digest FROM code WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)
     RETURNING digest",
);

/// Reads a code inside a snapshot.
pub async fn in_snapshot(r: &mut Reader<'_>, code: Digest) -> Result<Option<CodeRow>> {
    r.query_opt(&BY_DIGEST, params![code]).await?.as_ref().map(code_row).transpose()
}

/// Stores a new code.
pub fn insert(batch: &mut Batch, row: &CodeRow) {
    batch.push(&INSERT, params![row.digest, row.session, row.expires_at, row.sealed.as_slice()], Expect::Rows(1));
}

/// Uses a code for a family: of many at once, one passes.
pub fn spend(batch: &mut Batch, code: Digest, family: FamilyId) {
    batch.push(&USE, params![code, family], Expect::Rows(1));
}

/// Ends all but the newest codes of a session: rows that anyone can cause have a limit.
pub fn end_surplus(batch: &mut Batch, session: SessionId, kept: i64) {
    batch.push(&END_SURPLUS, params![session, kept], Expect::Any);
}

/// Ends the unused codes of a user.
pub fn end_of_user(batch: &mut Batch, user: UserId) {
    batch.push(&END_OF_USER, params![user], Expect::Any);
}

/// Ends every code there is: a restore.
pub fn end_all(batch: &mut Batch) {
    batch.push(&END_ALL, params![], Expect::Any);
}

/// Forgets codes that were over before `before`, the first [`AT_ONCE`] of them.
pub fn sweep(batch: &mut Batch, before: Time) {
    batch.push(&SWEEP, params![before, AT_ONCE], Expect::Any);
}

fn code_row(row: &Row) -> Result<CodeRow> {
    Ok(CodeRow {
        digest: digest(row, 0)?,
        session: id(row, 1, SessionId::from_bytes)?,
        expires_at: row.time(2)?,
        family: opt_id(row, 3, FamilyId::from_bytes)?,
        sealed: row.bytes(4)?.to_vec(),
    })
}
