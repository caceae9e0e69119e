//! Parameters of a query or a form, read in one strict way (RFC 6749 §3.1 and §3.2, OAE-09): a name that comes twice is
//! remembered as such, an empty value counts as absent, an unknown name is not looked at.

use std::collections::BTreeSet;

use crate::secret::Secret;

/// The most parameters that are read.
const PAIRS_MAX: usize = 64;

/// Parameters as they were sent. Values may be secrets, so none of them prints.
#[derive(Debug, Default)]
pub struct Params {
    pairs: Vec<(String, Secret<String>)>,
    repeated: BTreeSet<String>,
}

/// A text that is no list of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadParams {
    /// A percent sign without two hexadecimal digits.
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Escape,
    /// Bytes that are not UTF-8.
    #[error("a parameter is not UTF-8")]
    Utf8,
    /// More than 64 parameters.
    #[error("there are more than 64 parameters")]
    TooMany,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` (WHATWG URL §5.1), and refuses what that would repair.
    ///
    /// # Errors
    /// [`BadParams`].
    pub fn parse(text: &str) -> Result<Self, BadParams> {
        let mut params = Self::default();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name)?, Secret::new(decode(value)?));
            if params.pairs.len() == PAIRS_MAX {
                return Err(BadParams::TooMany);
            }
            if params.pairs.iter().any(|(known, _)| *known == name) {
                params.repeated.insert(name);
            } else {
                params.pairs.push((name, value));
            }
        }
        Ok(params)
    }

    /// The value of a parameter that came once and is not empty.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        self.secret(name).map(|value| value.reveal().as_str())
    }

    /// The same, for a value that must not be printed.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret<String>> {
        let found = self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        found.filter(|value| !value.reveal().is_empty() && !self.is_repeated(name))
    }

    /// Whether this name came more than once. Attack: a proxy that looks at the first value and a server that looks at
    /// the last do not see the same request.
    #[must_use]
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    /// Whether any name came more than once.
    #[must_use]
    pub fn has_repeated(&self) -> bool {
        !self.repeated.is_empty()
    }
}

fn decode(text: &str) -> Result<String, BadParams> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = (rest.next().and_then(hex), rest.next().and_then(hex));
                let (Some(high), Some(low)) = digits else { return Err(BadParams::Escape) };
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| BadParams::Utf8)
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Appends parameters to a text in the same form, escaping all but the unreserved characters of RFC 3986 §2.3.
pub fn encode<'a>(text: &mut String, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let mut separator = "";
    for (name, value) in pairs {
        text.push_str(separator);
        escape(text, name);
        text.push('=');
        escape(text, value);
        separator = "&";
    }
}

fn escape(text: &mut String, plain: &str) {
    use std::fmt::Write;
    for byte in plain.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}
