//! A whole store, copied: to a backup, from one, or to the other engine. A backup is always one SQLite file of the same
//! schema, whichever engine it came from, so that it can go to either.
//!
//! What this must never do: change a row on its way. What a restore ends, `restore` ends in the copy before it serves.

use std::path::{Path, PathBuf};

use poundlock_core::secret::Digest;
use poundlock_core::time::Time;
use tokio::sync::mpsc;

use crate::error::StoreError;
use crate::executor::sqlite::{self, file};
use crate::migrate::{self, Migration};
use crate::options::Options;
use crate::store::{Executor, Store};
use crate::url::StoreUrl;
use crate::value::Value;

type Result<T> = std::result::Result<T, StoreError>;

/// Pages of rows that wait for a slower writer.
const PAGES_AHEAD: usize = 4;
const PAGE_ROWS: usize = 500;

/// What a backup says of itself, and the tag of whoever wrote it. Neither is believed before the tag was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifested {
    /// The manifest as JSON.
    pub text: String,
    /// Its tag under the keys of the store.
    pub tag: Digest,
}

/// A table as its file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Kind)>,
    /// Columns of the primary key, in its order.
    pub(crate) key: Vec<usize>,
}

/// The three types that both engines store alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
}

impl Table {
    pub(crate) fn quoted(&self) -> String {
        quoted(&self.name)
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| quoted(name)).collect();
        names.join(", ")
    }

    /// Reads all rows, on both engines in one order: text by its bytes.
    pub(crate) fn select(&self, postgres: bool) -> String {
        let key = self.key.iter().filter_map(|at| self.columns.get(*at)).map(|(name, kind)| match kind {
            Kind::Text if postgres => format!("{} COLLATE \"C\"", quoted(name)),
            _ => quoted(name),
        });
        let key: Vec<String> = key.collect();
        format!("SELECT {} FROM {} ORDER BY {}", self.names(), self.quoted(), key.join(", "))
    }

    pub(crate) fn insert(&self) -> String {
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("?{n}")).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.quoted(), self.names(), places.join(", "))
    }

    pub(crate) fn copy_in(&self) -> String {
        format!("COPY {} ({}) FROM STDIN BINARY", self.quoted(), self.names())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Count and digest of a table's rows in the order of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The table.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// A chain of digests over them.
    pub digest: Digest,
}

impl Sum {
    pub(crate) fn new(table: &Table) -> Self {
        Self { table: table.name.clone(), rows: 0, digest: Digest::of(table.names().as_bytes()) }
    }

    pub(crate) fn add(&mut self, row: &[Value]) {
        let mut told = self.digest.as_bytes().to_vec();
        row.iter().for_each(|value| encode(value, &mut told));
        self.digest = Digest::of(&told);
        self.rows += 1;
    }
}

/// Writes a value so that no two rows read alike: its kind, its length, its bytes.
pub(crate) fn encode(value: &Value, out: &mut Vec<u8>) {
    let mut put = |kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(bytes);
    };
    match value {
        Value::Null => put(0, &[]),
        Value::Int(int) => put(1, &int.to_be_bytes()),
        Value::Text(text) => put(2, text.as_bytes()),
        Value::Bytes(bytes) => put(3, bytes),
    }
}

/// Copies the live store to the new file `to`, as it stood at one moment, and gives the digest of the copy. Writers do
/// not wait for it. The file is its owner's alone, and stands alone.
///
/// # Errors
/// [`StoreError::Refused`] when `to` exists.
pub async fn write(store: &Store, list: &'static [Migration], to: &Path) -> Result<Digest> {
    match &store.executor {
        Executor::Sqlite(sqlite) => sqlite.backup(to).await?,
        Executor::Postgres(postgres) => {
            let target = new_file(to, list).await?;
            let mut file = file::open_to_fill(&target)?;
            let tables = rows_of_stores(&file)?;
            let (pages, mut coming) = mpsc::channel(PAGES_AHEAD);
            let (sent, taken) = futures_util::future::join(
                async {
                    let pages = pages;
                    postgres.dump(&tables, &pages).await
                },
                async {
                    while let Some((place, rows)) = coming.recv().await {
                        if let Some(table) = tables.get(place) {
                            file::fill(&mut file, table, &rows)?;
                        }
                    }
                    Ok(())
                },
            )
            .await;
            taken?;
            // Read anew, so that a row lost on its way is noticed.
            if sent? != file::sums(&file)? {
                return Err(StoreError::Fault("the copy is not what was read: try again".to_owned()));
            }
            drop(file);
            sqlite::publish(&target, to)?;
        }
    }
    blocking(to, |path| file::digest(&file::open(path)?)).await
}

/// Writes what a backup says of itself into it, and sees it onto the disk.
///
/// # Errors
/// [`StoreError`] when it cannot be written.
pub async fn sign(backup: &Path, manifest: Manifested) -> Result<()> {
    blocking(backup, move |path| {
        file::put_manifest(&file::open_to_fill(path)?, &manifest)?;
        sqlite::sync(path)
    })
    .await
}

