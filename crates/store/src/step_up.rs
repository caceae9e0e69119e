//! Step-ups: one-use rights, spent by the batch that makes the change they allow.

use poundlock_core::secret::Digest;
use poundlock_core::step_up::StepUpRow;
use poundlock_core::time::Time;

use crate::sweep::AT_ONCE;
use crate::{Batch, Expect, Statement, params};

static INSERT: Statement =
    Statement::new("INSERT INTO step_up (id, digest, session, expires_at) VALUES (?1, ?2, ?3, ?4)");
static SPEND: Statement = Statement::new("DELETE FROM step_up WHERE digest = ?1 AND expires_at > ?2");
static END_ALL: Statement = Statement::new("DELETE FROM step_up");
static SWEEP: Statement = Statement::new(
    "DELETE FROM step_up WHERE id IN (SELECT id FROM step_up WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2) RETURNING id",
);

/// Stores a new right.
pub fn insert(batch: &mut Batch, row: &StepUpRow) {
    batch.push(&INSERT, params![row.id, row.digest, row.session, row.expires_at], Expect::Rows(1));
}

/// Spends the right of this digest; a conflict when there is none.
pub fn spend(batch: &mut Batch, digest: &Digest, now: Time) {
    batch.push(&SPEND, params![*digest, now], Expect::Rows(1));
}

/// Removes rights that ended before `before`, the first [`AT_ONCE`] of them.
pub fn sweep(batch: &mut Batch, before: Time) {
    batch.push(&SWEEP, params![before, AT_ONCE], Expect::Any);
}

/// Voids every step-up there is: a restore.
pub fn end_all(batch: &mut Batch) {
    batch.push(&END_ALL, params![], Expect::Any);
}
