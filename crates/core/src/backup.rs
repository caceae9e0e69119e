//! What a backup says of itself, and what a restore must take back so that it never un-spends anything.
//!
//! What this must never do: hold a master key or a data key in the clear. The manifest names the master key by its
//! fingerprint (CAR-04).

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::seal::Keyring;
use crate::secret::Digest;
use crate::time::Time;
use crate::totp::{DRIFT_STEPS_MAX, STEP};

/// How many numbers of status lists a restore leaves out. The store that was lost may have opened lists after the
/// backup, and their places stand in tokens (TOK-15); it opened one a day, or one for every 131,072 sessions.
const LISTS_LEFT_OUT: i64 = 1 << 20;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The newest migration in it.
    pub schema: u32,
    /// When it was made, in milliseconds since 1970.
    pub made_at_millis: i64,
    /// The issuer whose store it is.
    pub issuer: String,
    /// The fingerprint of the master key that opens it.
    pub master_key: String,
    /// The version of the program that wrote it.
    pub version: String,
    /// SHA-256 over its rows and its schema, in hexadecimal digits.
    pub content: String,
}

/// Why a backup is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbelieved {
    /// The manifest does not read.
    #[error("its manifest does not read")]
    Unreadable,
    /// Another key wrote the tag, or the manifest was edited.
    #[error("its manifest was edited, or written under other keys")]
    BadTag,
    /// The rows are not those the manifest tells of.
    #[error("its content was edited after it was made")]
    BadContent,
}

impl Manifest {
    /// The text and its tag. Attack: whoever can write where backups are kept puts himself into the administrators'
    /// group, and waits for a restore.
    #[must_use]
    pub fn signed(&self, ring: &Keyring) -> (String, Digest) {
        let text = serde_json::to_string(self).unwrap_or_default();
        let tag = tag(&text, ring);
        (text, tag)
    }

    /// Reads a manifest of which nothing is believed yet: to say which master key it wants.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Reads a manifest that these keys wrote over this content.
    ///
    /// # Errors
    /// [`Unbelieved`]
    pub fn check(text: &str, given: &Digest, content: &Digest, ring: &Keyring) -> Result<Self, Unbelieved> {
        if !tag(text, ring).matches(given) {
            return Err(Unbelieved::BadTag);
        }
        let manifest = Self::read(text).ok_or(Unbelieved::Unreadable)?;
        if manifest.content == hex(content) { Ok(manifest) } else { Err(Unbelieved::BadContent) }
    }

    /// When it was made.
    #[must_use]
    pub const fn made_at(&self) -> Time {
        Time::from_millis(self.made_at_millis)
    }
}

fn tag(text: &str, ring: &Keyring) -> Digest {
    ring.counter_key(&[b"backup", text.as_bytes()])
}

/// A digest as a manifest writes it.
#[must_use]
pub fn hex(digest: &Digest) -> String {
    use std::fmt::Write;
    digest.as_bytes().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The last step that every authenticator counts as used after a restore at `now` (MFA codes are used once). A device
/// may run ahead of us by as much as a drift or a re-sync takes, so the codes of that time count as used too.
#[must_use]
pub const fn last_step(now: Time) -> i64 {
    now.millis().div_euclid(STEP.millis()) + DRIFT_STEPS_MAX
}

/// When the first code after such a restore is taken from a device whose clock is right.
#[must_use]
pub const fn codes_from(now: Time) -> Time {
    Time::from_millis((last_step(now) + 1) * STEP.millis())
}

/// The number of the first status list after a restore, `newest` being the highest that anybody knows of.
#[must_use]
pub const fn first_list(newest: i64) -> i64 {
    newest.saturating_add(LISTS_LEFT_OUT)
}
