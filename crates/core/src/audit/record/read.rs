//! Reads of a record: what storage indexes and people are shown. Never changes one.

use super::Record;
use crate::audit::chain::NodeName;
use crate::audit::detail::{Key, Value};
use crate::audit::event::{Event, Outcome};
use crate::id::{RecordId, SessionId, UserId};
use crate::time::Time;

/// What storage indexes and people read.
impl Record {
    /// The reference.
    #[must_use]
    pub const fn id(&self) -> RecordId {
        self.id
    }

    /// When it was decided.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }

    /// Where it was decided.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.node
    }

    /// What was decided.
    #[must_use]
    pub const fn event(&self) -> Event {
        self.event
    }

    /// How it went.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whom it is about.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        self.user
    }

    /// In which session.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// The client that asked.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// The request id.
    #[must_use]
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    /// The code of the reason.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// How many alike decisions it stands for.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Whether it has a sealed part.
    #[must_use]
    pub const fn has_personal(&self) -> bool {
        !self.personal.is_empty()
    }

    /// One detail.
    #[must_use]
    pub fn detail(&self, key: Key) -> Option<&Value> {
        self.details.get(&key)
    }

    /// All details, by name.
    pub fn details(&self) -> impl Iterator<Item = (Key, &Value)> {
        self.details.iter().map(|(key, value)| (*key, value))
    }
}
