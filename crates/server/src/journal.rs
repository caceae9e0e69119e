//! Makes audit records: who asked, from where, and about whom. Never writes one by itself: a record goes into the
//! batch that decides.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Deref;
use std::sync::Mutex;

use poundlock_core::audit::{Collapser, Event, Key, Month, NodeName, Owner, Personal, PersonalKey, Record, Value};
use poundlock_core::id::{RecordId, SessionId, UserId};
use poundlock_core::seal::Keyring;
use poundlock_core::secret::Digest;
use poundlock_core::source::Source;
use poundlock_core::time::Time;
use poundlock_core::user::UserRow;
use poundlock_store::{Batch, Store, audit};

use crate::app::App;
use crate::rng::SystemRng;

/// Windows of collapsed refusals, for known users and for nobody each.
const WINDOWS_MAX: usize = 512;

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
    pub(crate) node: NodeName,
    pub(crate) collapser: Mutex<Collapser>,
    month: Mutex<(Month, PersonalKey)>,
}

impl Journal {
    /// Starts with the key of the present month.
    pub(crate) async fn start(
        node: NodeName,
        store: &Store,
        ring: &Keyring,
        now: Time,
        rng: &SystemRng,
    ) -> anyhow::Result<Self> {
        let month = month_key(store, ring, now, rng).await?;
        Ok(Self { node, collapser: Mutex::new(Collapser::new(WINDOWS_MAX)), month: Mutex::new(month) })
    }

    /// Takes over the key of a new month; called by a job, so that no request has to wait for it.
    pub(crate) async fn turn_month(
        &self,
        store: &Store,
        ring: &Keyring,
        now: Time,
        rng: &SystemRng,
    ) -> anyhow::Result<()> {
        let turned = self.month.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0 != Month::of(now);
        if turned {
            let month = month_key(store, ring, now, rng).await?;
            *self.month.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = month;
        }
        Ok(())
    }

    fn month_key(&self) -> PersonalKey {
        self.month.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1.clone()
    }
}

/// The key of a month: read, or made and stored unless another node was first.
pub(crate) async fn month_key(
    store: &Store,
    ring: &Keyring,
    now: Time,
    rng: &SystemRng,
) -> anyhow::Result<(Month, PersonalKey)> {
    let (month, name) = (Month::of(now), Month::of(now).to_string());
    if audit::month_key(store, &name).await?.is_none() {
        let mut batch = Batch::new();
        audit::put_month_key(&mut batch, &name, &PersonalKey::random(rng).stored(Owner::Month(month), ring, rng));
        store.commit(batch).await?;
    }
    let stored = audit::month_key(store, &name).await?.unwrap_or_default();
    Ok((month, PersonalKey::from_stored(&stored, Owner::Month(month), ring)?))
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
pub(crate) struct Note<'a> {
    app: &'a App,
    origin: &'a Origin,
    now: Time,
    about: Option<(UserId, PersonalKey)>,
    name: Option<String>,
    client: Option<String>,
}

impl<'a> Note<'a> {
    pub(crate) fn new(app: &'a App, origin: &'a Origin, now: Time) -> Self {
        Self { app, origin, now, about: None, name: None, client: None }
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
            note: None,
        };
        let record = match &self.about {
            Some((user, key)) => record.about(*user).sealing(&personal, key, rng),
            None => record.sealing(&personal, &self.app.journal.month_key(), rng),
        };
        Noted { record, source: self.origin.neighbourhood() }
    }

    /// Puts a record of `event` into the batch that decides it.
    pub(crate) fn write(&self, batch: &mut Batch, event: Event) {
        audit::record(batch, &self.record(event));
    }
}
