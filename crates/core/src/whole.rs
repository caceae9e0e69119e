//! Whole numbers of JSON, as JSON knows them: `3600` and `3600.0` are one value (RFC 8259 section 6), and some languages
//! write every number of seconds with a point.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

/// The greatest that may be written with a point: thirty thousand years in seconds. The reader of JSON is not exact to the
/// last digit of much greater ones.
pub const JSON_MAX: i64 = 999_999_999_999;
/// The same as a floating-point number.
const EXACT_MAX: f64 = 999_999_999_999.0;

/// Reads a whole number or null, for `#[serde(default, deserialize_with)]`.
///
/// # Errors
/// When it is something else, has a fraction or is too large.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(Whole)
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_unit<E: Error>(self) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<i64>, E> {
        Ok(Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<i64>, E> {
        i64::try_from(number).map(Some).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is small enough")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<i64>, E> {
        if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
            Ok(Some(number as i64))
        } else {
            Err(E::invalid_value(Unexpected::Float(number), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "super::optional")]
        seconds: Option<i64>,
    }

    #[test]
    fn a_whole_number_is_one_in_either_spelling() {
        for (text, seconds) in [
            ("{}", None),
            (r#"{"seconds":null}"#, None),
            (r#"{"seconds":3600}"#, Some(3600)),
            (r#"{"seconds":3600.0}"#, Some(3600)),
            (r#"{"seconds":-36.0e2}"#, Some(-3600)),
            (r#"{"seconds":9223372036854775807}"#, Some(i64::MAX)),
            (r#"{"seconds":999999999999.0}"#, Some(super::JSON_MAX)),
        ] {
            assert_eq!(serde_json::from_str::<Body>(text).unwrap().seconds, seconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for odd in ["0.5", "1e300", "1000000000000.0", "9223372036854775808", "\"3600\"", "true", "[]", "{}"] {
            let refused = serde_json::from_str::<Body>(&format!("{{\"seconds\":{odd}}}")).unwrap_err().to_string();
            assert!(refused.contains("expected a whole number"), "{odd}: {refused}");
        }
    }
}
