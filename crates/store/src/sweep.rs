//! Removal of many rows, a few at a time: one statement over millions would hold up every write behind it.

use crate::{Batch, CommitError, Store};

/// The most rows that one sweeping statement removes.
pub const AT_ONCE: i64 = 1_000;

/// Commits what `fill` puts into a batch, again and again while one of its statements finds as many rows as it may remove.
/// Other writes have their turn in between.
///
/// # Errors
/// When a batch cannot be committed; those before it are in force.
pub async fn in_turns(store: &Store, fill: impl Fn(&mut Batch)) -> Result<(), CommitError> {
    loop {
        let mut batch = Batch::new();
        fill(&mut batch);
        let removed = store.commit(batch).await?.rows;
        if removed.iter().all(|rows| i64::try_from(rows.len()).unwrap_or(i64::MAX) < AT_ONCE) {
            return Ok(());
        }
    }
}
