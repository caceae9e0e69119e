//! The rotation as the server commits it: one batch a client, through the writer that all of them share.

use anyhow::{Context, Result};
use poundlock_core::audit::{Event, Key, NodeName, Personal, PersonalKey, Record};
use poundlock_core::id::{FamilyId, RecordId, SessionId, UserId};
use poundlock_core::refresh::{Family, RefreshToken, Rotation, Start};
use poundlock_core::secret::Digest;
use poundlock_core::session::SessionRow;
use poundlock_core::time::Span;
use poundlock_store::{Batch, Options, StoreUrl, audit, refresh, session, user};
use tokio::runtime::Runtime;

use super::super::login::{insert, open_lists};
use super::CLIENTS;
use crate::clock::{monotonic_nanos, seconds, seconds_since, wall};
use crate::load::Loaded;
use crate::random::SystemRng;
use crate::server::{Place, runtime};
use crate::world::{self, CLIENT, World};

/// A source and a sealed successor, as large as the real ones.
const SUCCESSOR_BYTES: usize = 65;
/// Far above the lists that a server opens.
const STATUS_LIST: i64 = 1_000_000;

/// The store under load, and its clients.
pub(super) struct Store {
    runtime: Runtime,
    store: poundlock_store::Store,
    clients: Vec<Client>,
}

/// One client: its rows, and where its token stands.
pub(super) struct Client {
    family: FamilyId,
    session: SessionRow,
    user: UserId,
    generation: u32,
    current: Digest,
    token: RefreshToken,
    record: String,
    rng: SystemRng,
}

/// Puts people with a session and a family each into a new place, and closes it for copying.
pub(super) fn seed(place: &Place) -> Result<Vec<Client>> {
    let (seeding, store, mut world) = place.world()?;
    let clients = seeding.block_on(clients(&store, &mut world));
    seeding.block_on(store.close());
    clients
}

impl Store {
    /// Opens the store as the server does.
    pub(super) fn open(place: &Place, clients: Vec<Client>) -> Result<Self> {
        let runtime = runtime()?;
        let url = StoreUrl::sqlite(&place.file());
        let store = runtime.block_on(poundlock_store::Store::open(&url, &Options::default()))?;
        Ok(Self { runtime, store, clients })
    }

    /// All clients rotate for a while.
    pub(super) fn rotate(&mut self, slice: f64) -> Result<Loaded> {
        let began = monotonic_nanos();
        let clients = std::mem::take(&mut self.clients);
        let mut millis = Vec::new();
        self.runtime.block_on(async {
            let start = |client| tokio::spawn(one(self.store.clone(), client, began, slice));
            let running: Vec<_> = clients.into_iter().map(start).collect();
            for task in running {
                let (client, took) = task.await??;
                self.clients.push(client);
                millis.extend(took);
            }
            anyhow::Ok(())
        })?;
        Ok(Loaded::of(millis, seconds_since(began)))
    }

    pub(super) fn close(self) {
        self.runtime.block_on(self.store.close());
    }
}

async fn one(store: poundlock_store::Store, mut client: Client, began: u64, slice: f64) -> Result<(Client, Vec<f64>)> {
    let mut millis = Vec::new();
    while seconds_since(began) < slice {
        let asked = monotonic_nanos();
        store.commit(client.batch()).await?;
        millis.push(seconds(monotonic_nanos() - asked) * 1000.0);
    }
    Ok((client, millis))
}

impl Client {
    /// The batch of the next rotation.
    fn batch(&mut self) -> Batch {
        let now = wall();
        let next = Digest::of(self.current.as_bytes());
        let rotation = Rotation {
            family: self.family,
            session: self.session.id,
            expected_generation: self.generation,
            generation: self.generation + 1,
            current: next,
            previous: self.current,
            successor: vec![7; SUCCESSOR_BYTES],
            rotated_at: now,
            retries: 0,
            rotated_source: Some(next),
            idle_until: now + Span::from_hours(1),
            next: self.token.clone(),
        };
        (self.generation, self.current) = (rotation.generation, next);
        (self.session.used_at, self.session.idle_until) = (now, rotation.idle_until);
        let mut batch = Batch::new();
        refresh::rotate(&mut batch, &rotation);
        session::used(&mut batch, &self.session);
        user::stands(&mut batch, self.user, 1);
        let (id, record) = (RecordId::new(now, &self.rng), (Event::RefreshRotated.name(), self.record.as_bytes()));
        audit::insert(&mut batch, id, "n0123456789ab", Some(self.user), now, record);
        batch
    }
}

async fn clients(store: &poundlock_store::Store, world: &mut World) -> Result<Vec<Client>> {
    let client = world::client(world::ISSUER)?;
    open_lists(store, world, &[STATUS_LIST]).await?;
    // One session is opened; the others are rows of the same size, since no seal is opened here.
    let open = world.session(world.person("template")?, &client, (STATUS_LIST, 0))?.row(&world.ring, &world.rng);
    let mut clients = Vec::with_capacity(CLIENTS);
    for number in 0..CLIENTS {
        let person = world.person(&format!("user{number}"))?;
        insert(store, world, std::slice::from_ref(&person)).await?;
        let (id, user) = (SessionId::new(world.now, &world.rng), person.row.id);
        let session = SessionRow { id, user, factor: None, status: (STATUS_LIST, number as i64), ..open.clone() };
        let start = Start { session: id, client: CLIENT.to_owned(), binding: None, granted: None };
        let (token, family) = Family::start(start, world.now, &world.ring, &world.rng);
        let mut batch = Batch::new();
        session::insert(&mut batch, &session);
        refresh::insert(&mut batch, &family);
        store.commit(batch).await?;
        let record = record(world, user, id)?;
        let (generation, current) = (family.generation, family.current);
        let rng = SystemRng::new();
        clients.push(Client { family: family.id, session, user, generation, current, token, record, rng });
    }
    Ok(clients)
}

/// A record such as a refresh writes, in its canonical text.
fn record(world: &World, user: UserId, session: SessionId) -> Result<String> {
    let node = NodeName::parse("n0123456789ab").ok().context("a node's name")?;
    let personal = Personal {
        name: Some("user1".to_owned()),
        source: Some("203.0.113.7".to_owned()),
        agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned()),
        note: None,
    };
    let record = Record::new(RecordId::new(world.now, &world.rng), world.now, &node, Event::RefreshRotated);
    let record = record.in_request("req_0123456789abcdef").asked_by(CLIENT).about(user).within(session);
    let record = record.with(Key::Generation, 2_i64);
    Ok(record.sealing(&personal, &PersonalKey::random(&world.rng), &world.rng).canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_rotates_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(&folder.path().join("a.db"));
        runtime().unwrap().block_on(async {
            let store = poundlock_store::Store::open(&url, &Options::default()).await.unwrap();
            store.migrate(poundlock_store::migrations::ALL, wall()).await.unwrap();
            let mut clients = clients(&store, &mut World::alone(wall()).unwrap()).await.unwrap();
            for client in &mut clients {
                store.commit(client.batch()).await.unwrap();
                store.commit(client.batch()).await.unwrap();
            }
        });
    }

    #[test]
    fn the_record_of_the_yardsticks_is_as_long_as_a_real_one() {
        let world = World::alone(wall()).unwrap();
        let (user, session) = (UserId::new(world.now, &world.rng), SessionId::new(world.now, &world.rng));
        let bytes = record(&world, user, session).unwrap().len();
        assert!(bytes.abs_diff(super::super::plain::RECORD.len()) < 20, "{bytes}");
    }
}
