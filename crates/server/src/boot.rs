//! Brings a server up: master key, store, data keys, signing keys, registry. Refuses to start rather than run unsafely,
//! with one sentence that says why and what to change.

mod lock;
mod master;
mod name;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use poundlock_core::audit::{Event, NodeName, Record};
use poundlock_core::client::{ClientKind, ClientSpec};
use poundlock_core::id::RecordId;
use poundlock_core::jws::Alg;
use poundlock_core::passkey::RelyingParty;
use poundlock_core::password::Cost;
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::source::{Rate, SourceLimits};
use poundlock_core::throttle::{SLOTS, Throttle};
use poundlock_core::time::Time;
use poundlock_core::token::Acr;
use poundlock_store::{Batch, CommitError, Options, Store, StoreUrl, audit, chain, client, key, migrations, setting};

pub(crate) use self::lock::DataLock;
pub(crate) use self::master::{
    MasterSource, load_master, read as read_master, write_master, write_to as write_master_to,
};
pub(crate) use self::name::{draw as draw_name, node_name, replace as replace_name};
use crate::app::{App, Keys, SharedApp};
use crate::clock::Clock;
use crate::config::Config;
use crate::flow::under_way::Flows;
use crate::hasher::{Hasher, Limits};
use crate::jobs::watch::Watched;
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::readiness::Looks;
use crate::refusals::Refusals;
use crate::registry::{DEFAULT_AUDIENCE, DEFAULT_CLIENT, Registry};
use crate::rng::SystemRng;
use crate::status::StatusLists;
use crate::timekeeper::Timekeeper;

/// The setting that holds the clock's high-water mark.
pub(crate) const MARK: &str = "clock.mark";

/// The setting that tells whether these are the store's keys.
const CHECK: &str = "key.check";

/// The setting that says where the store has gone.
pub(crate) const MOVED: &str = setting::MOVED;

/// Opens everything and gives the shared parts.
pub(crate) async fn boot(
    config: Config,
    master: MasterKey,
    clock: Clock,
    options: &Options,
) -> anyhow::Result<SharedApp> {
    config.check()?;
    let store = open_store(&config, options, clock.wall()).await?;
    let cost = config.cost()?;
    let node = node_name(&config.data, &SystemRng::new())?;
    assemble(config, (store, cost, node), master, clock).await
}

/// Puts the parts together on an open store.
pub(crate) async fn assemble(
    config: Config,
    (store, cost, node): (Store, Cost, NodeName),
    master: MasterKey,
    clock: Clock,
) -> anyhow::Result<SharedApp> {
    let rng = SystemRng::new();
    refuse_moved(&store).await?;
    let ring = open_ring(&store, &master, &rng).await?;
    let time = Timekeeper::new(clock, stored_mark(&store).await?);
    let now = time.now().map_err(|_| {
        anyhow::anyhow!("the clock stands before a moment this store has already seen: set the clock, then start again")
    })?;
    let issuer = config.issuer();
    first_client(&store, now).await?;
    let registry = Registry::load(&store, &issuer).await?;
    crate::jobs::keys::turn(&store, (&ring, &rng), &node, &registry.algs(), now).await?;
    let account_audience = config.account_audience();
    let keys = Keys::load(&store, &ring, &issuer, &account_audience).await?;
    let journal = Journal::start(node, &store, &ring, now, &rng).await?;
    let hasher = start_hasher(&config)?;
    let brand = config.brand.load()?;
    let party = config.passkey.party(&issuer)?;
    let strongest = party.as_ref().map_or(Acr::Aal2, RelyingParty::strongest);
    Ok(Arc::new(App {
        metrics: Metrics::new(&store, hasher.seen()),
        refusals: Refusals::default(),
        account_audience,
        assets: crate::page::assets::all(&brand),
        brand,
        metadata: poundlock_core::oidc::metadata(&issuer, &["en", "de"], strongest).to_string(),
        party,
        cost,
        keys: ArcSwap::from_pointee(keys),
        registry: ArcSwap::from_pointee(registry),
        hasher,
        sources: Mutex::new(Throttle::new(source_limits(&config), SLOTS, &rng)),
        status: StatusLists::default(),
        issuer,
        config,
        store,
        ring,
        master: ArcSwap::from_pointee(master),
        time,
        rng,
        journal,
        unasked_proxy: std::sync::OnceLock::new(),
        copying: tokio::sync::Mutex::default(),
        flows: Flows::new(),
        watched: Watched::default(),
        looks: Looks::default(),
        codes_checked: std::sync::atomic::AtomicU64::new(0),
        stopping: std::sync::atomic::AtomicBool::new(false),
    }))
}

/// Writes a record of the server itself, and that it is alive.
pub(crate) async fn note(app: &App, event: Event, now: Time) -> anyhow::Result<()> {
    let mut batch = Batch::new();
    audit::record(&mut batch, &Record::new(RecordId::new(now, &app.rng), now, &app.journal.node, event));
    chain::seen(&mut batch, &app.journal.node, now);
    app.store.commit(batch).await?;
    Ok(())
}

