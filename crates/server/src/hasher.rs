//! The bounded pool that all password hashing goes through: its own threads, its own memory, two queues.
//!
//! Must never: hash on a thread that serves requests, take in work before a place was reserved for it, or let strangers
//! keep a known device waiting. A place is asked for before the attempt is spent, so shedding costs an owner nothing.

mod line;
mod seen;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use poundlock_core::password::Memory;
use poundlock_core::secret::Digest;
use poundlock_core::time::Span;
use tokio::sync::oneshot;

use self::line::{Line, Ticket};
pub(crate) use self::seen::Seen;

/// Milliseconds since some fixed moment; never runs backwards. The application passes its monotonic clock.
pub(crate) type ElapsedMillis = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Who asks for a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A device that completed a login of this account before. Served first, and free of source limits.
    KnownDevice,
    /// Anyone else, counted by where the request comes from.
    Stranger {
        /// The keyed digest of the source; one fixed digest when the source is not known.
        source: Digest,
    },
}

/// How much the pool takes in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Hash threads at low priority; as many as cores. One more, at normal priority, serves known devices alone.
    pub(crate) threads: usize,
    /// Most places of known devices at once.
    pub(crate) known_max: usize,
    /// Most places of strangers at once.
    pub(crate) strangers_max: usize,
    /// Most places of one account at once, in each lane: strangers must not fill those of the owner's device.
    pub(crate) per_account_max: usize,
    /// Most places of one source of strangers at once.
    pub(crate) per_source_max: usize,
    /// A known device is refused when it would wait longer.
    pub(crate) known_wait_max: Span,
    /// A stranger is refused when it would wait longer.
    pub(crate) stranger_wait_max: Span,
    /// What one hash is thought to take before any was measured.
    pub(crate) first_guess: Span,
}

/// No place: the pool, the account or the source has too much under way. Nothing was spent (503 + Retry-After).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much password hashing is under way ({crowd:?})")]
pub(crate) struct Busy {
    /// When to try again; at least a second.
    pub(crate) retry_after: Span,
    /// What was full. For records and metrics, never for the caller.
    pub(crate) crowd: Crowd,
}

/// What had no place left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowd {
    /// The queue of this lane is full, or the wait in it too long.
    Pool,
    /// The account has too many places in this lane.
    Account,
    /// The source has too many places.
    Source,
    /// The process is shutting down.
    Closing,
}

/// The work was not done: it panicked, or the pool had shut down. Whatever was spent stays spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hash pool did not finish this work")]
pub(crate) struct Unfinished;

/// What the pool did and holds, for metrics and tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Jobs run to their end or to a panic.
    pub(crate) checks: u64,
    /// Known devices refused.
    pub(crate) shed_known: u64,
    /// Strangers refused.
    pub(crate) shed_strangers: u64,
    /// Places held now: reserved, queued or running.
    pub(crate) places: usize,
    /// The running mean of what a job takes, in microseconds.
    pub(crate) mean_micros: u64,
    /// Work areas held by all threads, in KiB.
    pub(crate) memory_kib: usize,
}

/// The pool. Dropping it finishes what is queued and joins the threads.
pub(crate) struct Hasher {
    line: Arc<Line>,
    threads: Vec<JoinHandle<()>>,
}

/// A reserved place: the right to run one job. Freed when dropped, or when the job has ended.
#[must_use = "a place that is dropped is free again"]
pub(crate) struct Place {
    line: Arc<Line>,
    ticket: Ticket,
}

/// One piece of work, with the place it runs in.
struct Job {
    work: Work,
    place: Place,
    queued_at: u64,
}

/// Does the work and returns how to tell the caller; `None` when nobody wants the answer any more and nothing was done.
type Work = Box<dyn FnOnce(&mut Memory) -> Option<Tell> + Send>;

/// Tells the caller. Called when the place is free and the job counted, so that a caller never meets its own place.
type Tell = Box<dyn FnOnce() + Send>;

impl Limits {
    /// The limits of a machine with this many cores.
    pub(crate) const fn of_cores(cores: usize) -> Self {
        let threads = if cores == 0 { 1 } else { cores };
        Self {
            threads,
            known_max: 64 * threads,
            strangers_max: 64 * threads,
            per_account_max: 3,
            per_source_max: 8,
            known_wait_max: Span::from_seconds(10),
            stranger_wait_max: Span::from_seconds(2),
            first_guess: Span::from_millis(100),
        }
    }
}

impl Hasher {
    /// Starts the threads. Their memory is allocated at their first job.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(limits: Limits, elapsed: ElapsedMillis) -> io::Result<Self> {
        let line = Arc::new(Line::new(limits, elapsed));
        let mut hasher = Self { line, threads: Vec::with_capacity(limits.threads + 1) };
        for number in 0..limits.threads {
            hasher.spawn(format!("hash-{number}"), worker::Serves::Everyone)?;
        }
        hasher.spawn("hash-known".to_owned(), worker::Serves::KnownDevices)?;
        Ok(hasher)
    }

    /// Reserves a place, before anything is spent. `account` is the keyed digest of the account or pseudo-account.
    ///
    /// # Errors
    /// [`Busy`] when the wait would be too long, or the queue, the account or the source has no place left.
    pub(crate) fn admit(&self, lane: Lane, account: Digest) -> Result<Place, Busy> {
        let ticket = Ticket { lane, account };
        self.line.reserve(ticket)?;
        Ok(Place { line: Arc::clone(&self.line), ticket })
    }

    /// How many jobs were run.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn checks(&self) -> u64 {
        self.counts().checks
    }

    /// What the pool shows to metrics.
    pub(crate) fn seen(&self) -> &Seen {
        self.line.seen()
    }

    /// What the pool did and holds.
    pub(crate) fn counts(&self) -> Counts {
        self.line.counts()
    }

    /// Takes in nothing more; what is queued is still run.
    pub(crate) fn close(&self) {
        self.line.close();
    }

    fn spawn(&mut self, name: String, serves: worker::Serves) -> io::Result<()> {
        let line = Arc::clone(&self.line);
        self.threads.push(thread::Builder::new().name(name).spawn(move || worker::work(&line, serves))?);
        Ok(())
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.close();
        for thread in self.threads.drain(..) {
            // A job may have held the last reference to the pool: a thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                // Panics of jobs are caught; there is nothing to learn from a thread's end.
                let _ = thread.join();
            }
        }
    }
}

impl Place {
    /// Queues `job` at once and gives a future of its result. A caller that stops waiting breaks nothing; if its job has
    /// not begun by then, it is skipped.
    pub(crate) fn run<T, F>(self, job: F) -> impl Future<Output = Result<T, Unfinished>> + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Memory) -> T + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        let work: Work = Box::new(move |memory| {
            if answer.is_closed() {
                return None;
            }
            let result = job(memory);
            // The caller may be gone by then; the answer goes nowhere.
            Some(Box::new(move || drop(answer.send(result))))
        });
        let line = Arc::clone(&self.line);
        let queued_at = line.now_millis();
        line.push(Job { work, place: self, queued_at });
        async move { receiver.await.map_err(|_| Unfinished) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.free(self.ticket);
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({:?})", self.counts())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({:?})", self.ticket.lane)
    }
}
