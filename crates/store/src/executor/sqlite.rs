//! SQLite: one writer thread with group commit, and a small pool of read-only connections that are used on the calling
//! thread. Readers never wait for the writer; an answer leaves only after its commit is on disk.

mod connect;
mod error;
pub(crate) mod file;
pub(crate) mod hold;
mod read;
mod run;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use poundlock_core::time::Time;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::batch::{Batch, Committed};
use crate::error::{CommitError, StoreError};
use crate::meter::Meter;
use crate::migrate::{self, Engine, Migration};
use crate::notice::{BACKLOG_NOTICES, Notice};
use crate::options::Options;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

pub(crate) use connect::{copy, partial, publish, refuse_existing, remove, stand_alone, sync};
use read::Readers;
pub(crate) use read::Snapshot;
use writer::Work;

/// How many batches may wait for the writer before committers are held back.
const QUEUE_BATCHES: usize = 1_024;

/// An open SQLite file.
#[derive(Clone)]
pub(crate) struct Sqlite {
    queue: mpsc::Sender<Work>,
    readers: Arc<Readers>,
    notices: broadcast::Sender<Notice>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, options: &Options, meter: Meter) -> Result<Self, StoreError> {
        let held = hold::take(path, options.hold).await?;
        let writer = connect::writer(path, options).await?;
        let readers = Arc::new(Readers::open(path, options)?);
        let (queue, work) = mpsc::channel(QUEUE_BATCHES);
        let notices = broadcast::Sender::new(BACKLOG_NOTICES);
        let thread = writer::start((writer, held), work, notices.clone(), meter)?;
        Ok(Self { queue, readers, notices, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Readers::lease(&self.readers)?.begin()
    }

    pub(crate) fn query(&self, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        Readers::lease(&self.readers)?.query(statement, params)
    }

    pub(crate) fn check(&self, statement: &'static Statement) -> Result<(), StoreError> {
        Readers::lease(&self.readers)?.check(statement)
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send(Work::Commit(writer::Job { batch, reply }))
            .await
            .map_err(|_| CommitError::Unavailable("it was closed".to_owned()))?;
        // The writer answers every batch it took; without an answer nobody knows what became of this one.
        answer.await.unwrap_or(Err(CommitError::Unknown))
    }

    pub(crate) async fn migrate_next(&self, list: &'static [Migration], now: Time) -> Result<Option<u32>, StoreError> {
        self.on_writer(move |connection| migrate_next(connection, list, now)).await
    }

    /// Runs `job` on the writer's connection, between rounds.
    pub(crate) async fn on_writer<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Unavailable("it was closed".to_owned());
        let (reply, answer) = oneshot::channel();
        let run = Box::new(move |connection: &mut rusqlite::Connection| {
            // A caller that went away wants no answer.
            drop(reply.send(job(connection)));
        });
        self.queue.send(Work::Run(run)).await.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    pub(crate) async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let (from, to): (PathBuf, PathBuf) = (self.readers.path().to_owned(), to.to_owned());
        tokio::task::spawn_blocking(move || copy(&from, &to))
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the copy was broken off".to_owned())))
    }

    pub(crate) async fn settings(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        self.on_writer(|connection| {
            let told = |name: &'static str| {
                let value = connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
                let value = value.map_err(|e| error::read(&e, name))?;
                Ok((
                    name,
                    match value {
                        rusqlite::types::Value::Integer(number) => number.to_string(),
                        rusqlite::types::Value::Text(text) => text,
                        _ => String::new(),
                    },
                ))
            };
            ["journal_mode", "synchronous", "foreign_keys"].into_iter().map(told).collect()
        })
        .await
    }

    pub(crate) async fn close(&self) {
        // Readers first: the last connection to close folds the log into the file, and only the writer can.
        self.readers.close();
        // Refused only when the writer has ended already.
        drop(self.queue.send(Work::Close).await);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }
}

/// Applies the first pending migration in a transaction of its own.
fn migrate_next(
    connection: &mut rusqlite::Connection,
    list: &[Migration],
    now: Time,
) -> Result<Option<u32>, StoreError> {
    let failed = |error| error::read(&error, "a migration");
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    transaction.execute_batch(&migrate::table(Engine::Sqlite)).map_err(failed)?;
    let applied = run::query(&transaction, &migrate::APPLIED, &[])?;
    let Some(next) = migrate::next(&applied, list)? else {
        transaction.commit().map_err(failed)?;
        return Ok(None);
    };
    let fault = |error| error::read(&error, &format!("migration {} ({})", next.number, next.name));
    transaction.execute_batch(&migrate::ddl(next.sql, Engine::Sqlite)).map_err(fault)?;
    let record = crate::params![next.number, next.name, next.checksum(), now];
    run::run(&transaction, &migrate::RECORD, &record).map_err(fault)?;
    transaction.commit().map_err(fault)?;
    Ok(Some(next.number))
}