/// The clock's mark as it was stored; the beginning of time in a new store.
pub(crate) async fn stored_mark(store: &Store) -> anyhow::Result<Time> {
    let Some(bytes) = setting::read(store, MARK).await? else { return Ok(Time::from_millis(0)) };
    // To go on without it would let a clock that was set back issue tokens again.
    let Ok(mark) = bytes.try_into() else {
        bail!("the clock's mark in this store does not read: restore the store from a backup");
    };
    Ok(Time::from_millis(i64::from_be_bytes(mark)))
}

/// Stores the clock's mark, so that a restart with a clock set back is noticed.
pub(crate) async fn store_mark(app: &App) -> Result<(), CommitError> {
    let stored = setting::read(&app.store, MARK).await?.and_then(|bytes| bytes.try_into().ok().map(i64::from_be_bytes));
    let mark = app.time.mark().millis();
    // Never backwards: on a shared database another node may have stored a later one.
    if stored.is_some_and(|stored| stored >= mark) {
        return Ok(());
    }
    let mut batch = Batch::new();
    setting::put(&mut batch, MARK, &mark.to_be_bytes());
    app.store.commit(batch).await.map(drop)
}

async fn open_store(config: &Config, options: &Options, now: Time) -> anyhow::Result<Store> {
    // Not shown: a mistyped address may hold a password all the same.
    let url = StoreUrl::parse(&config.store_url()).context("in [store] url")?;
    let store = Store::open(&url, options).await.context("cannot open the store")?;
    store.migrate(migrations::ALL, now).await.context("cannot bring the store's schema up to date")?;
    Ok(store)
}

/// Refuses a store that was moved away. Attack on oneself: served again it would take codes and tokens that were used at
/// its new place since.
async fn refuse_moved(store: &Store) -> anyhow::Result<()> {
    if let Some(to) = setting::read(store, MOVED).await? {
        bail!(
            "this store was moved to {}: name that one in [store] url, or move it back with `poundlock move`",
            String::from_utf8_lossy(&to)
        );
    }
    Ok(())
}

/// Opens the data keys, or makes them in a new store.
async fn open_ring(store: &Store, master: &MasterKey, rng: &SystemRng) -> anyhow::Result<Keyring> {
    if key::data_keys(store).await?.is_empty() {
        let wrapped = Keyring::create(master, rng);
        let ring = Keyring::open(master, &wrapped)?;
        let mut batch = Batch::new();
        key::insert_data_keys(&mut batch, &wrapped);
        setting::put_new(&mut batch, CHECK, ring.check_value().as_bytes());
        match store.commit(batch).await {
            // Another node was first: its keys are the store's.
            Ok(_) | Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    own_ring(store, master).await
}

/// Opens the data keys that a store has.
pub(crate) async fn own_ring(store: &Store, master: &MasterKey) -> anyhow::Result<Keyring> {
    let Ok(ring) = Keyring::open(master, &key::data_keys(store).await?) else {
        bail!(
            "the master key {} does not open this store: use the key it was made with (a lost one cannot be replaced)",
            master.fingerprint()
        );
    };
    if setting::read(store, CHECK).await?.as_deref() != Some(ring.check_value().as_bytes()) {
        bail!("the keys in this store are not the ones it was made with: restore them from a backup");
    }
    Ok(ring)
}

/// Makes the first-party client of a new store.
async fn first_client(store: &Store, now: Time) -> anyhow::Result<()> {
    if !client::all(store).await?.is_empty() {
        return Ok(());
    }
    let spec = ClientSpec {
        groups_released: vec![poundlock_core::user::ADMINS.to_owned()],
        // For `poundlock login --browser`: a port of the user's own machine (RFC 8252 section 7.3).
        redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
        ..ClientSpec::plain(DEFAULT_CLIENT, ClientKind::FirstParty, vec![DEFAULT_AUDIENCE.to_owned()])
    };
    let mut batch = Batch::new();
    client::put_audience(&mut batch, DEFAULT_AUDIENCE, Alg::Es256.as_str(), now);
    client::insert(&mut batch, DEFAULT_CLIENT, &serde_json::to_string(&spec)?, now);
    match store.commit(batch).await {
        Ok(_) | Err(CommitError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn start_hasher(config: &Config) -> anyhow::Result<Hasher> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if config.password.threads == 0 { cores } else { config.password.threads };
    let clock = Clock::start();
    let elapsed = Arc::new(move || u64::try_from(clock.running().millis()).unwrap_or(0));
    Hasher::start(Limits::of_cores(threads), elapsed).context("cannot start the hash threads")
}

fn source_limits(config: &Config) -> SourceLimits {
    SourceLimits { address: Rate::per_minute(config.guard.sources.per_minute), ..SourceLimits::default() }
}
