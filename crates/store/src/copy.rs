//! A whole store, copied: to a backup, from one, or to the other engine. A backup is always one SQLite file of the same
//! schema, whichever engine it came from, so that it can go to either.
//!
//! What this must never do: change a row on its way. What a restore ends, `restore` ends in the copy before it serves.

mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use poundlock_core::secret::Digest;
use poundlock_core::time::Time;
use tokio::sync::mpsc;

pub use self::table::Sum;
pub(crate) use self::table::{Kind, Table, encode};
use crate::error::StoreError;
use crate::executor::postgres::Postgres;
use crate::executor::sqlite::{self, file};
use crate::migrate::{self, Migration};
use crate::options::{Hold, Options};
use crate::store::{Executor, Store};
use crate::url::StoreUrl;
use crate::value::Value;

type Result<T> = std::result::Result<T, StoreError>;

/// Pages of rows that wait for a slower writer.
const PAGES_AHEAD: usize = 4;
pub(crate) const PAGE_ROWS: usize = 500;

/// Rows of one table, by its place in a list of tables.
pub(crate) type Page = (usize, Vec<Vec<Value>>);

/// What a backup says of itself, and the tag of whoever wrote it. Neither is believed before the tag was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifested {
    /// The manifest as JSON.
    pub text: String,
    /// Its tag under the keys of the store.
    pub tag: Digest,
}

/// Copies the live store to the new file `to`, as it stood at one moment, and gives the digest of the copy. Writers do
/// not wait for it. The file is its owner's alone, and stands alone.
///
/// # Errors
/// [`StoreError::Refused`] when `to` exists.
pub async fn write(store: &Store, list: &'static [Migration], to: &Path) -> Result<Digest> {
    match &store.executor {
        Executor::Sqlite(sqlite) => sqlite.backup(to).await?,
        Executor::Postgres(postgres) => write_rows(postgres, list, to).await?,
    }
    blocking(to, |path| file::digest(&file::open(path)?)).await
}

/// Writes every row of a database to a new file. What is left of it goes when this fails, or when nobody waits any more.
async fn write_rows(postgres: &Postgres, list: &'static [Migration], to: &Path) -> Result<()> {
    let (partial, to) = (Arc::new(new_file(to, list).await?), to.to_owned());
    let made = Arc::clone(&partial);
    let tables = blocking(&partial.0, |path| rows_of_stores(&file::open(path)?)).await?;
    let (pages, coming) = mpsc::channel::<Page>(PAGES_AHEAD);
    let filled = tables.clone();
    // A thread of its own, which has the receiver: when the disk is full both end, and whoever sends notices.
    let filling = tokio::task::spawn_blocking(move || fill_all(&made.0, &filled, coming));
    let sent = postgres.dump(&tables, pages).await;
    // Whoever sends to a writer that gave up knows no more than that: the writer says why.
    let found = filling.await.unwrap_or_else(|_| Err(broken_off()))?;
    // Read anew, so that a row lost on its way is noticed.
    if sent? != found {
        return Err(StoreError::Fault("the copy is not what was read: try again".to_owned()));
    }
    blocking(&partial.0, move |path| sqlite::publish(path, &to)).await
}

/// Writes rows as they come, and reads them all back.
fn fill_all(path: &Path, tables: &[Table], mut coming: mpsc::Receiver<Page>) -> Result<Vec<Sum>> {
    let mut file = file::open_to_fill(path)?;
    while let Some((place, rows)) = coming.blocking_recv() {
        if let Some(table) = tables.get(place) {
            file::fill(&mut file, table, &rows)?;
        }
    }
    file::sums(&file)
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
/// row by row. `from` must have the schema that `to` has, and nobody else may have `to` open.
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
    let reading = tokio::task::spawn_blocking(move || send_rows(&path, &sent, &pages));
    // Broken off on the reading side, the counts do not agree, and nothing is committed.
    postgres.load(&tables, coming, &sums).await?;
    reading.await.unwrap_or_else(|_| Err(broken_off()))?;
    Ok(sums)
}

fn send_rows(path: &Path, tables: &[Table], pages: &mpsc::Sender<Page>) -> Result<()> {
    let file = file::open(path)?;
    tables.iter().enumerate().try_for_each(|(place, table)| {
        let mut page = Vec::with_capacity(PAGE_ROWS);
        file::rows(&file, table, |row| {
            page.push(row);
            page.len() < PAGE_ROWS || pages.blocking_send((place, std::mem::take(&mut page))).is_ok()
        })?;
        pages.blocking_send((place, page)).map_err(|_| broken_off())
    })
}

/// Counts and digests of what a store at rest holds.
///
/// # Errors
/// [`StoreError`] when it does not read.
pub async fn sums(file: &Path) -> Result<Vec<Sum>> {
    blocking(file, |path| file::sums(&file::open(path)?)).await
}

/// A place held against everybody else, until it is dropped.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "held for its drop")] Option<std::fs::File>);

/// Holds the place of a file, whether or not a store is there that opens.
///
/// # Errors
/// [`StoreError::Refused`] while anybody has a store at that place open.
pub async fn hold(file: &Path) -> Result<Held> {
    sqlite::hold::take(file, Hold::Alone).await.map(Held)
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

/// A file under way to its name. What has no name at the end is removed.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        sqlite::remove(&self.0);
    }
}

/// Removes a copy whether or not it was finished, and what SQLite keeps beside it.
pub fn remove(copy: &Path) {
    sqlite::remove(copy);
    sqlite::remove(&sqlite::partial(copy));
}

/// An empty store beside `to`.
async fn new_file(to: &Path, list: &'static [Migration]) -> Result<Partial> {
    sqlite::refuse_existing(to)?;
    let partial = Partial(sqlite::partial(to));
    // Left over from a copy that was broken off.
    sqlite::remove(&partial.0);
    let store = Store::open(&StoreUrl::sqlite(&partial.0), &Options::unheld()).await?;
    let made = store.migrate(list, Time::from_millis(0)).await;
    store.close().await;
    made?;
    blocking(&partial.0, sqlite::stand_alone).await?;
    Ok(partial)
}

fn broken_off() -> StoreError {
    StoreError::Unavailable("the copy was broken off".to_owned())
}

async fn blocking<T: Send + 'static>(path: &Path, work: impl FnOnce(&Path) -> Result<T> + Send + 'static) -> Result<T> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || work(&path)).await.unwrap_or_else(|_| Err(broken_off()))
}
