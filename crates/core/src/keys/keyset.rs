//! The keys of this process, opened: what signs, and what is published. Never trusts a row beyond its seals.

use std::fmt;

use poundlock_verify::{Jwk, JwkSet};

use super::{BadState, KeyRow, KeyState, Life, private_place, public_place};
use crate::jws::{Alg, SignFault, SigningKey};
use crate::seal::{BadSeal, Keyring};
use crate::time::Time;

/// The opened keys.
pub struct Keyset {
    signing: Vec<(Time, SigningKey)>,
    published: JwkSet,
    json: String,
}

/// Why the stored keys were not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing key {kid}: {cause}")]
pub struct KeyFault {
    /// The key at fault.
    pub kid: String,
    /// What is wrong with it.
    pub cause: KeyFaultCause,
}

/// What is wrong with a stored key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFaultCause {
    /// Its state and dates disagree.
    #[error(transparent)]
    State(#[from] BadState),
    /// A seal does not open.
    #[error(transparent)]
    Seal(#[from] BadSeal),
    /// What the private seal holds is no key of this algorithm.
    #[error(transparent)]
    Key(#[from] SignFault),
    /// The key in the seals is not the one that the row names.
    #[error("the row names another key or algorithm than the one sealed in it")]
    OtherKey,
}

impl fmt::Debug for Keyset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.signing.iter().map(|(_, key)| key)).finish()
    }
}

impl Keyset {
    /// Opens all stored keys.
    ///
    /// # Errors
    /// [`KeyFault`] for the first key that does not open or does not match its row. One bad key stops all: to go on
    /// without it would drop live tokens in silence, and to take it would publish what someone wrote into the database.
    pub fn open(rows: &[KeyRow], keyring: &Keyring) -> Result<Self, KeyFault> {
        let mut published = Vec::new();
        let mut signing: Vec<(Time, SigningKey)> = Vec::new();
        for row in rows.iter().filter(|row| row.state != KeyState::Gone) {
            let fault = |cause| KeyFault { kid: row.kid.clone(), cause };
            published.push(open_public(row, keyring).map_err(fault)?);
            match row.life().map_err(|bad| fault(bad.into()))? {
                Life::Current { since } => signing.push((since, open_private(row, keyring).map_err(fault)?)),
                // Opened although unused: a damaged key is noticed a day before its turn.
                Life::Next { .. } => drop(open_private(row, keyring).map_err(fault)?),
                Life::Retired { .. } | Life::Gone => {}
            }
        }
        // Two nodes may have made a key at the same time; the newer one signs until the plan retires the other.
        signing.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        let twice = |_| KeyFault { kid: "(the set)".to_owned(), cause: KeyFaultCause::OtherKey };
        let published = JwkSet::from_keys(published).map_err(twice)?;
        // Strings always become JSON.
        let json = published.to_json().unwrap_or_default();
        Ok(Self { signing, published, json })
    }

    /// The key that signs with this algorithm now.
    #[must_use]
    pub fn signing(&self, alg: Alg) -> Option<&SigningKey> {
        self.signing.iter().map(|(_, key)| key).find(|key| key.alg() == alg)
    }

    /// Each algorithm that is signed with, and since when its key signs.
    pub fn signing_since(&self) -> impl Iterator<Item = (Alg, Time)> {
        self.signing.iter().map(|(since, key)| (key.alg(), *since))
    }

    /// The key set as it is published (RFC 7517 §5): next, current and retired keys, public parts only (KEY-05).
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.json
    }

    /// The same set, for checking tokens in this process.
    #[must_use]
    pub const fn published(&self) -> &JwkSet {
        &self.published
    }
}

fn open_public(row: &KeyRow, keyring: &Keyring) -> Result<Jwk, KeyFaultCause> {
    let json = keyring.open_sealed(public_place(&row.kid), &row.sealed_public)?;
    let jwk: Jwk = serde_json::from_slice(json.reveal()).map_err(|_| KeyFaultCause::OtherKey)?;
    let named = jwk.kid() == Some(row.kid.as_str()) && jwk.thumbprint().as_ref() == Ok(&row.kid);
    if named && jwk.alg() == Some(row.alg) { Ok(jwk) } else { Err(KeyFaultCause::OtherKey) }
}

fn open_private(row: &KeyRow, keyring: &Keyring) -> Result<SigningKey, KeyFaultCause> {
    let private = keyring.open_sealed(private_place(&row.kid), &row.sealed_private)?;
    let key = SigningKey::from_pkcs8(row.alg, &private)?;
    if key.kid() == row.kid { Ok(key) } else { Err(KeyFaultCause::OtherKey) }
}
