//! Decides sessions: opening one from a grant, how long it lives, what its tokens may say. Never touches storage.
//!
//! **Architecture Invariant:** a new [`Session`] is made from a [`Grant`], an old one from a row whose seal opens; there
//! is no third way. A token is minted from a session only, so no token exists before two factors were proved (MFA-01);
//! `unforgeable.rs` holds the first half.

mod token;

use serde::{Deserialize, Serialize};

pub use token::Saying;

use crate::client::Client;
use crate::id::{DeviceId, FactorId, SessionId, UserId};
use crate::login::{Fresh, Raised};
use crate::policy::Grant;
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::Rng;
use crate::time::{Span, Time};
use crate::token::{Acr, Amr, Event};

/// How long a raised event lasts (DESIGN §6).
pub const RAISED_FOR: Span = Span::from_minutes(15);

/// How long a session opened by a recovery code lasts at most.
pub const RECOVERY_LIFE: Span = Span::from_hours(1);

/// How long a session opened by a hardware key may rest at most (SP 800-63B section 2.3.3).
pub const HARDWARE_IDLE: Span = Span::from_minutes(15);

/// How long such a session lives at most.
pub const HARDWARE_LIFE: Span = Span::from_hours(12);

/// What a session is opened with, beside the grant.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Id of the session to be.
    pub id: SessionId,
    /// The client it is for.
    pub client: String,
    /// The audience of tokens that name none.
    pub audience: String,
    /// The scope of its tokens.
    pub scope: Option<String>,
    /// Its place in a status list: list number and index.
    pub status: (i64, i64),
    /// The known device it was opened on.
    pub device: Option<DeviceId>,
    /// How long it may rest.
    pub idle: Span,
    /// How long it may live.
    pub absolute: Span,
    /// Now.
    pub now: Time,
}

/// A live session: what was proved when it was opened, and what may be said of it in tokens.
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    version: i64,
    used_at: Time,
    idle_until: Time,
    ended_at: Option<Time>,
    facts: Facts,
}

/// The sealed part of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Facts {
    user: UserId,
    client: String,
    audience: String,
    scope: Option<String>,
    base: StoredEvent,
    raised: Option<(StoredEvent, Time)>,
    mfa_time: Time,
    factor: Option<FactorId>,
    device: Option<DeviceId>,
    /// The one enrolment of a recovery session was used.
    #[serde(default)]
    enrolled: bool,
    status: (i64, i64),
    opened_at: Time,
    expires_at: Time,
}

/// An event inside the seal. [`Event`] itself cannot be read back, so that no other crate can write one down.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredEvent {
    acr: Acr,
    amr: Vec<Amr>,
    auth_time: Time,
}

impl Facts {
    /// Whether the columns say what was sealed. Attack: a row pointed at another account, factor or device escapes being
    /// ended with it; one pointed at another place of a status list is ended there, while its tokens live on.
    fn stand_in(&self, row: &SessionRow) -> bool {
        let same_owner = self.user == row.user && self.client == row.client;
        let same_roots = self.factor == row.factor && self.device == row.device;
        let same_times = self.opened_at == row.opened_at && self.expires_at == row.expires_at;
        same_owner && same_roots && same_times && self.status == row.status
    }
}

impl StoredEvent {
    fn of(event: &Event) -> Self {
        Self { acr: event.acr(), amr: event.amr().to_vec(), auth_time: event.auth_time() }
    }

    fn event(&self) -> Event {
        Event::new(self.acr, self.amr.clone(), self.auth_time)
    }
}

/// A session as stored. Columns serve look-ups and guards; what tokens say comes from the seal alone. Only `used_at`,
/// `idle_until` and `ended_at` move without it: they narrow a session, and never past the sealed end.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Row id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// For which client.
    pub client: String,
    /// The factor it rests on: removing that factor ends it.
    pub factor: Option<FactorId>,
    /// The known device it was opened on.
    pub device: Option<DeviceId>,
    /// Moves when the sealed part changes.
    pub version: i64,
    /// When it was opened.
    pub opened_at: Time,
    /// Last refresh or use.
    pub used_at: Time,
    /// When it ends if it rests.
    pub idle_until: Time,
    /// When it ends at the latest.
    pub expires_at: Time,
    /// When it was ended, if it was.
    pub ended_at: Option<Time>,
    /// Status list number and index.
    pub status: (i64, i64),
    /// The rest, sealed to id and version.
    pub sealed: Vec<u8>,
}

impl Session {
    /// Opens a session on a grant, which is spent by it.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a grant opens one session: it is spent by its use")]
    pub fn open(grant: Grant, opening: Opening) -> Self {
        let now = opening.now;
        let acr = grant.event().acr();
        let expires_at = now + life_of(acr, opening.absolute);
        Self {
            id: opening.id,
            version: 1,
            used_at: now,
            idle_until: (now + idle_of(acr, opening.idle)).min(expires_at),
            ended_at: None,
            facts: Facts {
                user: grant.user(),
                client: opening.client,
                audience: opening.audience,
                scope: opening.scope,
                base: StoredEvent::of(grant.event()),
                raised: None,
                mfa_time: grant.mfa_time(),
                factor: grant.factor(),
                device: opening.device,
                enrolled: false,
                status: opening.status,
                opened_at: now,
                expires_at,
            },
        }
    }

    /// Reads a session back from its row.
    ///
    /// # Errors
    /// [`BadSeal`] when the row was changed outside this program.
    pub fn from_row(ring: &Keyring, row: &SessionRow) -> Result<Self, BadSeal> {
        let plain = ring.open_sealed(place(&row.id, row.version), &row.sealed)?;
        let facts: Facts = serde_json::from_slice(plain.reveal()).map_err(|_| BadSeal)?;
        if !facts.stand_in(row) {
            return Err(BadSeal);
        }
        let (used_at, idle_until, ended_at) = (row.used_at, row.idle_until, row.ended_at);
        Ok(Self { id: row.id, version: row.version, used_at, idle_until, ended_at, facts })
    }

