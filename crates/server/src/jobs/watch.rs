//! Looks once a second whether the store can be written and the clock believed, says in the log when that changes, and
//! keeps what it saw for `/health/ready`. Never writes while nothing has failed.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use poundlock_core::secret::Rng;
use poundlock_core::time::Time;
use poundlock_core::timekeeping::Reading;
use poundlock_store::{Batch, CommitError, setting};

use crate::app::{App, SharedApp};
use crate::boot::MOVED;
use crate::timekeeper::is_apart;

/// The setting that a trial writes.
const TRIAL: &str = "store.trial";

/// More than any batch of ours: on a full disk small batches still fit where a large one was broken off, and a small
/// trial would call such a disk well.
const TRIAL_BYTES: usize = 64 * 1024;

/// The longest that readiness waits for the store: who asks gives up before long.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// What the watch last saw.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    store: Mutex<Written>,
    /// The store has gone to another place while it was served here.
    moved: AtomicBool,
    clock: Mutex<Seen>,
}

/// What was last said of the clock, so that it is said once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    wrong: Wrong,
    /// Wall and monotonic clock drift apart, and are still believed.
    drifts: bool,
}

#[derive(Debug, Default)]
struct Written {
    /// The store's count of failed commits that the last trial covers.
    failed: u64,
    trouble: Option<CommitError>,
}

/// What is wrong with a part: what it says of itself, and what to do. Nothing that names this server's insides.
pub(crate) type Wrong = Option<(&'static str, &'static str)>;

impl Watched {
    /// What is wrong with writing. At most a second late.
    pub(crate) fn store(&self) -> Wrong {
        if self.moved.load(Ordering::SeqCst) {
            return Some((
                "was moved to another place",
                "Name the new place in [store] url, and start this server again.",
            ));
        }
        match self.store.lock().unwrap_or_else(PoisonError::into_inner).trouble {
            None => None,
            Some(CommitError::Full) => Some((
                "cannot be written: its disk is full or read-only",
                "Free space on the store's disk, or make it writable. The server goes on by itself.",
            )),
            Some(_) => Some((
                "takes no writes",
                "See in the log what the store says, and bring it back. The server goes on by itself.",
            )),
        }
    }
}

/// One look.
pub(crate) async fn look(app: SharedApp) -> anyhow::Result<()> {
    look_at_clock(&app).await;
    look_after_moves(&app).await;
    look_at_store(&app).await;
    Ok(())
}

/// A store that was moved away takes nothing more here. Attack on oneself: what both places took would be used twice.
/// The locks of the store keep a move from happening under a server; this is for the mark that comes all the same.
async fn look_after_moves(app: &App) {
    // What cannot be read is as it was.
    let Some(mark) = answer(setting::read(&app.store, MOVED)).await else { return };
    app.store.shut(mark.is_some());
    let before = app.watched.moved.swap(mark.is_some(), Ordering::SeqCst);
    match mark {
        Some(to) if !before => {
            let to = String::from_utf8_lossy(&to).into_owned();
            tracing::error!(
                to,
                "the store was moved away while this server serves it: nothing is granted here any more"
            );
        }
        None if before => tracing::warn!("the store is no longer marked as moved"),
        _ => {}
    }
}

async fn look_at_store(app: &App) {
    let failed = app.store.commits_failed();
    let before = {
        let written = app.watched.store.lock().unwrap_or_else(PoisonError::into_inner);
        if written.trouble.is_none() && written.failed == failed {
            return;
        }
        written.trouble.clone()
    };
    let trouble = trial(app).await.err();
    match (&before, &trouble) {
        (None, Some(error)) => tracing::error!(%error, "the store takes no writes: nothing is granted until it does"),
        (Some(_), None) => tracing::warn!("the store takes writes again"),
        _ => {}
    }
    let mut written = app.watched.store.lock().unwrap_or_else(PoisonError::into_inner);
    *written = Written { failed: failed + u64::from(trouble.is_some()), trouble };
}

/// Writes more than any batch of ours does, then lets it go. PostgreSQL compresses, and zeros would weigh nothing.
async fn trial(app: &App) -> Result<(), CommitError> {
    for bytes in [TRIAL_BYTES, 0] {
        let mut batch = Batch::new();
        let mut weight = vec![0; bytes];
        app.rng.fill(&mut weight);
        setting::put(&mut batch, TRIAL, &weight);
        app.store.commit(batch).await?;
    }
    Ok(())
}

async fn look_at_clock(app: &App) {
    // Only asked whether it is apart: that it does not answer is the store's trouble.
    let database = answer(app.store.database_time()).await.and_then(|time| time);
    let reading = app.time.reading();
    let seen = Seen { wrong: clock(app, database), drifts: reading.alerts() };
    let mut before = app.watched.clock.lock().unwrap_or_else(PoisonError::into_inner);
    if *before == seen {
        return;
    }
    match seen {
        Seen { wrong: Some((what, _)), .. } => tracing::error!(?reading, "the clock is not believed: {what}"),
        Seen { drifts: true, .. } => tracing::warn!(?reading, "the wall clock leaves the monotonic one"),
        Seen { .. } => tracing::warn!("the clock is believed, and runs as it should"),
    }
    *before = seen;
}

/// What is wrong with the clock, beside the time that a shared database gives.
pub(crate) fn clock(app: &App, database: Option<Time>) -> Wrong {
    const SET: &str = "Set the clock right, and see that a time service runs.";
    let apart = database.is_some_and(|time| is_apart(app.time.skew_from(time)));
    match app.time.reading() {
        Reading::Behind(_) => Some(("behind a moment already seen", SET)),
        Reading::Jumped(_) => Some(("jumped ahead", SET)),
        Reading::Ready { .. } if apart => Some((
            "differs from the database's by more than 2 s",
            "Set this machine's clock and the database's by the same time service.",
        )),
        Reading::Ready { .. } => None,
    }
}

/// What a read gives in time; nothing when it fails or takes too long.
pub(crate) async fn answer<T, E: std::fmt::Display>(read: impl Future<Output = Result<T, E>>) -> Option<T> {
    match tokio::time::timeout(ANSWER_MAX, read).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::debug!(%error, "the store does not answer");
            None
        }
        Err(_) => None,
    }
}
