//! The one reader of the clocks. Everything else is told the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use poundlock_core::time::{Span, Time};

/// The wall clock and a monotonic one, or a clock that a test moves by hand.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this file is the one reader of the clocks")]
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// The wall clock.
    #[expect(clippy::disallowed_methods, reason = "this file is the one reader of the clocks")]
    pub(crate) fn wall(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Time since the process began, which no one can set.
    pub(crate) fn running(&self) -> Span {
        Span::from_millis(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