/// A backup that was opened and found whole; whether it is ours, its tag tells.
#[derive(Clone, Debug)]
pub struct Backup {
    /// What it says of itself; `None` in a plain store.
    pub manifest: Option<Manifested>,
    /// The digest of what is in it now.
    pub content: Digest,
    /// Its schema.
    pub schema: u32,
}

/// Looks at a backup without changing it.
///
/// # Errors
/// [`StoreError::Refused`] when it is damaged, no backup, or of a newer program.
pub async fn look(backup: &Path, list: &'static [Migration]) -> Result<Backup> {
    blocking(backup, move |path| {
        let file = file::open(path)?;
        file::check(&file)?;
        let schema = file::schema(&file, list)?;
        Ok(Backup { manifest: file::manifest(&file)?, content: file::digest(&file)?, schema })
    })
    .await
}

/// Copies a backup, or a store at rest, to the new file `to`, without the manifest.
///
/// # Errors
/// [`StoreError::Refused`] when `to` exists.
pub async fn unpack(backup: &Path, to: &Path) -> Result<()> {
    let to = to.to_owned();
    blocking(backup, move |from| {
        sqlite::copy(from, &to)?;
        file::drop_manifest(&file::open_to_fill(&to)?)
    })
    .await
}

/// Puts the store in the file `from` in the place of all that `to` holds, in one transaction, and compares what arrived
/// row by row. `from` must have the schema that `to` has.
///
/// # Errors
/// [`StoreError`]; nothing was changed then.
pub async fn load(from: &Path, to: &Store) -> Result<Vec<Sum>> {
    let Executor::Postgres(postgres) = &to.executor else {
        return Err(StoreError::Fault("only PostgreSQL is loaded row by row".to_owned()));
    };
    let (tables, sums) = blocking(from, |path| {
        let file = file::open(path)?;
        Ok((rows_of_stores(&file)?, file::sums(&file)?))
    })
    .await?;
    let (pages, coming) = mpsc::channel(PAGES_AHEAD);
    let (path, sent) = (from.to_owned(), tables.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let file = file::open(&path)?;
        sent.iter().enumerate().try_for_each(|(place, table)| {
            let mut page = Vec::with_capacity(PAGE_ROWS);
            file::rows(&file, table, |row| {
                page.push(row);
                page.len() < PAGE_ROWS || pages.blocking_send((place, std::mem::take(&mut page))).is_ok()
            })?;
            pages.blocking_send((place, page)).map_err(|_| broken_off())
        })
    });
    // Broken off on the reading side, the counts do not agree, and nothing is committed.
    postgres.load(&tables, coming, &sums).await?;
    reading.await.unwrap_or_else(|_| Err(broken_off()))?;
    Ok(sums)
}

/// Counts and digests of what a store at rest holds.
///
/// # Errors
/// [`StoreError`] when it does not read.
pub async fn sums(file: &Path) -> Result<Vec<Sum>> {
    blocking(file, |path| file::sums(&file::open(path)?)).await
}

/// How many other programs are connected to the store. The store must have been opened with one connection.
///
/// # Errors
/// [`StoreError`] when it does not answer.
pub async fn others(store: &Store) -> Result<i64> {
    match &store.executor {
        // The lock on the data folder says it.
        Executor::Sqlite(_) => Ok(0),
        Executor::Postgres(postgres) => postgres.others().await,
    }
}

/// Gives a finished file its name, once it is on disk. What had that name is gone.
///
/// # Errors
/// [`StoreError::Unavailable`] when it cannot be written.
pub fn publish(finished: &Path, to: &Path) -> Result<()> {
    sqlite::publish(finished, to)
}

fn rows_of_stores(file: &rusqlite::Connection) -> Result<Vec<Table>> {
    let mut tables = file::tables(file)?;
    tables.retain(|table| table.name != migrate::TABLE_NAME);
    Ok(tables)
}

/// An empty store beside `to`.
async fn new_file(to: &Path, list: &'static [Migration]) -> Result<PathBuf> {
    sqlite::refuse_existing(to)?;
    let partial = sqlite::partial(to);
    drop(std::fs::remove_file(&partial));
    let store = Store::open(&StoreUrl::sqlite(&partial), &Options::default()).await?;
    let made = store.migrate(list, Time::from_millis(0)).await;
    store.close().await;
    made?;
    sqlite::stand_alone(&partial)?;
    Ok(partial)
}

fn broken_off() -> StoreError {
    StoreError::Unavailable("the copy was broken off".to_owned())
}

async fn blocking<T: Send + 'static>(path: &Path, work: impl FnOnce(&Path) -> Result<T> + Send + 'static) -> Result<T> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || work(&path)).await.unwrap_or_else(|_| Err(broken_off()))
}
