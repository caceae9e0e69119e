//! Makes audit records: who asked, from where, and about whom. Never writes one by itself: a record goes into the
//! batch that decides.

mod keys;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use poundlock_core::audit::{
    CheckpointKey, Collapser, Event, Key, NodeName, Owner, Personal, PersonalKey, Record, Value,
};
use poundlock_core::id::{RecordId, SessionId, UserId};
use poundlock_core::seal::Keyring;
use poundlock_core::secret::Digest;
use poundlock_core::source::Source;
use poundlock_core::time::Time;
use poundlock_core::user::UserRow;
use poundlock_store::{Batch, Store, audit};

pub(crate) use self::keys::checkpoint_key;
use crate::app::App;
use crate::rng::SystemRng;

/// Windows of collapsed refusals, for known users and for nobody each.
const WINDOWS_MAX: usize = 512;

/// Counted records kept for a store that does not take them.
const COUNTED_MAX: usize = 4096;

/// Where a request came from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The request's id.
    pub(crate) request: String,
    /// The client's address, if it is known.
    pub(crate) address: Option<IpAddr>,
    /// What the client calls itself.
    pub(crate) agent: Option<String>,
}

impl Origin {
    /// The source that limits go by.
    pub(crate) fn source(&self) -> Source {
        self.address.map_or(Source::UNKNOWN, Source::of)
    }

    /// A pseudonym of the source, for comparing two requests.
    pub(crate) fn source_digest(&self, ring: &Keyring) -> Digest {
        ring.counter_key(&[b"source", self.neighbourhood().as_bytes()])
    }

