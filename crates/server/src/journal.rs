//! Makes audit records: who asked, from where, and about whom. Never writes one by itself: a record goes into the
//! batch that decides.

use std::net::IpAddr;
use std::sync::Mutex;

use poundlock_core::audit::{Collapser, Event, Month, NodeName, Owner, Personal, PersonalKey, Record};
use poundlock_core::id::{RecordId, UserId};
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
        let text = self.source().address().map(|address| address.to_string()).unwrap_or_default();
        ring.counter_key(&[b"source", text.as_bytes()])
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
    pub(crate) fn record(&self, event: Event) -> Record {
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
        match &self.about {
            Some((user, key)) => record.about(*user).sealing(&personal, key, rng),
            None => record.sealing(&personal, &self.app.journal.month_key(), rng),
        }
    }

    /// Puts a record of `event` into the batch that decides it.
    pub(crate) fn write(&self, batch: &mut Batch, event: Event) {
        audit::record(batch, &self.record(event));
    }
}
