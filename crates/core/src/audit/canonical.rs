//! The one text form of what is recorded and exported: JSON with fields in a fixed order, no white space, and nothing
//! outside printable ASCII.
//!
//! What this must never do: give two texts for one value, or let a control character, a terminal escape or a
//! direction mark through (AUD-04, T-35). A reader re-encodes what it read and refuses any other spelling.

use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes JSON in which every character outside printable ASCII is a `\u` escape.
struct PrintableAscii;

impl serde_json::ser::Formatter for PrintableAscii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // serde_json has escaped `"`, `\` and everything below 0x20 already; DEL, the C1 controls (U+009B starts a
        // terminal escape too) and direction marks are left to us.
        let mut rest = fragment;
        while let Some(at) = rest.find(|c: char| !matches!(c, ' '..='~')) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = tail.chars();
            for unit in chars.next().unwrap_or_default().encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// The canonical text of `value`.
pub(super) fn encode<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::with_capacity(512);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PrintableAscii);
    #[expect(clippy::expect_used, reason = "memory takes every write, and the audit types have only text keys")]
    value.serialize(&mut serializer).expect("audit types always encode");
    #[expect(clippy::expect_used, reason = "the formatter above writes ASCII only")]
    String::from_utf8(bytes).expect("canonical text is ASCII")
}

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Not the JSON of this type.
    Unreadable,
    /// The JSON of this type in another spelling than ours: somebody wrote it anew.
    NotCanonical,
}

/// Reads `text`, and refuses every spelling but the canonical one.
pub(super) fn decode<T: Serialize + DeserializeOwned>(text: &str) -> Result<T, Unread> {
    let value: T = serde_json::from_str(text).map_err(|_| Unread::Unreadable)?;
    if encode(&value) == text { Ok(value) } else { Err(Unread::NotCanonical) }
}

/// A digest as 64 lower-case hexadecimal digits.
pub(super) mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::secret::Digest;

    const DIGITS: &[u8; 16] = b"0123456789abcdef";

    pub(in crate::audit) fn text(digest: &Digest) -> String {
        let digit = |nibble: u8| char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
        digest.as_bytes().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    pub(in crate::audit) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(digest))
    }

    pub(in crate::audit) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let nibbles: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
        let nibbles = nibbles.ok_or_else(|| D::Error::custom("not hexadecimal"))?;
        let bytes: Vec<u8> = nibbles
            .chunks_exact(2)
            .map(|pair| u8::try_from(pair.iter().fold(0, |sum, nibble| sum * 16 + nibble)).unwrap_or(0))
            .collect();
        Digest::from_bytes(&bytes).filter(|_| nibbles.len() == 64).ok_or_else(|| D::Error::custom("not a SHA-256"))
    }
}

/// Bytes as unpadded base64url (RFC 4648 §5).
pub(super) mod base64url {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::audit) fn text(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(in crate::audit) fn bytes(text: &str) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(text).ok()
    }

    #[expect(clippy::ptr_arg, reason = "serde hands the field's own type")]
    pub(in crate::audit) fn serialize<S: Serializer>(value: &Vec<u8>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(value))
    }

    pub(in crate::audit) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        bytes(&text).ok_or_else(|| D::Error::custom("not base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aud_04_everything_outside_printable_ascii_is_escaped() {
        let text = encode(&"a\r\n\u{1b}[31m\u{7f}\u{9b}1m\u{202e}\u{2028}é😀\"\\");
        assert_eq!(text, "\"a\\r\\n\\u001b[31m\\u007f\\u009b1m\\u202e\\u2028\\u00e9\\ud83d\\ude00\\\"\\\\\"");
        assert_eq!(decode::<String>(&text).unwrap(), "a\r\n\u{1b}[31m\u{7f}\u{9b}1m\u{202e}\u{2028}é😀\"\\");
    }

    #[test]
    fn another_spelling_of_the_same_value_is_refused() {
        assert_eq!(decode::<String>("\"a\""), Ok("a".to_owned()));
        for other in [" \"a\"", "\"a\" ", "\"\\u0061\"", "\"a\"\n"] {
            assert_eq!(decode::<String>(other), Err(Unread::NotCanonical), "{other:?}");
        }
        assert_eq!(decode::<String>("a"), Err(Unread::Unreadable));
    }

    #[test]
    fn a_digest_has_one_text_form() {
        #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
        struct Held(#[serde(with = "hex")] crate::secret::Digest);
        let held = Held(crate::secret::Digest::of(b"x"));
        let text = encode(&held);
        assert_eq!(decode::<Held>(&text), Ok(held));
        assert_eq!(decode::<Held>(&text.to_uppercase()), Err(Unread::NotCanonical));
        assert_eq!(decode::<Held>("\"00\""), Err(Unread::Unreadable));
        assert_eq!(decode::<Held>(&text.replacen('"', "\"0", 1)), Err(Unread::Unreadable));
    }
}
