//! Invites and tickets: one-time, expiring rights to enrol a factor. Never sets or checks a password.
//!
//! **Architecture Invariant:** [`EnrolRight`] has private fields and is made in this file only, from a live invite and
//! its secret. Without one, a password enrols nothing (T-12).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::id::{InviteId, SessionId, UserId};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::{Digest, Rng, Secret};
use crate::session::Session;
use crate::step_up::{Action, StepUpSecret};
use crate::time::{Span, Time};
use crate::token::Acr;
use crate::user::UserName;

const PREFIX: &str = "pli_";

/// How long an invite lives unless its maker says otherwise.
pub const LIFE_DEFAULT: Span = Span::from_hours(24);

/// The longest life an invite may have.
pub const LIFE_MAX: Span = Span::from_hours(7 * 24);

/// What an invite is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Purpose {
    /// A new user: the invitee sets a password and enrols a factor.
    NewUser {
        /// Canonical name of the account to be.
        name: String,
        /// What to call the person.
        display_name: String,
        /// Groups the account starts in.
        groups: Vec<String>,
    },
    /// An existing user enrols a factor; the present password is asked for too, since no single secret takes an
    /// account.
    Ticket {
        /// Whose ticket.
        user: UserId,
    },
}

/// An invite as stored. Purpose and end are sealed to the id and the secret's digest, so an edited row opens nothing.
#[derive(Clone, Debug)]
pub struct InviteRow {
    /// Row id.
    pub id: InviteId,
    /// Digest of the secret.
    pub digest: Digest,
    /// Sealed purpose.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub made_at: Time,
    /// When it ends.
    pub expires_at: Time,
    /// When it was used, if it was.
    pub used_at: Option<Time>,
}

/// The secret half of an invite, shown once to its maker.
#[derive(Debug)]
pub struct InviteSecret {
    id: InviteId,
    secret: Secret<[u8; 32]>,
}

/// How long a factor that a recovery code enrolled is on probation (DESIGN §11).
pub const HOLD: Span = Span::from_hours(72);

/// A right to enrol one factor: proved by an invite's secret, or by a recovery login, which gives it once.
#[derive(Debug)]
pub struct EnrolRight {
    spends: Spends,
    purpose: Purpose,
}

/// What completing an enrolment uses up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spends {
    /// An invite or ticket.
    Invite(InviteId),
    /// The one enrolment of a recovery session.
    Recovery(SessionId),
    /// Nothing more: the step-up was spent when the enrolment began. The session must still live.
    StepUp(SessionId),
}

impl InviteSecret {
    /// Reads an invite as a person pasted it; `None` when it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Secret::new(URL_SAFE_NO_PAD.decode(text.trim().strip_prefix(PREFIX)?).ok()?);
        let (id, secret) = bytes.reveal().split_at_checked(16)?;
        Some(Self { id: InviteId::from_bytes(id)?, secret: Secret::new(secret.try_into().ok()?) })
    }

    /// The text to hand to the invitee.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        let mut bytes = self.id.as_bytes().to_vec();
        bytes.extend_from_slice(self.secret.reveal());
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Which row to read.
    #[must_use]
    pub const fn id(&self) -> InviteId {
        self.id
    }
}

/// Makes an invite that lives for `life`, at most [`LIFE_MAX`].
pub fn make(purpose: &Purpose, life: Span, now: Time, ring: &Keyring, rng: &dyn Rng) -> (InviteSecret, InviteRow) {
    let (id, secret) = (InviteId::new(now, rng), Secret::random(rng));
    let (digest, expires_at) = (secret.digest(), now + life.min(LIFE_MAX));
    let plain = StoredInvite { digest: *digest.as_bytes(), purpose: purpose.clone(), expires_at };
    let plain = serde_json::to_vec(&plain);
    let row = InviteRow {
        id,
        digest,
        sealed: ring.seal(place(&id), &plain.unwrap_or_default(), rng),
        made_at: now,
        expires_at,
        used_at: None,
    };
    (InviteSecret { id, secret }, row)
}

