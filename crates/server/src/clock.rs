//! The one reader of the clocks. Everything else is told the time.

use std::time::{SystemTime, UNIX_EPOCH};

use poundlock_core::time::{Span, Time};
use rustix::time::{ClockId, clock_gettime};

/// The wall clock, and one that counts from when the process began.
#[derive(Debug)]
pub(crate) struct Clock {
    started_millis: i64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { started_millis: since_boot_millis() }
    }

    /// The wall clock, which anyone with the right may set.
    #[expect(clippy::disallowed_methods, reason = "this file is the one reader of the clocks")]
    pub(crate) fn wall(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Time since the process began, which no one can set. It counts sleep, so that waking a laptop is not a jump.
    pub(crate) fn running(&self) -> Span {
        Span::from_millis(since_boot_millis().saturating_sub(self.started_millis))
    }
}

fn since_boot_millis() -> i64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000)
}
