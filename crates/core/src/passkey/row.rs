//! A passkey as stored: the public key and all that a login rests on, sealed to the factor and its version.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use uuid::{Builder, Uuid};

use crate::id::{FactorId, UserId};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::{Rng, random_bytes};
use crate::time::Time;

/// What authenticators know a user by: random (UUID version 4), never the row's id, and no personal data (WAN-23).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UserHandle([u8; 16]);

impl UserHandle {
    /// Draws a new handle.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(*Builder::from_random_bytes(random_bytes(rng)).into_uuid().as_bytes())
    }

    /// A handle as read back; `None` unless it has 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 16 bytes that authenticators keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(super) const fn uuid(self) -> Uuid {
        Uuid::from_bytes(self.0)
    }

    /// Whether `shown` is this handle.
    pub(super) fn matches(&self, shown: &[u8]) -> bool {
        self.0.as_slice().ct_eq(shown).into()
    }
}

impl std::fmt::Debug for UserHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserHandle({})", self.uuid().simple())
    }
}

/// A passkey as stored. Credential and handle serve the look-up; what a login rests on comes from the seal alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The factor.
    pub id: FactorId,
    /// Whose it is.
    pub user: UserId,
    /// The credential's id, which the authenticator chose; unique (WAN-15).
    pub credential: Vec<u8>,
    /// What the authenticator knows the user by.
    pub handle: UserHandle,
    /// Moves with each use: of two uses at once, one passes.
    pub version: i64,
    /// The rest, sealed to id and version.
    pub sealed: Vec<u8>,
    /// Until when a factor that a recovery enrolled is on probation; sealed too.
    pub held_until: Option<Time>,
}

/// An attestation that was verified when the key was enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attested {
    /// Fingerprint of the root it led to.
    pub(super) root: String,
    /// The model of the authenticator.
    pub(super) aaguid: Uuid,
}

/// The sealed part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) user: UserId,
    pub(super) handle: [u8; 16],
    /// The credential's id in base64url.
    pub(super) id: String,
    pub(super) transports: Vec<String>,
    /// Whether the user was verified when the key was enrolled. A key without a PIN then gains nothing by one that its
    /// finder sets (WAN-21).
    pub(super) is_verified: bool,
    /// Whether it may be copied to other devices, as it said when it was enrolled.
    pub(super) is_copyable: bool,
    /// Whether it was copied, as it last said.
    pub(super) is_copied: bool,
    /// Whether its counter went back once, and its owner was told (WAN-20).
    #[serde(default)]
    pub(super) is_doubted: bool,
    pub(super) attested: Option<Attested>,
    pub(super) held_until: Option<Time>,
    /// What the library keeps of it: public key, counter, and what it was enrolled with.
    pub(super) credential: Value,
}

/// A passkey whose seal was opened: the only thing an answer is checked against.
#[derive(Debug)]
pub struct Passkey {
    pub(super) factor: FactorId,
    pub(super) version: i64,
    pub(super) facts: Facts,
}

impl PasskeyRow {
    /// The same row without its hold: an older factor was proved.
    ///
    /// # Errors
    /// [`BadSeal`] when the row was changed outside this program.
    pub fn released(&self, ring: &Keyring, rng: &dyn Rng) -> Result<Self, BadSeal> {
        let opened = Passkey::open(ring, self)?;
        let facts = Facts { held_until: None, ..opened.facts };
        Passkey { version: opened.version + 1, facts, ..opened }.row(ring, rng)
    }

    /// The same row after its counter first went back; `None` where that is known of it already: its owner is told once.
    ///
    /// # Errors
    /// [`BadSeal`] when the row was changed outside this program.
    pub fn doubted(&self, ring: &Keyring, rng: &dyn Rng) -> Result<Option<Self>, BadSeal> {
        let opened = Passkey::open(ring, self)?;
        if opened.facts.is_doubted {
            return Ok(None);
        }
        let facts = Facts { is_doubted: true, ..opened.facts };
        Passkey { version: opened.version + 1, facts, ..opened }.row(ring, rng).map(Some)
    }
}

impl Passkey {
    /// Opens a stored row.
    ///
    /// # Errors
    /// [`BadSeal`] when anything in it is not what was sealed for this factor: a row moved to another user, credential
    /// or handle proves nothing.
    pub fn open(ring: &Keyring, row: &PasskeyRow) -> Result<Self, BadSeal> {
        let plain = ring.open_sealed(place(&row.id, row.version), &row.sealed)?;
        let facts: Facts = serde_json::from_slice(plain.reveal()).map_err(|_| BadSeal)?;
        let same_owner = facts.user == row.user && row.handle.as_bytes() == &facts.handle;
        let same_key = facts.id == URL_SAFE_NO_PAD.encode(&row.credential) && facts.held_until == row.held_until;
        if same_owner && same_key { Ok(Self { factor: row.id, version: row.version, facts }) } else { Err(BadSeal) }
    }

    pub(super) fn row(&self, ring: &Keyring, rng: &dyn Rng) -> Result<PasskeyRow, BadSeal> {
        let plain = serde_json::to_vec(&self.facts).map_err(|_| BadSeal)?;
        Ok(PasskeyRow {
            id: self.factor,
            user: self.facts.user,
            credential: URL_SAFE_NO_PAD.decode(&self.facts.id).map_err(|_| BadSeal)?,
            handle: UserHandle(self.facts.handle),
            version: self.version,
            sealed: ring.seal(place(&self.factor, self.version), &plain, rng),
            held_until: self.facts.held_until,
        })
    }

    /// How a browser is told of it.
    pub(super) fn descriptor(&self) -> Value {
        let mut descriptor = json!({ "type": "public-key", "id": self.facts.id });
        if let (Some(descriptor), false) = (descriptor.as_object_mut(), self.facts.transports.is_empty()) {
            descriptor.insert("transports".to_owned(), json!(self.facts.transports));
        }
        descriptor
    }

    /// Which factor it is.
    #[must_use]
    pub const fn factor(&self) -> FactorId {
        self.factor
    }

    /// Whose it is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.facts.user
    }

    /// Whether it may be copied to other devices of its owner.
    #[must_use]
    pub const fn is_copyable(&self) -> bool {
        self.facts.is_copyable
    }

    /// Whether it was copied, as it last said.
    #[must_use]
    pub const fn is_copied(&self) -> bool {
        self.facts.is_copied
    }

    /// Whether its device verifies its user: alone it can be a whole login.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.facts.is_verified
    }

    /// Whether its attestation was verified when it was enrolled.
    #[must_use]
    pub const fn is_attested(&self) -> bool {
        self.facts.attested.is_some()
    }
}

const fn place(factor: &FactorId, version: i64) -> Place<'_> {
    Place { kind: "passkey", id: factor.as_bytes(), version }
}
