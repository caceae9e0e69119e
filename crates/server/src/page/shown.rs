//! How values look to people: texts that others chose, moments, secrets in groups.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use poundlock_core::time::Time;

use super::language::Language;
use super::words;

/// Longest text that is shown of what somebody else wrote, in characters.
const SHOWN_CHARS_MAX: usize = 200;

/// A text that somebody chose, without what would move or hide its neighbours. The template escapes it.
pub(crate) fn text(raw: &str) -> Cow<'_, str> {
    if raw.chars().nth(SHOWN_CHARS_MAX).is_none() && !raw.chars().any(is_deceptive) {
        return Cow::Borrowed(raw);
    }
    let mut shown: String =
        raw.chars().take(SHOWN_CHARS_MAX).map(|one| if is_deceptive(one) { '\u{fffd}' } else { one }).collect();
    if raw.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

/// Attack: an app called `Mail\u{202e}knaB` shows itself as another; zero-width letters make two names look alike.
fn is_deceptive(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(one, '\u{00ad}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A secret in groups of four, as one types it.
pub(crate) fn groups_of_four(secret: &str) -> Vec<String> {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect()).collect()
}

/// A moment to the minute, in UTC.
pub(crate) fn moment(language: Language, at: Time) -> String {
    let Ok(at) = Timestamp::from_millisecond(at.millis()) else { return String::new() };
    let at = TimeZone::UTC.to_datetime(at);
    let month = words::say(language, &format!("month-{}", at.month()), None);
    let (day, year, hour, minute) = (at.day(), at.year(), at.hour(), at.minute());
    match language {
        Language::English => format!("{day} {month} {year}, {hour:02}:{minute:02} UTC"),
        Language::German => format!("{day}. {month} {year}, {hour:02}:{minute:02} UTC"),
    }
}

/// A moment as programs read it.
pub(crate) fn machine_moment(at: Time) -> String {
    Timestamp::from_millisecond(at.millis()).map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
