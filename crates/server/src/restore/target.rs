//! Where a restored store goes: a file, by one rename, or a database, by one transaction.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use poundlock_core::guard::CounterRow;
use poundlock_core::id::DeviceId;
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;
use poundlock_store::copy::Held;
use poundlock_store::{Options, Store, StoreUrl, copy, device, factor, guard, key, migrations, status};

use super::beside;
use crate::boot::stored_mark;

/// What a store that is replaced has counted, revoked and given out.
#[derive(Debug)]
pub(crate) struct Spent {
    pub(super) counters: Vec<(Digest, CounterRow)>,
    pub(super) revoked: Vec<(DeviceId, Time)>,
    pub(super) newest_list: i64,
    /// `None` when nothing was in the place.
    pub(super) unused_codes: Option<Vec<Digest>>,
    pub(super) mark: Time,
}

/// The place, and what is in it now.
pub(crate) struct Target {
    place: Place,
    /// The store that is replaced, as long as it reads.
    old: Option<Store>,
    is_empty: bool,
    note: Option<&'static str>,
    /// Held until the finished store is in the place; a database is held by its session.
    _held: Option<Held>,
}

enum Place {
    File(PathBuf),
    Database(Store),
}

impl Target {
    /// Looks at the place, and refuses one that holds a store unless it may be replaced.
    pub(crate) async fn open(url: &StoreUrl, now: Time, replace: bool) -> anyhow::Result<Self> {
        let target = match url {
            StoreUrl::Sqlite(path) => Self::of_file(path, url, now).await?,
            StoreUrl::Postgres(_) => Self::of_database(url, now).await?,
        };
        if !target.is_empty && !replace {
            bail!("{url} holds a store already: name another place, or say --replace to put this one aside");
        }
        Ok(target)
    }

    async fn of_file(path: &Path, url: &StoreUrl, now: Time) -> anyhow::Result<Self> {
        // Before the store is looked at, and apart from it: one that does not open may be served all the same.
        let held = copy::hold(path).await.with_context(|| in_use(url))?;
        let (place, held) = (Place::File(path.to_owned()), Some(held));
        if !path.exists() {
            return Ok(Self { place, old: None, is_empty: true, note: None, _held: held });
        }
        Ok(match opened(url, &Options::unheld(), now).await {
            Ok((old, is_empty)) => Self { place, old: Some(old), is_empty, note: None, _held: held },
            // What cannot be read is what a restore is for.
            Err(_) => Self {
                place,
                old: None,
                is_empty: false,
                note: Some(
                    "What was in the place could not be read: counters of attempts and revoked devices are as they \
                     were at the backup.",
                ),
                _held: held,
            },
        })
    }

    async fn of_database(url: &StoreUrl, now: Time) -> anyhow::Result<Self> {
        let (store, is_empty) = opened(url, &Options::alone(), now).await.with_context(|| in_use(url))?;
        let old = (!is_empty).then(|| store.clone());
        Ok(Self { place: Place::Database(store), old, is_empty, note: None, _held: None })
    }

    /// What the place says that is worth a word.
    pub(super) const fn note(&self) -> Option<&'static str> {
        self.note
    }

    /// What must not be un-spent.
    pub(super) async fn spent(&self) -> anyhow::Result<Spent> {
        let nothing = Spent {
            counters: Vec::new(),
            revoked: Vec::new(),
            newest_list: 0,
            unused_codes: None,
            mark: Time::from_millis(0),
        };
        let Some(old) = self.old.as_ref().filter(|_| !self.is_empty) else { return Ok(nothing) };
        Ok(Spent {
            counters: guard::every(old).await?,
            revoked: device::revoked(old).await?,
            newest_list: status::lists(old).await?.iter().map(|list| list.list).max().unwrap_or(0),
            unused_codes: Some(factor::unused_codes(old).await?),
            mark: stored_mark(old).await?,
        })
    }

    /// Puts the finished store in the place. A file that was there stays beside it under another name.
    pub(crate) async fn put(self, prepared: &Path, now: Time) -> anyhow::Result<Option<String>> {
        match self.place {
            Place::Database(store) => {
                copy::load(prepared, &store).await?;
                store.close().await;
                Ok(None)
            }
            Place::File(path) => {
                if let Some(old) = self.old {
                    // Folds its log into it.
                    old.close().await;
                }
                let aside =
                    (path.exists() && !self.is_empty).then(|| beside(&path, &format!(".replaced-{}", now.seconds())));
                put_aside(&path, aside.as_deref())?;
                copy::publish(prepared, &path)?;
                Ok(aside.map(|aside| format!("The store that was there is now {}.", aside.display())))
            }
        }
    }
}

/// Keeps what was there under another name. Its log must not stay: SQLite would take it for the new file's.
fn put_aside(path: &Path, aside: Option<&Path>) -> anyhow::Result<()> {
    let failed = || format!("cannot put {} aside", path.display());
    if let Some(aside) = aside {
        std::fs::hard_link(path, aside).with_context(failed)?;
    }
    for end in ["-wal", "-shm"] {
        let log = beside(path, end);
        match aside {
            Some(aside) if log.exists() => std::fs::rename(&log, beside(aside, end)).with_context(failed)?,
            _ => drop(std::fs::remove_file(&log)),
        }
    }
    Ok(())
}

fn in_use(url: &StoreUrl) -> String {
    format!("{url} cannot take a store now")
}

async fn opened(url: &StoreUrl, options: &Options, now: Time) -> anyhow::Result<(Store, bool)> {
    let store = Store::open(url, options).await?;
    let looked = async {
        store.migrate(migrations::ALL, now).await?;
        Ok(key::data_keys(&store).await?.is_empty())
    };
    let looked: anyhow::Result<bool> = looked.await;
    match looked {
        Ok(is_empty) => Ok((store, is_empty)),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}