    /// What counts as one source: an IPv4 address, or an IPv6 /64, of which one customer has every address (T-19).
    fn neighbourhood(&self) -> String {
        match self.source().address() {
            None => String::new(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
        }
    }
}

/// What is shared by all records of this process.
#[derive(Debug)]
pub(crate) struct Journal {
    /// The name of this node's chain.
    pub(crate) node: NodeName,
    /// Signs checkpoints; one for the whole store.
    pub(crate) key: CheckpointKey,
    pub(crate) collapser: Mutex<Collapser>,
    /// Counted records that the store did not take yet.
    counted: Mutex<Vec<Record>>,
    months: Mutex<keys::Months>,
}

impl Journal {
    /// Starts with the keys of the present month and of the one that tomorrow is in.
    pub(crate) async fn start(
        node: NodeName,
        store: &Store,
        ring: &Keyring,
        now: Time,
        rng: &SystemRng,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            node,
            key: checkpoint_key(store, ring, rng).await?,
            collapser: Mutex::new(Collapser::new(WINDOWS_MAX)),
            counted: Mutex::default(),
            months: Mutex::new(keys::months(store, ring, now, rng).await?),
        })
    }

    /// Takes over the keys of coming months; called by a job, so that no request has to wait for one.
    pub(crate) async fn turn_month(
        &self,
        store: &Store,
        ring: &Keyring,
        now: Time,
        rng: &SystemRng,
    ) -> anyhow::Result<()> {
        if !keys::cover(&self.months.lock().unwrap_or_else(PoisonError::into_inner), now) {
            let months = keys::months(store, ring, now, rng).await?;
            *self.months.lock().unwrap_or_else(PoisonError::into_inner) = months;
        }
        Ok(())
    }

    /// The counted records of the windows that are over at `now`, or of all windows, with those left from before.
    pub(crate) fn take_counted(&self, now: Option<Time>) -> Vec<Record> {
        let mut counted = std::mem::take(&mut *self.counted.lock().unwrap_or_else(PoisonError::into_inner));
        let mut collapser = self.collapser.lock().unwrap_or_else(PoisonError::into_inner);
        counted.extend(match now {
            Some(now) => collapser.flush(now),
            None => collapser.drain(),
        });
        counted
    }

    /// Takes back counted records that could not be written. Beyond [`COUNTED_MAX`] the oldest are given up: a store
    /// that is down for hours must not fill the memory.
    pub(crate) fn put_back(&self, mut records: Vec<Record>) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        records.append(&mut counted);
        let over = records.len().saturating_sub(COUNTED_MAX);
        if over > 0 {
            tracing::error!(lost = over, "counted refusals were given up: the store has taken none for too long");
        }
        *counted = records.split_off(over);
    }

    /// The counted record of this reference while it is held back, with what it counts so far.
    pub(crate) fn held(&self, reference: RecordId) -> Option<Record> {
        let waiting = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let written_next = waiting.iter().find(|record| record.id() == reference).cloned();
        drop(waiting);
        written_next.or_else(|| self.collapser.lock().unwrap_or_else(PoisonError::into_inner).held(reference))
    }

    fn month_key(&self, now: Time) -> PersonalKey {
        keys::of(&self.months.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

/// A record in the making, and the source that refusals like it are collapsed by. Reads as the [`Record`]; the source
/// itself is never stored.
pub(crate) struct Noted {
    record: Record,
    source: String,
}

impl Noted {
    /// Adds what explains the decision; see [`Record::with`].
    pub(crate) fn with(self, key: Key, value: impl Into<Value>) -> Self {
        Self { record: self.record.with(key, value), ..self }
    }

    /// Names the session; see [`Record::within`].
    pub(crate) fn within(self, session: SessionId) -> Self {
        Self { record: self.record.within(session), ..self }
    }

    /// Raises it; see [`Record::alerting`].
    pub(crate) fn alerting(self) -> Self {
        Self { record: self.record.alerting(), ..self }
    }

    /// The record, and its source.
    pub(crate) fn into_parts(self) -> (Record, String) {
        (self.record, self.source)
    }
}

impl Deref for Noted {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

/// Makes the records of one request.
#[derive(Clone)]
pub(crate) struct Note<'a> {
    app: &'a App,
    origin: &'a Origin,
    now: Time,
    about: Option<(UserId, PersonalKey)>,
    name: Option<String>,
    client: Option<String>,
    said: Option<String>,
}

impl<'a> Note<'a> {
    pub(crate) fn new(app: &'a App, origin: &'a Origin, now: Time) -> Self {
        Self { app, origin, now, about: None, name: None, client: None, said: None }
    }

    /// The records are about this user.
    pub(crate) fn about(self, user: &UserRow) -> Self {
        let key = PersonalKey::from_stored(&user.personal_key, Owner::User(user.id), &self.app.ring);
        // A user whose key does not open still gets a record; its personal part goes under the month's key.
        let about = key.ok().map(|key| (user.id, key));
        Self { about, name: Some(user.name.clone()), ..self }
    }

    /// The records are about this user, if there is one.
    pub(crate) fn about_maybe(self, user: Option<&UserRow>) -> Self {
        match user {
            Some(user) => self.about(user),
            None => self,
        }
    }

    /// The client that asked.
    pub(crate) fn client(self, client: &str) -> Self {
        Self { client: Some(client.to_owned()), ..self }
    }

    /// What an administrator said about it; sealed like a name.
    pub(crate) fn saying(self, reason: &str) -> Self {
        Self { said: Some(reason.to_owned()), ..self }
    }

    /// Where the request came from.
    pub(crate) const fn origin(&self) -> &Origin {
        self.origin
    }

    /// When all of this happens.
    pub(crate) const fn now(&self) -> Time {
        self.now
    }

    /// A record of `event`.
    pub(crate) fn record(&self, event: Event) -> Noted {
        let rng = &self.app.rng;
        let id = RecordId::new(self.now, rng);
        let mut record = Record::new(id, self.now, &self.app.journal.node, event).in_request(&self.origin.request);
        if let Some(client) = &self.client {
            record = record.asked_by(client);
        }
        let personal = Personal {
            name: self.name.clone(),
            source: self.origin.source().address().map(|address| address.to_string()),
            agent: self.origin.agent.clone(),
            note: self.said.clone(),
        };
        let record = match &self.about {
            Some((user, key)) => record.about(*user).sealing(&personal, key, rng),
            None => record.sealing(&personal, &self.app.journal.month_key(self.now), rng),
        };
        Noted { record, source: self.origin.neighbourhood() }
    }

    /// Puts a record of `event` into the batch that decides it.
    pub(crate) fn write(&self, batch: &mut Batch, event: Event) {
        audit::record(batch, &self.record(event));
    }
}
