//! Turns signing keys through their life, on any node, at any time: the plan is `core`'s, the race is the store's.

use poundlock_core::audit::Event;
use poundlock_core::jws::Alg;
use poundlock_core::keys::{Action, KeyRow, KeyState, Schedule, plan};
use poundlock_core::seal::Keyring;
use poundlock_core::time::Time;
use poundlock_store::{Batch, CommitError, Store, key};

use tokio::runtime::Handle;

use crate::app::{Keys, SharedApp};
use crate::rng::SystemRng;

/// The topic of notices that keys have changed.
pub(crate) const TOPIC: &str = "keys";

/// How often a plan is made anew when another node was first.
const TRIES: usize = 5;

/// Does what the plan asks for now.
pub(crate) async fn turn(
    store: &Store,
    ring: &Keyring,
    wanted: &[Alg],
    now: Time,
    rng: &SystemRng,
) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        let rows = key::signing_keys(store).await?;
        let actions = plan(&rows, wanted, &Schedule::default(), now);
        if actions.is_empty() {
            return Ok(());
        }
        let (batch, _) = batch(&rows, &actions, ring, now, rng)?;
        match store.commit(batch).await {
            // Again: what was made may ask for a next one.
            Ok(_) | Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What happens to one key: the event, and the key's id.
pub(crate) type Told = (Event, String);

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
        told.push((event, row.kid.clone()));
    }
    for row in &made {
        key::insert_signing_key(&mut batch, row);
        told.push((Event::KeyMade, row.kid.clone()));
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
    tokio::task::spawn_blocking(move || here.block_on(turn(&turning.store, &turning.ring, &wanted, now, &turning.rng)))
        .await??;
    load(&app).await
}

/// Loads the keys as they are stored.
pub(crate) async fn load(app: &SharedApp) -> anyhow::Result<()> {
    let keys = Keys::load(&app.store, &app.ring, &app.issuer, &app.account_audience).await?;
    app.keys.store(std::sync::Arc::new(keys));
    Ok(())
}
