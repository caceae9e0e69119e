//! Attempts, spent before they are checked: one statement counts, delays and refuses. Nothing here ever undoes a count;
//! only a completed login or an administrator clears one.

use poundlock_core::guard::{Budget, CounterRow};
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;

use crate::column::digest;
use crate::{Batch, Expect, Result, Statement, Store, params};

// The ladder is `poundlock_core::guard::LADDER`; a test holds the two together. A returned row is a spent attempt. No
// row: the budget is empty or the delay still runs, and nothing may be checked.
static SPEND: Statement = Statement::new(
    "INSERT INTO guard (counter, tried, next_at) VALUES (?1, 1, ?2)
     ON CONFLICT (counter) DO UPDATE SET tried = guard.tried + 1, next_at = ?2 + CASE
         WHEN guard.tried + 1 < 6 THEN 0
         WHEN guard.tried + 1 < 7 THEN 1000
         WHEN guard.tried + 1 < 8 THEN 2000
         WHEN guard.tried + 1 < 9 THEN 5000
         WHEN guard.tried + 1 < 10 THEN 10000
         WHEN guard.tried + 1 < 11 THEN 15000
         WHEN guard.tried + 1 < 13 THEN 30000
         WHEN guard.tried + 1 < 16 THEN 60000
         WHEN guard.tried + 1 < 21 THEN 120000
         WHEN guard.tried + 1 < 31 THEN 300000
         WHEN guard.tried + 1 < 41 THEN 900000
         WHEN guard.tried + 1 < 46 THEN 1800000
         ELSE 3600000 END
     WHERE guard.tried < ?3 AND guard.next_at <= ?2
     RETURNING tried",
);
static READ: Statement = Statement::new("SELECT tried, next_at FROM guard WHERE counter = ?1");
static EVERY: Statement = Statement::new("SELECT counter, tried, next_at FROM guard");
static RAISE: Statement = Statement::new(
    "INSERT INTO guard (counter, tried, next_at) VALUES (?1, ?2, ?3)
     ON CONFLICT (counter) DO UPDATE SET
         tried = CASE WHEN guard.tried < ?2 THEN ?2 ELSE guard.tried END,
         next_at = CASE WHEN guard.next_at < ?3 THEN ?3 ELSE guard.next_at END",
);
static CLEAR: Statement = Statement::new("UPDATE guard SET tried = 0, next_at = 0 WHERE counter = ?1");

/// Spends one attempt of a budget; a conflict when none may be made now.
pub fn spend(batch: &mut Batch, budget: &Budget, now: Time) -> usize {
    batch.push(&SPEND, params![budget.key, now, i64::from(budget.limit)], Expect::Rows(1))
}

/// Reads a counter, to tell a delay from an empty budget.
pub async fn counter(store: &Store, budget: &Budget) -> Result<Option<CounterRow>> {
    let Some(row) = store.query_opt(&READ, params![budget.key]).await? else { return Ok(None) };
    Ok(Some(CounterRow { tried: u32::try_from(row.int(0)?).unwrap_or(u32::MAX), next_at: row.time(1)? }))
}

/// Clears a budget: a completed login does this to the budget it used, an administrator to all.
pub fn clear(batch: &mut Batch, budget: &Budget) {
    batch.push(&CLEAR, params![budget.key], Expect::AtMost(1));
}

/// Every counter there is, with its key.
pub async fn every(store: &Store) -> Result<Vec<(Digest, CounterRow)>> {
    let rows = store.query(&EVERY, params![]).await?;
    rows.iter()
        .map(|row| {
            let tried = u32::try_from(row.int(1)?).unwrap_or(u32::MAX);
            Ok((digest(row, 0)?, CounterRow { tried, next_at: row.time(2)? }))
        })
        .collect()
}

/// Lets a counter stand at the higher of two values: a restore over a store that counted on.
pub fn raise(batch: &mut Batch, counter: &Digest, row: &CounterRow) {
    batch.push(&RAISE, params![counter, row.tried, row.next_at], Expect::Rows(1));
}
