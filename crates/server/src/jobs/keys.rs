//! Turns signing keys through their life, on any node, at any time: the plan is `core`'s, the race is the store's.

use poundlock_core::audit::{Event, Key, NodeName, Record};
use poundlock_core::id::RecordId;
use poundlock_core::jws::Alg;
use poundlock_core::keys::{Action, KeyRow, KeyState, Schedule, plan};
use poundlock_core::seal::Keyring;
use poundlock_core::time::Time;
use poundlock_store::{Batch, CommitError, Store, audit, key};
use tokio::runtime::Handle;

use crate::app::{Keys, SharedApp};
use crate::rng::SystemRng;

/// The topic of notices that keys have changed.
pub(crate) const TOPIC: &str = "keys";

/// How often a plan is made anew when another node was first.
const TRIES: usize = 5;

/// Does what the plan asks for now, and records it.
pub(crate) async fn turn(
    store: &Store,
    (ring, rng): (&Keyring, &SystemRng),
    node: &NodeName,
    wanted: &[Alg],
    now: Time,
) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        let rows = key::signing_keys(store).await?;
        let actions = plan(&rows, wanted, &Schedule::default(), now);
        if actions.is_empty() {
            return Ok(());
        }
        let (mut batch, told) = batch(&rows, &actions, ring, now, rng)?;
        for told in &told {
            let record = Record::new(RecordId::new(now, rng), now, node, told.event);
            audit::record(&mut batch, &told.fill(record.with(Key::Rule, "schedule")));
        }
        match store.commit(batch).await {
            // Again: what was made may ask for a next one.
            Ok(_) | Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What happens to one key.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) event: Event,
    pub(crate) kid: String,
    state: KeyState,
}

impl Told {
    fn of(event: Event, row: &KeyRow) -> Self {
        Self { event, kid: row.kid.clone(), state: row.state }
    }

    /// Says in a record which key it was, and what became of it.
    pub(crate) fn fill(&self, record: Record) -> Record {
        record.with(Key::Target, self.kid.as_str()).with(Key::New, self.state.as_str())
    }
}

/// One batch of a plan's actions, and what they do. Keys that stop being current come first: there is one current key
/// an algorithm.
pub(crate) fn batch(
    rows: &[KeyRow],
    actions: &[Action],
    ring: &Keyring,
    now: Time,
    rng: &SystemRng,
) -> anyhow::Result<(Batch, Vec<Told>)> {
    let find = |kid: &str| rows.iter().find(|row| row.kid == kid);
    let (mut changed, mut made) = (Vec::new(), Vec::new());
    for action in actions {
        match action {
            Action::MakeNext(alg) => made.push(KeyRow::make_next(*alg, ring, now, rng)?),
            Action::MakeCurrent(alg) => made.push(KeyRow::make_current(*alg, ring, now, rng)?),
            Action::Promote(kid) => changed.extend(find(kid).map(|row| row.promoted(now)).transpose()?),
            Action::Retire(kid) => changed.extend(find(kid).map(|row| row.retired(now)).transpose()?),
            Action::Remove(kid) => changed.extend(find(kid).map(|row| row.removed(now)).transpose()?),
        }
    }
    changed.sort_by_key(|row| row.state == KeyState::Current);
    let mut batch = Batch::new();
    let mut told = Vec::new();
    for row in &changed {
        key::change_signing_key(&mut batch, row);
        let event = if row.state == KeyState::Current { Event::KeyPromoted } else { Event::KeyRetired };
        told.push(Told::of(event, row));
    }
    for row in &made {
        key::insert_signing_key(&mut batch, row);
        told.push(Told::of(Event::KeyMade, row));
    }
    batch.notify(TOPIC, "");
    Ok((batch, told))
}

/// The job: turns the keys and loads them. RSA keys take a second to make, so they are made off the request threads.
pub(crate) async fn turn_and_load(app: SharedApp) -> anyhow::Result<()> {
    let Ok(now) = app.time.now() else { return Ok(()) };
    let wanted = app.registry.load().algs();
    let turning = SharedApp::clone(&app);
    let here = Handle::current();
    let work = move || {
        let app = &*turning;
        here.block_on(turn(&app.store, (&app.ring, &app.rng), &app.journal.node, &wanted, now))
    };
    tokio::task::spawn_blocking(work).await??;
    load(&app).await
}

/// Loads the keys as they are stored.
pub(crate) async fn load(app: &SharedApp) -> anyhow::Result<()> {
    let keys = Keys::load(&app.store, &app.ring, &app.issuer, &app.account_audience).await?;
    app.keys.store(std::sync::Arc::new(keys));
    Ok(())
}
