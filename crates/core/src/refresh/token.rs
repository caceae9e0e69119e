//! The refresh token as a client holds it, and as it waits in a login while the second factor is proved again. Never
//! says whether a token is still good: only that it is ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::id::{FamilyId, LoginId};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::{Digest, Rng, Secret};
use crate::time::Time;

const PREFIX: &str = "plr1.";
const ID: usize = 16;
const GENERATION: usize = 4;
const SECRET: usize = 32;
const BODY: usize = ID + GENERATION + SECRET;
const TAG: usize = 32;
const WHOLE: usize = BODY + TAG;
/// A multiple of three bytes: base64url without rest bits, so one token has one spelling.
const TEXT: usize = PREFIX.len() + WHOLE / 3 * 4;
const AT: usize = 8;

/// A refresh token that is ours: family, generation and 256 random bits (TOK-10). Its tag was checked when it was read,
/// and is made when it is written.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    family: FamilyId,
    generation: u32,
    secret: Secret<[u8; SECRET]>,
}

/// Not a refresh token of this server: malformed, changed, or made up. The causes look alike on purpose; the answer is
/// 401 and nothing stored is touched, so a stranger cannot end a family by naming it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token of this server")]
pub struct BadToken;

impl RefreshToken {
    pub(super) const fn new(family: FamilyId, generation: u32, secret: Secret<[u8; SECRET]>) -> Self {
        Self { family, generation, secret }
    }

    /// Reads the text that a client sent.
    ///
    /// # Errors
    /// [`BadToken`] unless [`RefreshToken::text`] made it under the same tag key.
    pub fn parse(ring: &Keyring, text: &Secret<String>) -> Result<Self, BadToken> {
        let encoded = text.reveal().strip_prefix(PREFIX).ok_or(BadToken)?;
        if text.reveal().len() != TEXT {
            return Err(BadToken);
        }
        let mut bytes = Zeroizing::new([0; WHOLE]);
        let read = URL_SAFE_NO_PAD.decode_slice(encoded, bytes.as_mut_slice()).map_err(|_| BadToken)?;
        let (body, tag) = bytes.split_at(BODY);
        let token = Self::from_body(body).ok_or(BadToken)?;
        let tag = Digest::from_bytes(tag).ok_or(BadToken)?;
        if read == WHOLE && token.tag(ring).matches(&tag) { Ok(token) } else { Err(BadToken) }
    }

    /// The text for the client.
    #[must_use]
    pub fn text(&self, ring: &Keyring) -> Secret<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(WHOLE));
        bytes.extend_from_slice(self.body().as_slice());
        bytes.extend_from_slice(self.tag(ring).as_bytes());
        // In one allocation: a string that grows leaves copies of itself behind.
        let mut text = String::with_capacity(TEXT);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Secret::new(text)
    }

    /// The family to load.
    #[must_use]
    pub const fn family(&self) -> FamilyId {
        self.family
    }

    /// How many rotations of its family came before it, plus one.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) const fn secret(&self) -> &Secret<[u8; SECRET]> {
        &self.secret
    }

    pub(super) fn digest(&self) -> Digest {
        self.secret.digest()
    }

    fn tag(&self, ring: &Keyring) -> Digest {
        ring.refresh_tag(&[self.family.as_bytes(), &self.generation.to_be_bytes(), self.digest().as_bytes()])
    }

    fn body(&self) -> Zeroizing<Vec<u8>> {
        let mut body = Zeroizing::new(Vec::with_capacity(BODY));
        body.extend_from_slice(self.family.as_bytes());
        body.extend_from_slice(&self.generation.to_be_bytes());
        body.extend_from_slice(self.secret.reveal());
        body
    }

    fn from_body(body: &[u8]) -> Option<Self> {
        let (family, rest) = body.split_at_checked(ID)?;
        let (generation, secret) = rest.split_at_checked(GENERATION)?;
        Some(Self {
            family: FamilyId::from_bytes(family)?,
            generation: u32::from_be_bytes(generation.try_into().ok()?),
            secret: Secret::new(secret.try_into().ok()?),
        })
    }
}

/// A token that was shown and answered with [`super::Decision::ReproveFactor`]. It waits, sealed, in the row of the
/// login that proves the factor again: the client need not send it twice, and the login serves this family alone.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The token as it was shown.
    pub token: RefreshToken,
    /// When it was shown.
    pub at: Time,
}

impl Presented {
    /// The bytes for the row of `login`.
    pub fn to_stored(&self, ring: &Keyring, login: &LoginId, rng: &dyn Rng) -> Vec<u8> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(BODY + AT));
        bytes.extend_from_slice(self.token.body().as_slice());
        bytes.extend_from_slice(&self.at.millis().to_be_bytes());
        ring.seal(place(login), &bytes, rng)
    }

    /// Opens what [`Presented::to_stored`] made for the same login.
    ///
    /// # Errors
    /// [`BadSeal`] for another login's bytes, damage, or a key that is gone.
    pub fn from_stored(ring: &Keyring, login: &LoginId, stored: &[u8]) -> Result<Self, BadSeal> {
        let opened = ring.open_sealed(place(login), stored)?;
        let (body, at) = opened.reveal().split_at_checked(BODY).ok_or(BadSeal)?;
        let at = at.try_into().map(i64::from_be_bytes).map_err(|_| BadSeal)?;
        Ok(Self { token: RefreshToken::from_body(body).ok_or(BadSeal)?, at: Time::from_millis(at) })
    }
}

fn place(login: &LoginId) -> Place<'_> {
    Place { kind: "refresh_in_login", id: login.as_bytes(), version: 0 }
}
