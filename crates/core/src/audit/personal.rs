//! Names, addresses and user agents in records, sealed so that erasing a person means destroying one key.
//!
//! Each user has a random key, itself sealed in the user's row; deleting the row leaves the log whole and its personal
//! parts unreadable for ever. A record about nobody we know is sealed under a key of its month, kept in a row of its
//! own, which a sweep deletes after the retention time. No pseudonym of an address stands in the clear: IPv4 is small
//! enough to guess them all.
//!
//! What this must never do: print what it holds, or seal two people's data under one key.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::detail::bounded;
use super::utc::civil;
use crate::id::{RecordId, UserId};
use crate::seal::{BadSeal, Keyring, Place, open_with_secret, seal_to_secret};
use crate::secret::{Rng, Secret};
use crate::time::Time;

/// A calendar month in UTC; its text form is `2026-03`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i64,
    month: u8,
}

/// Whose key seals the personal part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The user's own; destroyed by erasure.
    User(UserId),
    /// The month's; destroyed when its retention time is over.
    Month(Month),
}

/// The key of one owner: 256 random bits.
#[derive(Clone, Debug)]
pub struct PersonalKey(Secret<[u8; 32]>);

/// What tells a person: the name as typed, the source address, the user agent, and an administrator's stated reason.
/// Its `Debug` prints nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    /// The login name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The source address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Free text by an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Month {
    /// The month of a moment.
    #[must_use]
    pub fn of(time: Time) -> Self {
        let (year, month, _) = civil(time.millis().div_euclid(86_400_000));
        Self { year, month }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal(…)")
    }
}

impl Owner {
    /// The bytes that name the owner in the seal of its key.
    fn id(self) -> Vec<u8> {
        match self {
            Self::User(user) => user.as_bytes().to_vec(),
            Self::Month(month) => month.to_string().into_bytes(),
        }
    }
}

impl PersonalKey {
    /// Draws a new key.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(Secret::random(rng))
    }

    /// The key as its owner's row stores it.
    pub fn stored(&self, owner: Owner, ring: &Keyring, rng: &dyn Rng) -> Vec<u8> {
        ring.seal(key_place(&owner.id()), self.0.reveal(), rng)
    }

    /// Reads the key back from its owner's row.
    ///
    /// # Errors
    /// [`BadSeal`] when it was stored for another owner, damaged, or under keys that are gone.
    pub fn from_stored(stored: &[u8], owner: Owner, ring: &Keyring) -> Result<Self, BadSeal> {
        let opened = ring.open_sealed(key_place(&owner.id()), stored)?;
        opened.reveal().as_slice().try_into().map(|bytes| Self(Secret::new(bytes))).map_err(|_| BadSeal)
    }

    pub(super) fn seal(&self, record: RecordId, personal: &Personal, rng: &dyn Rng) -> Vec<u8> {
        let cut = |text: &Option<String>| text.as_deref().map(bounded);
        let Personal { name, source, agent, note } = personal;
        let kept = Personal { name: cut(name), source: cut(source), agent: cut(agent), note: cut(note) };
        let plain = Secret::new(super::canonical::encode(&kept));
        seal_to_secret(&self.0, part_place(&record), plain.reveal().as_bytes(), rng)
    }

    pub(super) fn open(&self, record: RecordId, sealed: &[u8]) -> Result<Personal, BadSeal> {
        let plain = open_with_secret(&self.0, part_place(&record), sealed)?;
        serde_json::from_slice(plain.reveal()).map_err(|_| BadSeal)
    }
}

fn key_place(owner: &[u8]) -> Place<'_> {
    Place { kind: "personal_key", id: owner, version: 0 }
}

fn part_place(record: &RecordId) -> Place<'_> {
    Place { kind: "audit_personal", id: record.as_bytes(), version: 0 }
}
