//! Moments as people read them: UTC, and the month a record's personal part belongs to. Never reads a clock or a
//! time zone (AUD-02).

use crate::time::Time;

/// Year, month (1 to 12) and day of the day `days` after 1970-01-01, in the Gregorian calendar extended both ways.
pub(super) fn civil(days: i64) -> (i64, u8, u8) {
    // Count from 1 March of year 0: the leap day is then the last day of a year and needs no case of its own.
    let from_march = days.saturating_add(719_468);
    let (era, of_era) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
}

/// A moment in RFC 3339 form, in UTC and to the millisecond.
#[must_use]
pub fn utc(time: Time) -> String {
    let (day, of_day) = (time.millis().div_euclid(86_400_000), time.millis().rem_euclid(86_400_000));
    let (year, month, date) = civil(day);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aud_02_moments_print_as_utc() {
        let of = |millis| utc(Time::from_millis(millis));
        assert_eq!(of(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(of(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(of(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(of(1_709_251_199_999), "2024-02-29T23:59:59.999Z");
        assert_eq!(of(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn every_day_of_eight_centuries_follows_the_day_before() {
        let mut before = civil(-150_001);
        for day in -150_000..150_000 {
            let today = civil(day);
            let next_day = today.2 == before.2 + 1 && today.1 == before.1 && today.0 == before.0;
            let next_month = today.2 == 1 && before.2 >= 28 && (today.1 == before.1 % 12 + 1);
            assert!(next_day || next_month, "{before:?} {today:?}");
            before = today;
        }
    }
}