impl EnrolRight {
    /// Proves the right: the secret matches, the invite lives and is unused, and its row is as it was written.
    /// `None` otherwise; the reasons look alike outside.
    #[must_use]
    pub fn prove(ring: &Keyring, presented: &InviteSecret, row: &InviteRow, now: Time) -> Option<Self> {
        let matches = row.id == presented.id && row.digest.matches(&presented.secret.digest());
        let stored = open(ring, row).ok()?;
        // The sealed end, not the column: a row prolonged in SQL still ends when its maker said.
        let live = row.used_at.is_none() && now < stored.expires_at;
        (live && matches && stored.digest == *row.digest.as_bytes())
            .then_some(Self { spends: Spends::Invite(row.id), purpose: stored.purpose })
    }

    /// The right that a live session opened by a recovery code gives, once. `None` for any other session.
    #[must_use]
    pub fn by_recovery(session: &Session, now: Time) -> Option<Self> {
        let gives = session.event(now).acr() == Acr::Recovery && session.lives(now) && !session.has_enrolled();
        gives.then_some(Self {
            spends: Spends::Recovery(session.id()),
            purpose: Purpose::Ticket { user: session.user() },
        })
    }

    /// The right that a step-up for adding a factor gives, in a live session. It counts once the batch that stores the
    /// enrolment has spent the step-up of this digest.
    #[must_use]
    pub fn by_step_up(session: &Session, sent: &StepUpSecret, now: Time) -> Option<(Self, Digest)> {
        let digest = sent.digest_for(session.id(), Action::AddFactor, "");
        let right = Self { spends: Spends::StepUp(session.id()), purpose: Purpose::Ticket { user: session.user() } };
        session.lives(now).then_some((right, digest))
    }

    /// What completing the enrolment spends.
    #[must_use]
    pub const fn spends(&self) -> Spends {
        self.spends
    }

    /// Until when a factor enrolled by this right is on probation.
    #[must_use]
    pub fn holds_until(&self, now: Time) -> Option<Time> {
        matches!(self.spends, Spends::Recovery(_)).then_some(now + HOLD)
    }

    /// What the invite is for.
    #[must_use]
    pub const fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    pub(crate) fn stored(&self) -> StoredRight {
        StoredRight { spends: self.spends, purpose: self.purpose.clone() }
    }

    pub(crate) fn from_stored(stored: StoredRight) -> Self {
        Self { spends: stored.spends, purpose: stored.purpose }
    }
}

/// What a listing may show of an invite.
///
/// # Errors
/// [`BadSeal`] when the row was changed outside this program.
pub fn purpose(ring: &Keyring, row: &InviteRow) -> Result<Purpose, BadSeal> {
    open(ring, row).map(|stored| stored.purpose)
}

/// The form inside a login's seal; private to the crate, so that only the opener of a seal can read one back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRight {
    spends: Spends,
    purpose: Purpose,
}

#[derive(Serialize, Deserialize)]
struct StoredInvite {
    digest: [u8; 32],
    purpose: Purpose,
    expires_at: Time,
}

fn open(ring: &Keyring, row: &InviteRow) -> Result<StoredInvite, BadSeal> {
    let plain = ring.open_sealed(place(&row.id), &row.sealed)?;
    serde_json::from_slice(plain.reveal()).map_err(|_| BadSeal)
}

const fn place(id: &InviteId) -> Place<'_> {
    Place { kind: "invite", id: id.as_bytes(), version: 0 }
}

/// The purpose of inviting a new user under a checked name.
#[must_use]
pub fn new_user(name: &UserName, display_name: &str, groups: Vec<String>) -> Purpose {
    Purpose::NewUser { name: name.as_str().to_owned(), display_name: display_name.to_owned(), groups }
}

#[cfg(test)]
mod tests;
