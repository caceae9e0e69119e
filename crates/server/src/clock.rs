//! The one reader of the clocks. Everything else is told the time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use poundlock_core::time::{Span, Time};
use rustix::time::{ClockId, clock_gettime};

/// The wall clock, and one that counts from when the process began; in tests, a clock that a test moves by hand.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    System {
        started_millis: i64,
    },
    #[cfg(feature = "testing")]
    Manual(std::sync::Arc<Manual>),
}

/// The hands of a test's clock, in milliseconds.
#[cfg(feature = "testing")]
#[derive(Debug, Default)]
pub(crate) struct Manual {
    pub(crate) wall: std::sync::atomic::AtomicI64,
    pub(crate) running: std::sync::atomic::AtomicI64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self::System { started_millis: since_boot_millis() }
    }

    /// The wall clock, which anyone with the right may set.
    #[expect(clippy::disallowed_methods, reason = "this file is the one reader of the clocks")]
    pub(crate) fn wall(&self) -> Time {
        #[cfg(feature = "testing")]
        if let Self::Manual(hands) = self {
            return Time::from_millis(hands.wall.load(std::sync::atomic::Ordering::SeqCst));
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Time since the process began, which no one can set. It counts sleep, so that waking a laptop is not a jump.
    pub(crate) fn running(&self) -> Span {
        match self {
            Self::System { started_millis } => Span::from_millis(since_boot_millis().saturating_sub(*started_millis)),
            #[cfg(feature = "testing")]
            Self::Manual(hands) => Span::from_millis(hands.running.load(std::sync::atomic::Ordering::SeqCst)),
        }
    }
}

/// Measures how long something took, finer than [`Clock::running`]. For metrics: nothing is decided by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this file is the one reader of the clocks")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn took(self) -> Duration {
        self.0.elapsed()
    }
}

fn since_boot_millis() -> i64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000)
}
