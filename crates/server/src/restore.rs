//! Makes a store of a backup, such that nothing which was spent since the backup can be spent again: not a session, not a
//! code, not a place in a status list, not a token (DESIGN §5).
//!
//! All of it happens in a copy beside the store. Only when that copy is whole, checked and ended does it take the store's
//! place, in one rename or one transaction.

mod ends;
pub(crate) mod target;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use poundlock_core::audit::NodeName;
use poundlock_core::backup::Manifest;
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::time::Time;
use poundlock_store::copy::{self, Backup};
use poundlock_store::{Options, Store, StoreUrl, migrations};

use self::target::Target;
use crate::boot::{self, draw_name, replace_name};
use crate::clock::Clock;
use crate::config::Config;
use crate::flow::admin::audit;
use crate::journal::checkpoint_key;
use crate::rng::SystemRng;
use crate::timekeeper::Timekeeper;

/// The copy while it is made ready.
const NAME: &str = "restore.tmp";

/// What an operator wants.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    /// Recovery codes stay as they were at the backup.
    pub(crate) keep_codes: bool,
    /// A store that is in the place is put aside.
    pub(crate) replace: bool,
    /// Go on although the audit log does not hold.
    pub(crate) damaged_audit: bool,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) manifest: Manifest,
    /// When the first code is taken from an authenticator app.
    pub(crate) codes_from: Time,
    /// What is worth a word.
    pub(crate) notes: Vec<String>,
}

/// A checked copy of the backup, in the schema of this program.
struct Ready {
    store: Store,
    ring: Keyring,
    manifest: Manifest,
    now: Time,
}

/// Restores. The data folder's lock is held by the caller.
pub(crate) async fn restore(
    config: &Config,
    (backup, wish): (&Path, Wish),
    master: &MasterKey,
    clock: Clock,
) -> anyhow::Result<Restored> {
    let found = copy::look(backup, migrations::ALL).await?;
    let url = StoreUrl::parse(&config.store_url()).context("in [store] url")?;
    let prepared = config.data.join(NAME);
    copy::remove(&prepared);
    let done = into_place(config, (backup, &found, wish), (master, clock), (&url, &prepared)).await;
    copy::remove(&prepared);
    done
}

async fn into_place(
    config: &Config,
    (backup, found, wish): (&Path, &Backup, Wish),
    (master, clock): (&MasterKey, Clock),
    (url, prepared): (&StoreUrl, &Path),
) -> anyhow::Result<Restored> {
    refuse_other_master(found, master)?;
    let target = Target::open(url, clock.wall(), wish.replace).await?;
    copy::unpack(backup, prepared).await?;
    let ready = check(prepared, found, (master, clock)).await?;
    let mut notes = check_audit(&ready, wish).await?;
    let spent = target.spent().await?;
    notes.extend(target.note().map(str::to_owned));
    let node = draw_name(&SystemRng::new());
    let outcome = ends::end_all(&ready, (config, &node), wish, &spent).await;
    ready.store.close().await;
    outcome?;
    if ready.manifest.issuer != config.issuer() {
        notes.push(format!("The backup is of {}, and this server will be {}.", ready.manifest.issuer, config.issuer()));
    }
    rename_node(config, &node)?;
    notes.extend(target.put(prepared, ready.now).await?);
    let codes_from = poundlock_core::backup::codes_from(ready.now);
    Ok(Restored { manifest: ready.manifest, codes_from, notes })
}

/// A node of the same name would go on with numbers of a chain that others have seen.
fn rename_node(config: &Config, node: &NodeName) -> anyhow::Result<()> {
    replace_name(&config.data, node)
}

fn refuse_other_master(found: &Backup, master: &MasterKey) -> anyhow::Result<()> {
    let manifest = found.manifest.as_ref().and_then(|manifest| Manifest::read(&manifest.text));
    let Some(manifest) = manifest else {
        bail!(
            "this is a store and no backup: take one with `poundlock backup`, or move the store with `poundlock move`"
        );
    };
    let here = master.fingerprint();
    if manifest.master_key != here {
        bail!(
            "the backup opens with the master key {}, and the one here is {here}: name the right one in [master_key] \
             file; a lost master key cannot be replaced",
            manifest.master_key
        );
    }
    Ok(())
}

/// Believes nothing of a backup that its keys do not vouch for.
async fn check(prepared: &Path, found: &Backup, (master, clock): (&MasterKey, Clock)) -> anyhow::Result<Ready> {
    let store = Store::open(&StoreUrl::sqlite(prepared), &Options::unheld()).await?;
    let checked = check_open(&store, found, (master, clock)).await;
    match checked {
        Ok((ring, manifest, now)) => Ok(Ready { store, ring, manifest, now }),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}

async fn check_open(
    store: &Store,
    found: &Backup,
    (master, clock): (&MasterKey, Clock),
) -> anyhow::Result<(Keyring, Manifest, Time)> {
    store.migrate(migrations::ALL, clock.wall()).await.context("cannot bring the backup's schema up to date")?;
    let ring = boot::own_ring(store, master).await?;
    let manifest = found.manifest.as_ref().context("a backup without a manifest")?;
    let manifest = Manifest::check(&manifest.text, &manifest.tag, &found.content, &ring)
        .map_err(|why| anyhow::anyhow!("this backup is not to be believed, {why}: use another one"))?;
    // A clock behind the backup would take codes for new that the backup knows as used.
    let time = Timekeeper::new(clock, boot::stored_mark(store).await?.max(manifest.made_at()));
    let Ok(now) = time.now() else {
        bail!("the clock stands before a moment that the backup has seen: set the clock, then restore again");
    };
    Ok((ring, manifest, now))
}

async fn check_audit(ready: &Ready, wish: Wish) -> anyhow::Result<Vec<String>> {
    let key = checkpoint_key(&ready.store, &ready.ring, &SystemRng::new()).await?;
    let report = audit::verify(&ready.store, &key, ready.now).await?;
    let found = report.findings.len();
    match (found, wish.damaged_audit) {
        (0, _) => Ok(Vec::new()),
        (_, true) => Ok(vec![format!("The audit log in the backup does not hold: {found} findings.")]),
        (_, false) => {
            ready.store.close().await;
            bail!(
                "the audit log in the backup does not hold ({found} findings): use another backup, or say \
                 --damaged-audit to restore this one all the same"
            )
        }
    }
}

/// The path with something at its end.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
