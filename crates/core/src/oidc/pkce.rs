//! Proof Key for Code Exchange (RFC 7636), in its one sound form: `S256`.

use poundlock_verify::b64;
use serde::{Deserialize, Serialize};

use crate::secret::{Digest, Secret};

/// The digest of a verifier that only the asking client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Reads a `code_challenge`: 43 characters of canonical base64url (§4.2).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(b64::decode(text).ok()?.try_into().ok()?))
    }

    /// Whether this is the digest of `verifier`, which must have the form of §4.1: 43 to 128 unreserved characters.
    #[must_use]
    pub fn is_met_by(&self, verifier: &Secret<String>) -> bool {
        let text = verifier.reveal();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let well_formed = (43..=128).contains(&text.len()) && text.bytes().all(fits);
        well_formed && Digest::of(text.as_bytes()).matches(&Digest::from_raw(self.0))
    }
}
