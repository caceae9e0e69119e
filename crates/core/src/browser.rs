//! A browser's session: the secret in its cookie, and the row that knows it again. Proves nothing by itself: it leads to
//! a [`Session`], and that one came from a grant.

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::id::SessionId;
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::{Digest, Rng, Secret};
use crate::session::Session;
use crate::time::{Span, Time};

const PREFIX: &str = "plb_";

/// How long what is shown once can be shown again to the same browser, unless its owner says sooner that it is saved: a
/// reload must not lose ten codes that nobody has read yet.
pub const SHOWN_FOR: Span = Span::from_minutes(10);

/// What the session cookie holds: the session's id and 256 random bits (C-5).
#[derive(Debug)]
pub struct BrowserSecret {
    session: SessionId,
    secret: Secret<[u8; 32]>,
}

/// The browser of a session, as stored.
#[derive(Clone, Debug)]
pub struct BrowserRow {
    /// The session.
    pub session: SessionId,
    /// Digest of the secret in the cookie.
    pub digest: Digest,
    /// The digest again, sealed to the session.
    pub sealed: Vec<u8>,
}

/// What is shown once after a login, and where the browser goes after that.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    codes: Vec<String>,
    next: String,
    until: Time,
}

impl BrowserSecret {
    /// Reads the value of a cookie; `None` when it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Secret::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        let (id, secret) = bytes.reveal().split_at_checked(16)?;
        Some(Self { session: SessionId::from_bytes(id)?, secret: Secret::new(secret.try_into().ok()?) })
    }

    /// The value of the cookie.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        let mut bytes = Zeroizing::new(self.session.as_bytes().to_vec());
        bytes.extend_from_slice(self.secret.reveal());
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Which row to read.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Whether `row` is of this secret.
    ///
    /// # Errors
    /// [`BadSeal`] when the row was changed outside this program. Attack: a digest written into the table, of a secret
    /// that its writer knows, opens the session of somebody else.
    pub fn opens(&self, ring: &Keyring, row: &BrowserRow) -> Result<bool, BadSeal> {
        let sealed = ring.open_sealed(place(&row.session), &row.sealed)?;
        if sealed.reveal().as_slice() != row.digest.as_bytes() {
            return Err(BadSeal);
        }
        Ok(self.session == row.session && self.secret.digest().matches(&row.digest))
    }
}

/// Gives the browser of `session` a new secret. At the login, and again at every step-up, so that a copy of the old one
/// does not rise with the session (SES-01).
pub fn make(session: &Session, ring: &Keyring, rng: &dyn Rng) -> (BrowserSecret, BrowserRow) {
    let made = BrowserSecret { session: session.id(), secret: Secret::random(rng) };
    let digest = made.secret.digest();
    let sealed = ring.seal(place(&made.session), digest.as_bytes(), rng);
    let row = BrowserRow { session: made.session, digest, sealed };
    (made, row)
}

impl Shown {
    /// Keeps `codes` for [`SHOWN_FOR`].
    #[must_use]
    pub fn new(codes: &[Secret<String>], next: &str, now: Time) -> Self {
        let codes = codes.iter().map(|code| code.reveal().clone()).collect();
        Self { codes, next: next.to_owned(), until: now + SHOWN_FOR }
    }

    /// When it is over.
    #[must_use]
    pub const fn until(&self) -> Time {
        self.until
    }

    /// Where the browser goes when its owner has saved them.
    #[must_use]
    pub fn next(&self) -> &str {
        &self.next
    }

    /// The codes.
    pub fn codes(&self) -> impl Iterator<Item = Secret<String>> {
        self.codes.iter().map(|code| Secret::new(code.clone()))
    }

    /// The stored form, sealed to its session.
    pub fn seal(&self, session: SessionId, ring: &Keyring, rng: &dyn Rng) -> Vec<u8> {
        // Plain data with text keys always becomes JSON; an empty text would not open again.
        let plain = Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        ring.seal(shown_place(&session), &plain, rng)
    }

    /// Reads it back; `None` when its time is over.
    ///
    /// # Errors
    /// [`BadSeal`] when it was changed outside this program, or is another session's.
    pub fn open(ring: &Keyring, session: SessionId, sealed: &[u8], now: Time) -> Result<Option<Self>, BadSeal> {
        let plain = ring.open_sealed(shown_place(&session), sealed)?;
        let shown: Self = serde_json::from_slice(plain.reveal()).map_err(|_| BadSeal)?;
        Ok((now < shown.until).then_some(shown))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.codes.zeroize();
    }
}

const fn place(session: &SessionId) -> Place<'_> {
    Place { kind: "browser", id: session.as_bytes(), version: 0 }
}

const fn shown_place(session: &SessionId) -> Place<'_> {
    Place { kind: "browser_shown", id: session.as_bytes(), version: 0 }
}
