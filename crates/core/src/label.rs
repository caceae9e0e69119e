//! Names that users give their factors. Shown to their owner and to administrators, so a name may not pretend to be
//! anything but one line of text.

/// Longest name, in characters.
pub const LABEL_CHARS_MAX: usize = 64;

/// A name as it is stored: trimmed, one line, not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

/// The text cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 characters on one line, and none that cannot be seen")]
pub struct NotALabel;

impl Label {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NotALabel`] when it is empty or too long, or has characters that move, hide or turn text.
    pub fn parse(text: &str) -> Result<Self, NotALabel> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= LABEL_CHARS_MAX;
        if fits && !text.chars().any(misleads) { Ok(Self(text.to_owned())) } else { Err(NotALabel) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, and those that turn the direction of text, join or hide it. Attack: a name that shows as another.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_shows_what_it_is() {
        assert_eq!(Label::parse("  Blauer Schlüssel 🔑 ").unwrap().as_str(), "Blauer Schlüssel 🔑");
        assert!(Label::parse(&"é".repeat(LABEL_CHARS_MAX)).is_ok());
        for bad in ["", "   ", "a\nb", "a\u{202e}b", "a\u{200b}b", "\u{feff}a", &"x".repeat(LABEL_CHARS_MAX + 1)] {
            assert_eq!(Label::parse(bad), Err(NotALabel), "{bad:?}");
        }
    }
}
