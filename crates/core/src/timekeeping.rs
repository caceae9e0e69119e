//! Whether the wall clock may be believed: it must not fall behind what was already seen, nor run ahead of the
//! monotonic clock. Reads neither; both come as parameters.
//!
//! A clock set back would revive spent codes and ended tokens; one set ahead would end everything and then, set right
//! again, look like one set back.

use crate::time::{Span, Time};

/// How far the wall may lie behind the mark, or ahead of the monotonic clock, before nothing is issued.
pub const TOLERANCE: Span = Span::from_seconds(5);
/// How far wall and monotonic clock may differ before an alert.
pub const ALERT: Span = Span::from_seconds(2);

/// Part of the time gone by that the anchor may follow the wall: 1 ms a second. Time servers that slew or step by
/// fractions of a second stay in step over months; a jump does not slip through.
const FOLLOW_DIVISOR: i64 = 1000;

/// The highest time that was believed, and what the monotonic clock said about it.
#[derive(Clone, Debug)]
pub struct HighWater {
    mark: Time,
    anchor: Option<Anchor>,
}

/// The wall time at which the monotonic clock stood at zero, as far as is believed.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    zero: Time,
    /// The monotonic time up to which the anchor has followed the wall.
    followed: Span,
}

/// What to do with a reading of the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Reading {
    /// The clock is believed.
    Ready {
        /// The time of this request. Never before a time given out earlier.
        now: Time,
        /// The mark to store.
        mark: Time,
        /// How far the wall lies ahead of the monotonic clock (behind: negative).
        skew: Span,
    },
    /// The wall lies behind the mark by this much: issue nothing.
    Behind(Span),
    /// The wall lies ahead of the monotonic clock by this much: issue nothing until it agrees again.
    Jumped(Span),
}

impl Reading {
    /// Whether wall and monotonic clock differ by more than [`ALERT`], or the clock is not believed at all.
    #[must_use]
    pub fn alerts(&self) -> bool {
        match self {
            Self::Ready { skew, .. } => skew.millis().saturating_abs() > ALERT.millis(),
            Self::Behind(_) | Self::Jumped(_) => true,
        }
    }
}

impl HighWater {
    /// Begins with the stored mark; [`Time::from_millis`]`(i64::MIN)` for a new store. At a start nothing is known of
    /// the time gone by, so any wall from the mark on is believed.
    #[must_use]
    pub const fn new(stored_mark: Time) -> Self {
        Self { mark: stored_mark, anchor: None }
    }

    /// The highest time believed so far.
    #[must_use]
    pub const fn mark(&self) -> Time {
        self.mark
    }

    /// Takes over a mark that another node stored.
    pub fn raise(&mut self, stored_mark: Time) {
        self.mark = self.mark.max(stored_mark);
    }

    /// Judges one reading: `wall`, and `monotonic`, the time gone by since some fixed moment of this process. The
    /// monotonic clock must count the time that the machine sleeps, or waking looks like a jump.
    pub fn observe(&mut self, wall: Time, monotonic: Span) -> Reading {
        let behind = self.mark - wall;
        if behind > TOLERANCE {
            return Reading::Behind(behind);
        }
        let zero = Time::from_millis(wall.millis().saturating_sub(monotonic.millis()));
        let mut anchor = self.anchor.unwrap_or(Anchor { zero, followed: monotonic });
        let skew = wall - (anchor.zero + monotonic);
        if skew > TOLERANCE {
            return Reading::Jumped(skew);
        }
        anchor.follow(skew, monotonic);
        self.anchor = Some(anchor);
        self.mark = self.mark.max(wall);
        Reading::Ready { now: self.mark, mark: self.mark, skew }
    }
}

impl Anchor {
    fn follow(&mut self, skew: Span, monotonic: Span) {
        let reach = monotonic.millis().saturating_sub(self.followed.millis()) / FOLLOW_DIVISOR;
        if reach > 0 {
            self.zero = self.zero + Span::from_millis(skew.millis().clamp(-reach, reach));
            self.followed = monotonic;
        }
    }
}

#[cfg(test)]
mod tests;
