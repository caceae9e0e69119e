//! A ceremony under way: what was asked of an authenticator, kept where only its answer is expected. Within a login it lies
//! sealed in the login's row; before any proof it is a sealed token that the client carries (WAN-01).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::message::encoded;
use super::{Assertion, Passkey, Refusal, RelyingParty, UserHandle};
use crate::id::{ChallengeId, FactorId};
use crate::seal::{Keyring, Place};
use crate::secret::{Digest, Rng, Secret};
use crate::time::{Span, Time};
use crate::token::Acr;

/// How long an authenticator may take (WAN-02).
pub const LIFE: Span = Span::from_minutes(5);

const PREFIX: &str = "plq_";
const ID_BYTES: usize = 16;

/// A challenge to prove passkeys that exist. Answered once: it is spent by its use.
#[derive(Debug)]
pub struct Asked {
    pub(super) state: String,
    pub(super) whom: Whom,
}

/// Who may answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Whom {
    /// These factors of the login's user (WAN-17).
    These(Vec<FactorId>),
    /// Whoever has a passkey here; it must name its user, and verify them (WAN-18).
    Anyone,
}

impl RelyingParty {
    /// What a login by the best passkey reaches: with no root to trust, none is known to be bound to its device.
    #[must_use]
    pub fn strongest(&self) -> Acr {
        if self.allowed.is_empty() { Acr::Phr } else { Acr::Phrh }
    }
}

impl Whom {
    /// Refuses an answer of a credential that was not asked, or in the name of another user (WAN-17, WAN-18).
    pub(super) fn refuse_another(&self, passkey: &Passkey, assertion: &Assertion) -> Result<(), Refusal> {
        let is_asked = match self {
            Self::These(factors) => factors.contains(&passkey.factor),
            Self::Anyone => true,
        };
        if !is_asked || encoded(&assertion.credential) != passkey.facts.id {
            return Err(Refusal::Credential);
        }
        let handle = UserHandle::from_bytes(&passkey.facts.handle).ok_or(Refusal::UserHandle)?;
        match (&assertion.user_handle, self) {
            (Some(shown), _) if handle.matches(shown) => Ok(()),
            (None, Self::These(_)) => Ok(()),
            _ => Err(Refusal::UserHandle),
        }
    }
}

/// An offer to enrol a passkey. Answered once: it is spent by its use.
#[derive(Debug)]
pub struct Offered {
    pub(super) state: String,
    pub(super) handle: UserHandle,
}

#[derive(Serialize, Deserialize)]
struct StoredAsked {
    state: String,
    whom: Whom,
    until: Time,
}

#[derive(Serialize, Deserialize)]
struct StoredOffered {
    state: String,
    handle: [u8; ID_BYTES],
}

impl Asked {
    /// The form inside a login's seal.
    pub(crate) fn stored(&self, until: Time) -> String {
        let stored = StoredAsked { state: self.state.clone(), whom: self.whom.clone(), until };
        // Plain data with text keys always becomes JSON; an empty text would not open again.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    pub(crate) fn from_stored(text: &str) -> Option<(Self, Time)> {
        let StoredAsked { state, whom, until } = serde_json::from_str(text).ok()?;
        Some((Self { state, whom }, until))
    }
}

impl Offered {
    /// The form inside a login's seal.
    pub(crate) fn stored(&self) -> String {
        let stored = StoredOffered { state: self.state.clone(), handle: *self.handle.as_bytes() };
        serde_json::to_string(&stored).unwrap_or_default()
    }

    pub(crate) fn from_stored(text: &str) -> Option<Self> {
        let StoredOffered { state, handle } = serde_json::from_str(text).ok()?;
        Some(Self { state, handle: UserHandle::from_bytes(&handle)? })
    }
}

/// A challenge to nobody in particular, as the client carries it: nothing is stored before a first proof.
#[derive(Debug)]
pub struct OpenChallenge {
    id: ChallengeId,
    made_at: Time,
    asked: Asked,
}

#[derive(Serialize, Deserialize)]
struct StoredOpen {
    made_at: Time,
    asked: String,
    holder: [u8; 32],
}

impl OpenChallenge {
    /// Seals a challenge for its holder.
    pub(crate) fn seal(asked: &Asked, holder: &Digest, now: Time, ring: &Keyring, rng: &dyn Rng) -> Secret<String> {
        let id = ChallengeId::new(now, rng);
        let stored = StoredOpen { made_at: now, asked: asked.stored(now + LIFE), holder: *holder.as_bytes() };
        let plain = serde_json::to_vec(&stored).unwrap_or_default();
        let mut bytes = id.as_bytes().to_vec();
        bytes.extend_from_slice(&ring.seal(place(&id), &plain, rng));
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Whether a text is of this kind at all, and no login's handle.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Opens what was sent back; `None` when this server did not seal it, it is too old, or another holder had it.
    /// Attack: what a page was asked, answered to the API, gives tokens in place of a cookie (WAN-01).
    #[must_use]
    pub fn open(ring: &Keyring, text: &str, holder: &Digest, now: Time) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (id, sealed) = bytes.split_at_checked(ID_BYTES)?;
        let id = ChallengeId::from_bytes(id)?;
        let plain = ring.open_sealed(place(&id), sealed).ok()?;
        let stored: StoredOpen = serde_json::from_slice(plain.reveal()).ok()?;
        let (asked, until) = Asked::from_stored(&stored.asked)?;
        let ours = Digest::from_bytes(&stored.holder)?.matches(holder);
        (ours && now < until).then_some(Self { id, made_at: stored.made_at, asked })
    }

    /// What marks it as spent. The mark is kept until [`OpenChallenge::expires_at`].
    #[must_use]
    pub const fn id(&self) -> ChallengeId {
        self.id
    }

    /// When it was made: a restore voids what is older.
    #[must_use]
    pub const fn made_at(&self) -> Time {
        self.made_at
    }

    /// From when on it is dead by itself.
    #[must_use]
    pub fn expires_at(&self) -> Time {
        self.made_at + LIFE
    }

    /// The challenge, once it is marked as spent.
    #[must_use]
    pub fn into_asked(self) -> Asked {
        self.asked
    }
}

const fn place(id: &ChallengeId) -> Place<'_> {
    Place { kind: "passkey_challenge", id: id.as_bytes(), version: 0 }
}
