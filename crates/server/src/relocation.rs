//! Moves a store whole to another place or engine. Nothing is rewound, so nothing ends: sessions and refresh tokens go on.
//! The old place is marked before the new one exists, so that at no moment both can be served.

use std::path::Path;

use anyhow::{Context, bail};
use poundlock_core::audit::{Event, Key, Record};
use poundlock_core::id::RecordId;
use poundlock_core::time::Time;
use poundlock_store::copy::{self, Sum};
use poundlock_store::{Batch, Options, Store, StoreUrl, audit, key, migrations, setting};

use crate::boot::{MOVED, node_name};
use crate::config::Config;
use crate::restore::target::Target;
use crate::rng::SystemRng;

/// The copy while it is made.
const NAME: &str = "move.tmp";

/// Moves. The data folder's lock is held by the caller.
pub(crate) async fn relocate(
    config: &Config,
    (from, to): (&StoreUrl, &StoreUrl),
    force: bool,
    now: Time,
) -> anyhow::Result<Vec<Sum>> {
    if let StoreUrl::Sqlite(path) = from
        && !path.exists()
    {
        bail!("there is no store at {from}");
    }
    // Held from the first look to the last mark: what a node wrote in between would be lost.
    let source = Store::open(from, &Options::alone()).await.with_context(|| format!("{from} cannot be moved now"))?;
    let prepared = config.data.join(NAME);
    copy::remove(&prepared);
    let moved = out_of(&source, config, (from, to), (force, now, &prepared)).await;
    source.close().await;
    copy::remove(&prepared);
    moved
}

async fn out_of(
    source: &Store,
    config: &Config,
    (from, to): (&StoreUrl, &StoreUrl),
    (force, now, prepared): (bool, Time, &Path),
) -> anyhow::Result<Vec<Sum>> {
    source.migrate(migrations::ALL, now).await.context("cannot bring the store's schema up to date")?;
    let before = refuse_unmovable(source, from, force).await?;
    let target = Target::open(to, now, false).await?;
    copy::write(source, migrations::ALL, prepared).await?;
    record(prepared, config, (from, to), now).await?;
    let sums = copy::sums(prepared).await?;
    mark(source, Some(to.to_string().as_bytes())).await?;
    let put = target.put(prepared, now).await;
    if put.is_err() {
        mark(source, before.as_deref()).await?;
    }
    put?;
    if let StoreUrl::Sqlite(path) = to
        && copy::sums(path).await? != sums
    {
        bail!("{to} is not what was written: its disk is not to be trusted; move again with --force");
    }
    Ok(sums)
}

/// Refuses a store that is empty or gone already. Gives the mark of a move before.
async fn refuse_unmovable(source: &Store, from: &StoreUrl, force: bool) -> anyhow::Result<Option<Vec<u8>>> {
    if key::data_keys(source).await?.is_empty() {
        bail!("{from} is empty: there is nothing to move");
    }
    let before = setting::read(source, MOVED).await?;
    if let Some(gone) = &before
        && !force
    {
        bail!(
            "{from} was moved to {} already: move that one, or say --force if it was never served there",
            String::from_utf8_lossy(gone)
        );
    }
    Ok(before)
}

/// Writes into the copy what was done with it, and takes out the mark that a forced move finds.
async fn record(prepared: &Path, config: &Config, (from, to): (&StoreUrl, &StoreUrl), now: Time) -> anyhow::Result<()> {
    let rng = SystemRng::new();
    let node = node_name(&config.data, &rng)?;
    let store = Store::open(&StoreUrl::sqlite(prepared), &Options::unheld()).await?;
    let mut batch = Batch::new();
    let record = Record::new(RecordId::new(now, &rng), now, &node, Event::StoreMoved)
        .with(Key::Actor, "command_line")
        .with(Key::Old, from.to_string())
        .with(Key::New, to.to_string());
    audit::record(&mut batch, &record);
    setting::remove(&mut batch, MOVED);
    let written = store.commit(batch).await;
    store.close().await;
    written?;
    Ok(())
}

async fn mark(store: &Store, to: Option<&[u8]>) -> anyhow::Result<()> {
    let mut batch = Batch::new();
    match to {
        Some(to) => setting::put(&mut batch, MOVED, to),
        None => setting::remove(&mut batch, MOVED),
    }
    store.commit(batch).await?;
    Ok(())
}
