//! Says what time it is, or that it cannot be said: a clock that fell back or jumped issues nothing (OPS-10).

#[cfg(test)]
mod tests;

use std::sync::Mutex;

use poundlock_core::denial::Denial;
use poundlock_core::time::{Span, Time};
use poundlock_core::timekeeping::{ALERT, HighWater, Reading};

use crate::clock::Clock;

/// Whether a difference from the shared database's clock is too much (DESIGN §9).
pub(crate) fn is_apart(skew: Span) -> bool {
    skew > ALERT
}

/// The clock, watched.
#[derive(Debug)]
pub(crate) struct Timekeeper {
    clock: Clock,
    water: Mutex<HighWater>,
}

impl Timekeeper {
    pub(crate) fn new(clock: Clock, stored_mark: Time) -> Self {
        Self { clock, water: Mutex::new(HighWater::new(stored_mark)) }
    }

    /// Now, read once a request; a denial while the clock cannot be trusted.
    pub(crate) fn now(&self) -> Result<Time, Denial> {
        match self.reading() {
            Reading::Ready { now, .. } => Ok(now),
            Reading::Behind(_) | Reading::Jumped(_) => Err(Denial::Clock),
        }
    }

    /// What the clocks say, for the health page and the log.
    pub(crate) fn reading(&self) -> Reading {
        let (wall, running) = (self.clock.wall(), self.clock.running());
        self.water.lock().unwrap_or_else(std::sync::PoisonError::into_inner).observe(wall, running)
    }

    /// Time since the process began, which no one can set.
    pub(crate) fn running(&self) -> Span {
        self.clock.running()
    }

    /// The mark to store, so that a restart does not forget it.
    pub(crate) fn mark(&self) -> Time {
        self.water.lock().unwrap_or_else(std::sync::PoisonError::into_inner).mark()
    }

    /// How far this clock is from the shared database's; more than [`ALERT`] makes a node unready, since two nodes
    /// would then judge one code differently.
    pub(crate) fn skew_from(&self, database: Time) -> Span {
        Span::from_millis((self.clock.wall() - database).millis().saturating_abs())
    }
}
