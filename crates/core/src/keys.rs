//! Signing keys through their life: `next → current → retired → gone`. Published before they sign, and after, until
//! the last token they signed has died (KEY-06). Never stores anything: a row goes out as a value and comes in as one.

mod keyset;
mod rotate;
mod schedule;
#[cfg(test)]
mod tests;

pub use self::keyset::{KeyFault, KeyFaultCause, Keyset};
pub use self::rotate::{NotInUse, Rotation, rotate};
pub use self::schedule::{Action, BadSchedule, JWKS_MAX_AGE, RevokeRefusal, Schedule, plan, revoke};

use crate::jws::{Alg, SignFault, SigningKey};
use crate::seal::{Keyring, Place};
use crate::secret::Rng;
use crate::time::Time;

/// Where a key stands, as stored. What else is true then is in [`Life`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published, not yet signing.
    Next,
    /// Published and signing.
    Current,
    /// Published; its private part is destroyed.
    Retired,
    /// Neither published nor able to sign; the row stays as the record that it existed (KEY-14).
    Gone,
}

/// A key's row. Plain data for storage: nothing in it is believed before its seals have been opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The thumbprint of the public key (RFC 7638); never used twice.
    pub kid: String,
    /// The one algorithm of the key (KEY-03).
    pub alg: Alg,
    /// Where it stands.
    pub state: KeyState,
    /// When it was made and first published.
    pub made_at: Time,
    /// When it began to sign.
    pub current_at: Option<Time>,
    /// When it ceased to sign.
    pub retired_at: Option<Time>,
    /// When it was taken out of the key set.
    pub gone_at: Option<Time>,
    /// The public JWK, sealed: or else a row written into the database would be published, and what its writer signs
    /// would pass everywhere. Empty once gone.
    pub sealed_public: Vec<u8>,
    /// The private key as PKCS#8, sealed (KEY-08). Empty once retired.
    pub sealed_private: Vec<u8>,
    /// Counts changes; a change is written only over the version it was made from.
    pub version: i64,
}

/// What is true of a key in each state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Published since `made_at`.
    Next {
        /// When it was first published.
        made_at: Time,
    },
    /// Signing since `since`.
    Current {
        /// When it began to sign.
        since: Time,
    },
    /// Published, but destroyed, since `since`.
    Retired {
        /// When it ceased to sign.
        since: Time,
    },
    /// Out of the key set.
    Gone,
}

/// A row that contradicts itself, or a change that its state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored state of a signing key does not fit its dates, or does not allow this change")]
pub struct BadState;

impl KeyState {
    /// Every state, in the order of life.
    pub const ALL: [Self; 4] = [Self::Next, Self::Current, Self::Retired, Self::Gone];

    /// The stored text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Retired => "retired",
            Self::Gone => "gone",
        }
    }

    /// Reads the stored text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// The place of a private key: with the kid in it, no sealed key opens as another.
fn private_place(kid: &str) -> Place<'_> {
    Place { kind: "signing_key", id: kid.as_bytes(), version: 0 }
}

/// The place of a public key: apart from private ones, so that neither opens as the other.
fn public_place(kid: &str) -> Place<'_> {
    Place { kind: "signing_key_public", id: kid.as_bytes(), version: 0 }
}

impl KeyRow {
    /// Makes a key that waits for its turn. Takes seconds of CPU for RSA; see [`SigningKey::generate`].
    ///
    /// # Errors
    /// [`SignFault`] when the library makes no key.
    pub fn make_next(alg: Alg, keyring: &Keyring, now: Time, rng: &dyn Rng) -> Result<Self, SignFault> {
        let (key, private) = SigningKey::generate(alg)?;
        let kid = key.kid().to_owned();
        let public = serde_json::to_vec(key.public_jwk()).map_err(|_| SignFault::BadKey)?;
        Ok(Self {
            sealed_public: keyring.seal(public_place(&kid), &public, rng),
            sealed_private: keyring.seal(private_place(&kid), private.reveal(), rng),
            kid,
            alg,
            state: KeyState::Next,
            made_at: now,
            current_at: None,
            retired_at: None,
            gone_at: None,
            version: 0,
        })
    }

    /// Makes a key that signs at once: the first of its algorithm, or the one after a revocation.
    ///
    /// # Errors
    /// [`SignFault`] when the library makes no key.
    pub fn make_current(alg: Alg, keyring: &Keyring, now: Time, rng: &dyn Rng) -> Result<Self, SignFault> {
        let row = Self::make_next(alg, keyring, now, rng)?;
        Ok(Self { state: KeyState::Current, current_at: Some(now), ..row })
    }

    /// What is true of this key now.
    ///
    /// # Errors
    /// [`BadState`] when the state's date is missing.
    pub fn life(&self) -> Result<Life, BadState> {
        match self.state {
            KeyState::Next => Ok(Life::Next { made_at: self.made_at }),
            KeyState::Current => self.current_at.map(|since| Life::Current { since }).ok_or(BadState),
            KeyState::Retired => self.retired_at.map(|since| Life::Retired { since }).ok_or(BadState),
            KeyState::Gone => Ok(Life::Gone),
        }
    }

    /// The row of a waiting key that now signs.
    ///
    /// # Errors
    /// [`BadState`] unless it was waiting.
    pub fn promoted(&self, now: Time) -> Result<Self, BadState> {
        let Life::Next { .. } = self.life()? else { return Err(BadState) };
        Ok(Self { state: KeyState::Current, current_at: Some(now), ..self.changed() })
    }

    /// The row of a signing key that signs no more: its private part is destroyed, its public part stays.
    ///
    /// # Errors
    /// [`BadState`] unless it was signing.
    pub fn retired(&self, now: Time) -> Result<Self, BadState> {
        let Life::Current { .. } = self.life()? else { return Err(BadState) };
        Ok(Self { state: KeyState::Retired, retired_at: Some(now), sealed_private: Vec::new(), ..self.changed() })
    }

    /// The row of a key that is taken out of the key set. Both parts are destroyed, so that no edit of the state
    /// brings a revoked key back.
    ///
    /// # Errors
    /// [`BadState`] when it is gone already.
    pub fn removed(&self, now: Time) -> Result<Self, BadState> {
        if self.state == KeyState::Gone {
            return Err(BadState);
        }
        Ok(Self {
            state: KeyState::Gone,
            gone_at: Some(now),
            sealed_public: Vec::new(),
            sealed_private: Vec::new(),
            ..self.changed()
        })
    }

    fn changed(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }
}
