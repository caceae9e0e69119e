//! Who stands in line for a hash thread, and who may join. Must never run a job, nor drop one while it holds the lock:
//! a job's place takes the lock to free itself.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use poundlock_core::secret::Digest;
use poundlock_core::time::Span;

use super::worker::Serves;
use super::{Busy, Counts, Crowd, ElapsedMillis, Job, Lane, Limits, Seen};
use crate::metrics::labels::Shed;

/// One job weighs this much in the running mean: an eighth.
const MEAN_WEIGHT: u64 = 8;

/// The line of the pool, shared by its threads and its places.
pub(super) struct Line {
    limits: Limits,
    elapsed: ElapsedMillis,
    state: Mutex<State>,
    seen: Seen,
    /// Wakes the threads that serve everyone.
    everyone: Condvar,
    /// Wakes the thread that serves known devices: apart, or a stranger's job could wake it and nobody else.
    known: Condvar,
}

/// For whom a place is held.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    pub(super) lane: Lane,
    pub(super) account: Digest,
}

#[derive(Default)]
struct State {
    closing: bool,
    known: Lot,
    strangers: Lot,
    sources: HashMap<Digest, usize>,
    counts: Counts,
}

/// One lane's places and queue. The maps hold only what has a place, so the limits bound them too.
#[derive(Default)]
struct Lot {
    places: usize,
    accounts: HashMap<Digest, usize>,
    queue: VecDeque<Job>,
}

impl Line {
    pub(super) fn new(limits: Limits, elapsed: ElapsedMillis) -> Self {
        let first_guess = u64::try_from(limits.first_guess.millis()).unwrap_or(0).saturating_mul(1000);
        let counts = Counts { mean_micros: first_guess, ..Counts::default() };
        let state = Mutex::new(State { counts, ..State::default() });
        let seen = Seen::default();
        Self { limits, elapsed, state, seen, everyone: Condvar::new(), known: Condvar::new() }
    }

    /// Takes a place, or says why there is none.
    pub(super) fn reserve(&self, ticket: Ticket) -> Result<(), Busy> {
        let mut state = self.state();
        let wait = state.expected_wait(ticket.lane, self.limits.threads);
        let Some(crowd) = state.crowd(ticket, wait, &self.limits) else {
            state.take(ticket);
            return Ok(());
        };
        match ticket.lane {
            Lane::KnownDevice => state.counts.shed_known += 1,
            Lane::Stranger { .. } => state.counts.shed_strangers += 1,
        }
        drop(state);
        self.seen.shed.get_or_create(&Shed { lane: ticket.lane.as_str(), crowd: crowd.as_str() }).inc();
        Err(Busy { retry_after: wait.max(Span::from_seconds(1)), crowd })
    }

    /// Gives a place back.
    pub(super) fn free(&self, ticket: Ticket) {
        let mut state = self.state();
        let lot = state.lot(ticket.lane);
        lot.places = lot.places.saturating_sub(1);
        count_down(&mut lot.accounts, ticket.account);
        if let Lane::Stranger { source } = ticket.lane {
            count_down(&mut state.sources, source);
        }
    }

    /// Queues a job in its lane. After the close it is dropped, and its caller learns so.
    pub(super) fn push(&self, job: Job) {
        let lane = job.place.ticket.lane;
        let mut state = self.state();
        if state.closing {
            drop(state);
            return drop(job);
        }
        state.lot(lane).queue.push_back(job);
        drop(state);
        self.everyone.notify_one();
        if lane == Lane::KnownDevice {
            self.known.notify_one();
        }
    }

    /// Waits for the next job; known devices come first. `None` when the pool is closed and nothing is left.
    pub(super) fn next(&self, serves: Serves) -> Option<Job> {
        let mut state = self.state();
        loop {
            let job = state.known.queue.pop_front().or_else(|| match serves {
                Serves::Everyone => state.strangers.queue.pop_front(),
                Serves::KnownDevices => None,
            });
            if job.is_some() || state.closing {
                return job;
            }
            let bell = match serves {
                Serves::Everyone => &self.everyone,
                Serves::KnownDevices => &self.known,
            };
            state = bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The present moment on the pool's clock, in milliseconds.
    pub(super) fn now_millis(&self) -> u64 {
        (self.elapsed)()
    }

    pub(super) const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Takes note of a job that a thread takes up.
    pub(super) fn taken_up(&self, queued_at: u64) {
        self.seen.wait.observe(seconds(self.now_millis().saturating_sub(queued_at)));
    }

    /// Takes note of a job that was run.
    pub(super) fn ran(&self, took_millis: u64, memory_kib_more: usize) {
        self.seen.took.observe(seconds(took_millis));
        let took_micros = took_millis.saturating_mul(1000);
        let counts = &mut self.state().counts;
        counts.checks += 1;
        counts.memory_kib += memory_kib_more;
        counts.mean_micros = counts.mean_micros - counts.mean_micros / MEAN_WEIGHT + took_micros / MEAN_WEIGHT;
    }

    pub(super) fn counts(&self) -> Counts {
        let state = self.state();
        Counts { places: state.known.places + state.strangers.places, ..state.counts }
    }

    pub(super) fn close(&self) {
        self.state().closing = true;
        self.everyone.notify_all();
        self.known.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock panics half-way; a poisoned line must still free its places.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn lot(&mut self, lane: Lane) -> &mut Lot {
        match lane {
            Lane::KnownDevice => &mut self.known,
            Lane::Stranger { .. } => &mut self.strangers,
        }
    }

    /// Everything that will be served before a newcomer, at the mean time of a job. Strangers wait for known devices,
    /// never the other way round.
    fn expected_wait(&self, lane: Lane, threads: usize) -> Span {
        let (ahead, threads) = match lane {
            Lane::KnownDevice => (self.known.places, threads + 1),
            Lane::Stranger { .. } => (self.known.places + self.strangers.places, threads),
        };
        let micros = self.counts.mean_micros.saturating_mul(ahead as u64) / (threads.max(1) as u64);
        Span::from_millis(i64::try_from(micros / 1000).unwrap_or(i64::MAX))
    }

    fn crowd(&self, ticket: Ticket, wait: Span, limits: &Limits) -> Option<Crowd> {
        let (lot, places_max, wait_max) = match ticket.lane {
            Lane::KnownDevice => (&self.known, limits.known_max, limits.known_wait_max),
            Lane::Stranger { .. } => (&self.strangers, limits.strangers_max, limits.stranger_wait_max),
        };
        if self.closing {
            return Some(Crowd::Closing);
        }
        if lot.places >= places_max || wait > wait_max {
            return Some(Crowd::Pool);
        }
        if lot.accounts.get(&ticket.account).is_some_and(|places| *places >= limits.per_account_max) {
            return Some(Crowd::Account);
        }
        match ticket.lane {
            Lane::Stranger { source } if self.sources.get(&source).is_some_and(|n| *n >= limits.per_source_max) => {
                Some(Crowd::Source)
            }
            _ => None,
        }
    }

    fn take(&mut self, ticket: Ticket) {
        let lot = self.lot(ticket.lane);
        lot.places += 1;
        *lot.accounts.entry(ticket.account).or_insert(0) += 1;
        if let Lane::Stranger { source } = ticket.lane {
            *self.sources.entry(source).or_insert(0) += 1;
        }
    }
}

fn seconds(millis: u64) -> f64 {
    Duration::from_millis(millis).as_secs_f64()
}

fn count_down(counts: &mut HashMap<Digest, usize>, key: Digest) {
    if let Entry::Occupied(mut count) = counts.entry(key) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}
