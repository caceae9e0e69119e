//! Where a browser goes after a login: a path of this very server and nothing else (SES-12, T-27).

#[cfg(test)]
mod tests;

/// The longest path, in bytes.
const BYTES_MAX: usize = 512;

/// A path, perhaps with a query, that every browser reads as one on this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Reads a path; `None` for what is not exactly one. Nothing is repaired: what two readers could take for two places
    /// is refused.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let fits = text.len() <= BYTES_MAX
            && text.bytes().all(is_plain)
            && is_decoded_once(text)
            && is_absolute(path)
            && !query.contains('?');
        fits.then(|| Self(text.to_owned()))
    }

    /// The user's own page: where a login goes that was told nothing else.
    #[must_use]
    pub fn account() -> Self {
        Self("/account".to_owned())
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One slash at the front and none doubled: `//evil.example` is another host. No segment climbs or stands still.
fn is_absolute(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if matches!(segment, "." | "..") || (segment.is_empty() && !is_last) {
            return false;
        }
    }
    true
}

/// No backslash (browsers read it as a slash), no control character, white space or tab (browsers drop them), no `@`, `:`
/// or `#`, and nothing beyond ASCII.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~' | b'?' | b'=' | b'&' | b'%' | b'+')
}

/// Every `%` begins two hexadecimal digits, and none of them hides a character that may not stand there in the open, or
/// another `%`: a proxy that decodes twice would see through it.
fn is_decoded_once(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|part| {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| byte > b' ' && byte < 0x7f && !matches!(byte, b'/' | b'\\' | b'%' | b'.'))
    })
}
