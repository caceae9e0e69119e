//! Signed checkpoints: each names the heads of all chains and the checkpoint before it, and leaves the host with the
//! log stream. Whoever holds a later one sees that a log was cut or written anew.
//!
//! The signing key is its own (Ed25519, RFC 8032), made from a seed out of `rng`; signing draws nothing. It lives as
//! long as the store.
//!
//! What this must never do: sign heads that leave out a chain, or use this key for tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::canonical::{self, base64url, hex};
use super::chain::{Head, NodeName};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::{Digest, Rng, Secret};
use crate::time::Time;

const PLACE: Place<'static> = Place { kind: "checkpoint_key", id: b"", version: 0 };

/// The text is not a checkpoint in its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint of an audit log")]
pub struct BadCheckpoint;

/// The text is not a public key of checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint key: expected 43 characters of base64url")]
pub struct BadKey;

/// The key that signs checkpoints.
pub struct CheckpointKey {
    seed: Secret<[u8; 32]>,
    pair: Ed25519KeyPair,
}

/// The public half, as 43 characters of base64url. Keep it off the host: an export is checked against it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PublicKey([u8; 32]);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    number: u64,
    at: Time,
    #[serde(with = "hex")]
    prev: Digest,
    heads: Vec<Head>,
}

/// A signed statement of where all chains end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    names: Named,
    #[serde(with = "base64url")]
    signature: Vec<u8>,
}

impl CheckpointKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// [`BadSeal`] if the library refuses the seed, which it does for no 32 bytes.
    pub fn random(rng: &dyn Rng) -> Result<Self, BadSeal> {
        Self::from_seed(Secret::random(rng))
    }

    /// The key as stored.
    pub fn stored(&self, ring: &Keyring, rng: &dyn Rng) -> Vec<u8> {
        ring.seal(PLACE, self.seed.reveal(), rng)
    }

    /// Reads the stored key.
    ///
    /// # Errors
    /// [`BadSeal`] when it is damaged or sealed under keys that are gone.
    pub fn from_stored(stored: &[u8], ring: &Keyring) -> Result<Self, BadSeal> {
        let opened = ring.open_sealed(PLACE, stored)?;
        Self::from_seed(Secret::new(opened.reveal().as_slice().try_into().map_err(|_| BadSeal)?))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    pub(super) fn sign(&self, domain: &str, text: &str) -> Vec<u8> {
        self.pair.sign(&message(domain, text)).as_ref().to_vec()
    }

    fn from_seed(seed: Secret<[u8; 32]>) -> Result<Self, BadSeal> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.reveal()).map_err(|_| BadSeal)?;
        Ok(Self { seed, pair })
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckpointKey({})", self.public())
    }
}

impl PublicKey {
    pub(super) fn verifies(&self, domain: &str, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(&message(domain, text), signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::text(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        base64url::bytes(text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(BadKey)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = BadKey;
    fn try_from(text: String) -> Result<Self, BadKey> {
        text.parse()
    }
}

/// What is signed: the purpose first, so a signature for one cannot serve another.
fn message(domain: &str, text: &str) -> Vec<u8> {
    [b"poundlock audit ", domain.as_bytes(), b" v1\n", text.as_bytes()].concat()
}

impl Checkpoint {
    /// Signs the `heads` of all chains at `now`, following the checkpoint before (`None` for the first ever). The
    /// heads must be read in one snapshot; they are put in order of their chains, empty ones left out.
    #[must_use]
    pub fn after(previous: Option<&Self>, now: Time, mut heads: Vec<Head>, key: &CheckpointKey) -> Self {
        heads.retain(|head| head.seq > 0);
        heads.sort_by(|a, b| a.chain.cmp(&b.chain));
        let number = previous.map_or(0, |p| p.names.number).saturating_add(1);
        let prev = previous.map_or_else(Self::before_first, Self::digest);
        let names = Named { number, at: now, prev, heads };
        let signature = key.sign("checkpoint", &canonical::encode(&names));
        Self { names, signature }
    }

    /// Reads a checkpoint from a line of the log stream or a stored row. It is not verified yet.
    ///
    /// # Errors
    /// [`BadCheckpoint`] for anything but the exact text that [`Checkpoint::canonical`] writes.
    pub fn parse(text: &str) -> Result<Self, BadCheckpoint> {
        canonical::decode(text).map_err(|_| BadCheckpoint)
    }

    /// The text that is stored and put on the log stream: one line.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::encode(self)
    }

    /// Whether `key` signed it.
    #[must_use]
    pub fn signed_by(&self, key: &PublicKey) -> bool {
        key.verifies("checkpoint", &canonical::encode(&self.names), &self.signature)
    }

    /// When it was signed.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.names.at
    }

    /// Its number, from 1, without gaps. Storage keeps it unique: of two nodes that sign at once, one wins.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.names.number
    }

    /// Where the chains ended.
    #[must_use]
    pub fn heads(&self) -> &[Head] {
        &self.names.heads
    }

    /// What the checkpoint after it names as the one before.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(canonical::encode(self).as_bytes())
    }

    /// The chains whose end in `here` is not the one that this checkpoint names, in either direction.
    pub(super) fn chains_that_differ(&self, here: &BTreeMap<NodeName, Head>) -> Vec<NodeName> {
        let named: BTreeMap<&NodeName, &Head> = self.heads().iter().map(|head| (&head.chain, head)).collect();
        let other = here.iter().filter(|(chain, head)| named.get(chain) != Some(head)).map(|(chain, _)| chain);
        let absent = named.keys().filter(|chain| !here.contains_key(**chain)).copied();
        other.chain(absent).cloned().collect()
    }

    pub(super) const fn prev(&self) -> &Digest {
        &self.names.prev
    }

    /// What the first checkpoint names as the one before.
    pub(super) fn before_first() -> Digest {
        Digest::of(b"poundlock audit checkpoints v1")
    }
}
