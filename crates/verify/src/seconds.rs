//! Time as JWTs write it: whole seconds. Never reads a clock.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// A moment (seconds since 1970-01-01T00:00:00Z) or a length of time, in whole seconds (RFC 7519 §2, `NumericDate`).
///
/// In JSON only an integer between 0 and the end of the year 9999 is read: a string, fraction, exponent, negative or
/// huge number is an error, never "no limit" (trap T-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Seconds(i64);

/// 9999-12-31T23:59:59Z: beyond it other libraries' dates overflow.
const LATEST: i64 = 253_402_300_799;

impl Seconds {
    /// This many seconds.
    #[must_use]
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The bare number of seconds.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }

    /// The moment `span` later; saturates at the ends of the range.
    #[must_use]
    pub const fn plus(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The time from `earlier` to this moment, negative if `earlier` is later; saturates.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(NumericDate)
    }
}

struct NumericDate;

impl de::Visitor<'_> for NumericDate {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whole seconds between 0 and the year 9999")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Seconds, E> {
        if (0..=LATEST).contains(&seconds) {
            Ok(Seconds(seconds))
        } else {
            Err(E::invalid_value(de::Unexpected::Signed(seconds), &self))
        }
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Seconds, E> {
        i64::try_from(seconds)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(seconds), &self))
            .and_then(|seconds| self.visit_i64(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::{LATEST, Seconds};

    #[test]
    fn t_06_only_whole_seconds_in_range_are_read() {
        for (json, seconds) in [("0", 0), ("1700000000", 1_700_000_000), ("253402300799", LATEST)] {
            assert_eq!(serde_json::from_str::<Seconds>(json).unwrap(), Seconds::new(seconds));
        }
        for json in [
            "-1",
            "-0",
            "1.0",
            "1e3",
            "1E3",
            "1.5",
            "253402300800",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "1e400",
            "\"1700000000\"",
            "[1700000000]",
            "{}",
            "null",
            "true",
            "01",
            "+1",
            "0x1",
        ] {
            assert!(serde_json::from_str::<Seconds>(json).is_err(), "{json}");
        }
        assert_eq!(serde_json::to_string(&Seconds::new(7)).unwrap(), "7");
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Seconds::new(i64::MAX);
        assert_eq!(end.plus(Seconds::new(1)), end);
        assert_eq!(Seconds::new(i64::MIN).since(Seconds::new(1)), Seconds::new(i64::MIN));
        assert_eq!(Seconds::new(5).since(Seconds::new(7)), Seconds::new(-2));
        assert_eq!(Seconds::new(5).plus(Seconds::new(7)).value(), 12);
        assert_eq!(Seconds::new(5).to_string(), "5");
    }
}
