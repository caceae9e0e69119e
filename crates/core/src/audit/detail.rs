//! What explains a decision: counters, lanes, rules and signals, typed and few.
//!
//! What this must never do: hold a secret (AUD-03), or a name or address (those are sealed as `Personal`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most bytes of text that a detail, client or request id keeps.
const TEXT_BYTES_MAX: usize = 256;

/// What a detail tells. Ordered by name, so a record has one spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// Assurance level reached: `aal1`, `aal2`, `phr` and so on.
    Acr,
    /// What the step-up or change is for.
    Action,
    /// Who did it when not the user: an admin's user id, or `admin_socket`.
    Actor,
    /// The audience of a token.
    Audience,
    /// What proved the login: RFC 8176 names joined by a space.
    Amr,
    /// Failed attempts before this success.
    FailedBefore,
    /// The kind of factor: `password`, `totp`, `passkey`, `recovery_code`.
    Factor,
    /// Generation of a refresh token.
    Generation,
    /// How many other rows the change ended or removed.
    Ended,
    /// When the last attempt of a counted record came: milliseconds since 1970 (UTC).
    LastAt,
    /// Which budget was used.
    Lane,
    /// The most that the rule allows.
    Limit,
    /// The new value of what was changed; never a secret.
    New,
    /// The old value of what was changed; never a secret.
    Old,
    /// Milliseconds until a next attempt is checked.
    RetryAfterMillis,
    /// Which rule decided.
    Rule,
    /// What a detector saw.
    Signal,
    /// The row that was acted on: a factor, device, key, session or client id.
    Target,
    /// Attempts counted, this one included.
    Tried,
    /// Version of the program.
    Version,
    /// Width of the source that was limited: `address`, `/64`, `/56`, `/48`.
    Width,
}

/// The value of a detail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A count or a time.
    Number(i64),
    /// A code, id or short text, cut to 256 bytes.
    Text(String),
}

/// The budget that an attempt was counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Everybody without a known device.
    Strangers,
    /// Known devices of the account.
    Devices,
    /// The source's own limit.
    Source,
}

impl Lane {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strangers => "strangers",
            Self::Devices => "devices",
            Self::Source => "source",
        }
    }
}

impl Key {
    /// The name in records.
    #[must_use]
    pub fn name(self) -> String {
        super::canonical::encode(&self).trim_matches('"').to_owned()
    }
}

impl Value {
    /// The number, if it is one.
    #[must_use]
    pub const fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    /// As people may read it: whatever could move a cursor or split a line is escaped (AUD-04).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", text.escape_debug()),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(i64::from(number))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(bounded(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(if text.len() > TEXT_BYTES_MAX { bounded(&text) } else { text })
    }
}

impl From<Lane> for Value {
    fn from(lane: Lane) -> Self {
        lane.name().into()
    }
}

/// `text`, cut to 256 bytes at a character: a record's size is ours to choose, not the sender's.
pub(super) fn bounded(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(bounded(&"é".repeat(200)).len(), 256);
        assert_eq!(bounded(&format!("a{}", "é".repeat(200))).len(), 255);
        assert_eq!(Value::from("x".repeat(999)), Value::from("x".repeat(256)));
        assert_eq!(bounded("short"), "short");
    }

    #[test]
    fn aud_04_a_value_prints_on_one_line_without_escapes() {
        let value = Value::from("a\r\nb\u{1b}[2J\u{202e}\u{9b}");
        let text = value.to_string();
        assert!(text.chars().all(|c| matches!(c, ' '..='~')), "{text}");
    }

    #[test]
    fn keys_have_plain_names() {
        assert_eq!(Key::RetryAfterMillis.name(), "retry_after_millis");
        assert_eq!(Value::from(7_u32).number(), Some(7));
        assert_eq!(Value::from(Lane::Devices), Value::Text("devices".to_owned()));
    }
}