    /// The row to store.
    pub fn row(&self, ring: &Keyring, rng: &dyn Rng) -> SessionRow {
        // Plain data with text keys always becomes JSON; an empty text would not open again.
        let plain = serde_json::to_vec(&self.facts).unwrap_or_default();
        SessionRow {
            id: self.id,
            user: self.facts.user,
            client: self.facts.client.clone(),
            factor: self.facts.factor,
            device: self.facts.device,
            version: self.version,
            opened_at: self.facts.opened_at,
            used_at: self.used_at,
            idle_until: self.idle_until,
            expires_at: self.facts.expires_at,
            ended_at: self.ended_at,
            status: self.facts.status,
            sealed: ring.seal(place(&self.id, self.version), &plain, rng),
        }
    }

    /// Whether it lives: neither ended, nor rested too long, nor past its end.
    #[must_use]
    pub fn lives(&self, now: Time) -> bool {
        self.ended_at.is_none() && now < self.idle_until && now < self.facts.expires_at
    }

    /// Whether somebody has ended it. A session that has only run out of time has not been ended.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Marks a use: the idle limit moves, never past the absolute one.
    #[must_use]
    pub fn used(self, client: &Client, now: Time) -> Self {
        let idle_until = (now + idle_of(self.facts.base.acr, client.idle)).min(self.facts.expires_at);
        Self { used_at: now, idle_until, ..self }
    }

    /// The same by one of several clients that share the session: none shortens what another has.
    #[must_use]
    pub fn used_beside(self, client: &Client, now: Time) -> Self {
        let before = self.idle_until;
        let used = self.used(client, now);
        Self { idle_until: used.idle_until.max(before), ..used }
    }

    /// The second factor was proved again. Only `mfa_time` moves: the event stays what it was.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a proof is spent by its use")]
    pub fn freshened(mut self, fresh: Fresh) -> Option<Self> {
        if fresh.session() != self.id || fresh.user() != self.facts.user {
            return None;
        }
        self.facts.mfa_time = self.facts.mfa_time.max(fresh.at());
        self.version += 1;
        Some(self)
    }

    /// The one enrolment that a recovery session gives was completed.
    #[must_use]
    pub fn enrolled(mut self) -> Self {
        self.facts.enrolled = true;
        self.version += 1;
        self
    }

    /// Whether the one enrolment of a recovery session was used.
    #[must_use]
    pub const fn has_enrolled(&self) -> bool {
        self.facts.enrolled
    }

    /// Both factors were proved again inside this session: the event is raised for [`RAISED_FOR`]. A weaker event never
    /// replaces a stronger one.
    #[must_use]
    pub fn raised(mut self, raised: &Raised, now: Time) -> Option<Self> {
        if raised.session() != self.id || raised.grant().user() != self.facts.user {
            return None;
        }
        // The present event: a raised one that has lapsed holds nothing up, one that lives is not lowered.
        if raised.grant().event().acr() >= self.event(now).acr() {
            self.facts.raised = Some((StoredEvent::of(raised.grant().event()), now + RAISED_FOR));
        }
        self.facts.mfa_time = self.facts.mfa_time.max(raised.grant().mfa_time());
        self.version += 1;
        Some(self)
    }

    /// What tokens say of how the user proved themselves: the raised event while it lives, else the base.
    #[must_use]
    pub fn event(&self, now: Time) -> Event {
        match &self.facts.raised {
            Some((event, until)) if now < *until => event.event(),
            _ => self.facts.base.event(),
        }
    }

    /// Its id; `sid` in tokens.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// The version its row was read or made at.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Whose.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.facts.user
    }

    /// For which client.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.facts.client
    }

    /// The audience of tokens that name none.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.facts.audience
    }

    /// The scope of its tokens.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.facts.scope.as_deref()
    }

    /// When the second factor was last proved.
    #[must_use]
    pub const fn mfa_time(&self) -> Time {
        self.facts.mfa_time
    }

    /// The known device it was opened on.
    #[must_use]
    pub const fn device(&self) -> Option<DeviceId> {
        self.facts.device
    }

    /// Status list number and index.
    #[must_use]
    pub const fn status(&self) -> (i64, i64) {
        self.facts.status
    }

    /// When it ends if it rests.
    #[must_use]
    pub const fn idle_until(&self) -> Time {
        self.idle_until
    }

    /// When it ends at the latest.
    #[must_use]
    pub const fn expires_at(&self) -> Time {
        self.facts.expires_at
    }

    /// When it was opened.
    #[must_use]
    pub const fn opened_at(&self) -> Time {
        self.facts.opened_at
    }

    /// Last refresh or use.
    #[must_use]
    pub const fn used_at(&self) -> Time {
        self.used_at
    }
}

/// How long a session of this strength may rest, whatever its client may.
fn idle_of(acr: Acr, idle: Span) -> Span {
    if acr == Acr::Phrh { idle.min(HARDWARE_IDLE) } else { idle }
}

/// How long a session of this strength may live, whatever its client may.
fn life_of(acr: Acr, absolute: Span) -> Span {
    match acr {
        Acr::Recovery => absolute.min(RECOVERY_LIFE),
        Acr::Phrh => absolute.min(HARDWARE_LIFE),
        Acr::Aal2 | Acr::Phr => absolute,
    }
}

const fn place(id: &SessionId, version: i64) -> Place<'_> {
    Place { kind: "session", id: id.as_bytes(), version }
}

#[cfg(test)]
pub(crate) mod tests;
