//! Places in status lists: reserved in blocks, never given twice, and the ended sessions that a list must show.

use poundlock_core::time::Time;

use crate::{Batch, Expect, Result, Statement, Store, params};

static OPEN: Statement =
    Statement::new("INSERT INTO status_list (list, next, opened_at, last_exp) VALUES (?1, 0, ?2, ?2)");
static RESERVE: Statement = Statement::new(
    "UPDATE status_list SET next = next + ?2, last_exp = CASE WHEN last_exp < ?4 THEN ?4 ELSE last_exp END
     WHERE list = ?1 AND next + ?2 <= ?3 RETURNING next",
);
static LISTS: Statement = Statement::new("SELECT list, next, opened_at, last_exp FROM status_list ORDER BY list");
static ENDED: Statement =
    Statement::new("SELECT status_idx FROM session WHERE status_list = ?1 AND ended_at IS NOT NULL");
static CLOSE: Statement = Statement::new(
    "DELETE FROM status_list WHERE list = ?1 AND last_exp < ?2 AND list < (SELECT max(list) FROM status_list)
     AND NOT EXISTS (SELECT 1 FROM session WHERE status_list = ?1)",
);

/// A status list as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredList {
    /// Its number; part of its URI.
    pub list: i64,
    /// The next unreserved counter value.
    pub next: i64,
    /// When it was opened.
    pub opened_at: Time,
    /// When the last token that can name it dies.
    pub last_exp: Time,
}

/// Opens a list; a conflict when another node has opened it.
pub fn open(batch: &mut Batch, list: i64, now: Time) {
    batch.push(&OPEN, params![list, now], Expect::Rows(1));
}

/// Reserves `count` counter values of a list of `size`: the row of the statement returned here
/// holds the value after the last one.
pub fn reserve(batch: &mut Batch, list: i64, count: i64, size: i64, last_exp: Time) -> usize {
    batch.push(&RESERVE, params![list, count, size, last_exp], Expect::Rows(1))
}

/// Every list that is still published.
pub async fn lists(store: &Store) -> Result<Vec<StoredList>> {
    let rows = store.query(&LISTS, params![]).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredList { list: row.int(0)?, next: row.int(1)?, opened_at: row.time(2)?, last_exp: row.time(3)? })
        })
        .collect()
}

/// Indexes of a list whose sessions were ended, also those of deleted accounts.
pub async fn ended(store: &Store, list: i64) -> Result<Vec<i64>> {
    store.query(&ENDED, params![list]).await?.iter().map(|row| row.int(0)).collect()
}

/// Removes a list that no session and no token can name any more. The newest always stays: numbers count on from it, so
/// that no pair of list and index is ever given twice (TOK-15).
pub fn close(batch: &mut Batch, list: i64, now: Time) {
    batch.push(&CLOSE, params![list, now], Expect::AtMost(1));
}
