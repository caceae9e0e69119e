//! One record: who, when, where, what and how it went (AUD-02), in one canonical text.
//!
//! What this must never do: carry a secret, a name or an address in the clear, or have two spellings.

mod read;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::canonical::{self, base64url};
use super::chain::NodeName;
use super::detail::{Key, Value, bounded};
use super::event::{Event, Outcome};
use super::personal::{Month, Owner, Personal, PersonalKey};
use crate::id::{RecordId, SessionId, UserId};
use crate::seal::BadSeal;
use crate::secret::Rng;
use crate::time::Time;

/// The text is not a record in its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored audit record is damaged")]
pub struct BadRecord;

/// One record of the audit log. Made by [`Record::new`] and filled by the methods below; stored as
/// [`Record::canonical`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    id: RecordId,
    at: Time,
    node: NodeName,
    event: Event,
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'static, str>>,
    count: u32,
    details: BTreeMap<Key, Value>,
    #[serde(with = "base64url", default, skip_serializing_if = "Vec::is_empty")]
    personal: Vec<u8>,
}

impl Record {
    /// A record of `event`, with the outcome that the event says. `id` is the reference that people are shown.
    #[must_use]
    pub fn new(id: RecordId, at: Time, node: &NodeName, event: Event) -> Self {
        Self {
            id,
            at,
            node: node.clone(),
            event,
            outcome: event.outcome(),
            user: None,
            session: None,
            client: None,
            request: None,
            reason: None,
            count: 1,
            details: BTreeMap::new(),
            personal: Vec::new(),
        }
    }

    /// Names the account it is about.
    #[must_use]
    pub const fn about(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// Names the session. A session id is a name that opens nothing, so it stands in the clear (AUD-03).
    #[must_use]
    pub const fn within(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Names the client that asked; cut to 256 bytes.
    #[must_use]
    pub fn asked_by(mut self, client: &str) -> Self {
        self.client = Some(bounded(client));
        self
    }

    /// Ties it to the lines of one request in the log stream; cut to 256 bytes.
    #[must_use]
    pub fn in_request(mut self, request: &str) -> Self {
        self.request = Some(bounded(request));
        self
    }

    /// Says why, by a code of a closed list.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(Cow::Borrowed(reason));
        self
    }

    /// Adds what explains the decision; a key given twice keeps its last value. Never a secret, name or address.
    #[must_use]
    pub fn with(mut self, key: Key, value: impl Into<Value>) -> Self {
        self.details.insert(key, value.into());
        self
    }

    /// Raises an event that is ordinary by itself, such as a login from a new place.
    #[must_use]
    pub const fn alerting(mut self) -> Self {
        self.outcome = Outcome::Alert;
        self
    }

    /// Seals `personal` into the record, under the key of [`Record::owner`]. Name the user first. A name typed for
    /// an account that does not exist is dropped: people type passwords into that field.
    #[must_use]
    pub fn sealing(mut self, personal: &Personal, key: &PersonalKey, rng: &dyn Rng) -> Self {
        let nameless = Personal { name: None, ..personal.clone() };
        let kept = if self.user.is_some() { personal } else { &nameless };
        self.personal = key.seal(self.id, kept, rng);
        self
    }

    /// Opens what [`Record::sealing`] put in; `None` when nothing was.
    ///
    /// # Errors
    /// [`BadSeal`] under another key, or when the owner's key was destroyed and replaced.
    pub fn open_personal(&self, key: &PersonalKey) -> Result<Option<Personal>, BadSeal> {
        if self.personal.is_empty() { Ok(None) } else { key.open(self.id, &self.personal).map(Some) }
    }

    /// Whose key seals the personal part: the user's, or the month's when no user is known.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.user.map_or_else(|| Owner::Month(Month::of(self.at)), Owner::User)
    }

    /// The text that is stored, chained and exported: one line of printable ASCII, the same for equal records.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::encode(self)
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// [`BadRecord`] for anything but the exact text that [`Record::canonical`] writes.
    pub fn parse(text: &str) -> Result<Self, BadRecord> {
        canonical::decode(text).map_err(|_| BadRecord)
    }

    /// The event's word in OWASP's vocabulary (AUD-09); a login after failures has its own.
    #[must_use]
    pub fn owasp(&self) -> &'static str {
        let failed = self.detail(Key::FailedBefore).and_then(Value::number).unwrap_or(0);
        if self.event == Event::LoginCompleted && failed > 0 {
            return "authn_login_successafterfail";
        }
        self.event.owasp()
    }

    /// Makes it stand for `count` refusals, the last of them at `last_at`.
    pub(super) fn counting(mut self, count: u32, last_at: Time) -> Self {
        self.count = count;
        self.with(Key::LastAt, last_at.millis())
    }

    /// Takes away what belongs to one source or target only.
    pub(super) fn anonymous(self) -> Self {
        let Self { id, at, node, event, reason, .. } = self;
        Self { reason, ..Self::new(id, at, &node, event) }
    }
}
