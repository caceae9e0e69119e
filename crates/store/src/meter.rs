//! What the store counts about itself, for metrics and readiness: how long commits take, how they end, what was
//! recorded. Must never see a value of a row or a parameter, and no request is ever decided by what stands here.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use poundlock_core::audit::Event;

use crate::batch::Committed;
use crate::error::CommitError;

/// Upper bounds of commit times, in microseconds.
const MICROS: [u64; 12] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000, 10_000_000];

/// Upper bounds of how many batches shared one commit of the database.
const BATCHES: [u64; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// The counts of one store. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    took: Spread<12>,
    shared: Spread<8>,
    ended: [AtomicU64; Ended::ALL.len()],
    retries: AtomicU64,
    events: Events,
}

#[derive(Debug)]
struct Events(Vec<AtomicU64>);

impl Default for Events {
    fn default() -> Self {
        Self(Event::ALL.iter().map(|_| AtomicU64::new(0)).collect())
    }
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In force.
    Done,
    /// A guard refused; nothing is in force.
    Conflict,
    /// The connection was lost during COMMIT.
    Unknown,
    /// The database was not reached or too busy.
    Unavailable,
    /// The disk is full or read-only.
    Full,
    /// A mistake of ours.
    Fault,
}

impl Ended {
    /// Every end.
    pub const ALL: [Self; 6] = [Self::Done, Self::Conflict, Self::Unknown, Self::Unavailable, Self::Full, Self::Fault];

    /// Its word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Conflict => "conflict",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
            Self::Full => "full",
            Self::Fault => "fault",
        }
    }

    const fn of(answer: &Result<Committed, CommitError>) -> Self {
        match answer {
            Ok(_) => Self::Done,
            Err(CommitError::Conflict { .. }) => Self::Conflict,
            Err(CommitError::Unknown) => Self::Unknown,
            Err(CommitError::Unavailable(_)) => Self::Unavailable,
            Err(CommitError::Full) => Self::Full,
            Err(CommitError::Fault(_)) => Self::Fault,
        }
    }
}

/// A distribution as it stands: the sum, how many, and how many lie in each bucket up to its bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spreading {
    /// Sum of all values.
    pub sum: u64,
    /// How many values.
    pub count: u64,
    /// Upper bound, and how many values lie between the bound before and this one. The last bound is [`u64::MAX`].
    pub buckets: Vec<(u64, u64)>,
}

impl Meter {
    /// Commit times in microseconds, from the call to the answer.
    #[must_use]
    pub fn commit_micros(&self) -> Spreading {
        self.0.took.read(&MICROS)
    }

    /// Batches that shared one COMMIT of SQLite; empty on PostgreSQL, where each has its own.
    #[must_use]
    pub fn batches_per_commit(&self) -> Spreading {
        self.0.shared.read(&BATCHES)
    }

    /// How many commits ended so.
    #[must_use]
    pub fn ended(&self, how: Ended) -> u64 {
        self.0.ended.get(how as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// How many batches PostgreSQL was sent again after a deadlock or a dead connection.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    /// How many records of `event` are in force by commits of this process.
    #[must_use]
    pub fn recorded(&self, event: Event) -> u64 {
        let at = Event::ALL.iter().position(|one| *one == event);
        at.and_then(|at| self.0.events.0.get(at)).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    pub(crate) fn retried(&self) {
        self.0.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shared(&self, batches: usize) {
        self.0.shared.add(&BATCHES, u64::try_from(batches).unwrap_or(u64::MAX));
    }

    /// Measures one commit and counts its end, and what it recorded if it is in force.
    pub(crate) async fn measure(
        &self,
        events: Vec<Event>,
        commit: impl Future<Output = Result<Committed, CommitError>>,
    ) -> Result<Committed, CommitError> {
        let begun = now();
        let answer = commit.await;
        self.0.took.add(&MICROS, u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        if let Some(count) = self.0.ended.get(Ended::of(&answer) as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if answer.is_ok() {
            for event in events {
                let at = Event::ALL.iter().position(|one| *one == event);
                at.and_then(|at| self.0.events.0.get(at)).map(|count| count.fetch_add(1, Ordering::Relaxed));
            }
        }
        answer
    }
}

#[expect(clippy::disallowed_methods, reason = "measures how long a commit took; nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}

/// A distribution in `N` buckets and one more for what is above them all.
#[derive(Debug)]
struct Spread<const N: usize> {
    sum: AtomicU64,
    within: [AtomicU64; N],
    above: AtomicU64,
}

impl<const N: usize> Default for Spread<N> {
    fn default() -> Self {
        Self { sum: AtomicU64::new(0), within: std::array::from_fn(|_| AtomicU64::new(0)), above: AtomicU64::new(0) }
    }
}

impl<const N: usize> Spread<N> {
    fn add(&self, bounds: &[u64; N], value: u64) {
        let bucket = bounds.iter().position(|bound| value <= *bound).and_then(|at| self.within.get(at));
        bucket.unwrap_or(&self.above).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn read(&self, bounds: &[u64; N]) -> Spreading {
        let counts = self.within.iter().chain([&self.above]).map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(u64, u64)> = bounds.iter().copied().chain([u64::MAX]).zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Spreading { sum: self.sum.load(Ordering::Relaxed), count, buckets }
    }
}
