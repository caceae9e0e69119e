//! The store: one of two executors. Never a trait: there are two engines, and tests run on both.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use poundlock_core::time::Time;
use tokio::sync::broadcast;
use tracing::Instrument;

use crate::batch::{Batch, Committed};
use crate::error::{CommitError, StoreError};
use crate::executor::{postgres::Postgres, sqlite::Sqlite};
use crate::meter::{Ended, Meter};
use crate::migrate::{self, Migration};
use crate::notice::{NOTICE_BYTES_MAX, Notice};
use crate::options::Options;
use crate::reader::Reader;
use crate::row::Row;
use crate::statement::Statement;
use crate::url::StoreUrl;
use crate::value::Value;

/// What every node on one PostgreSQL can compare its clock with. The one statement outside the common dialect.
static DATABASE_TIME: Statement = Statement::new("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)");

/// What the closure of [`Store::read`] returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An open store. Clones share one executor.
#[derive(Clone)]
pub struct Store {
    pub(crate) executor: Executor,
    meter: Meter,
    is_shut: Arc<AtomicBool>,
    #[cfg(any(test, feature = "testing"))]
    pub(crate) trace: crate::trace::Trace,
    /// Where it is, so that a test can open it as another node would.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) url: StoreUrl,
}

#[derive(Clone)]
pub(crate) enum Executor {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the store, and checks that it is safe to use. Does not migrate: see [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the address or the server is unsafe, [`StoreError::Unavailable`] when it cannot be
    /// reached.
    pub async fn open(url: &StoreUrl, options: &Options) -> Result<Self, StoreError> {
        let meter = Meter::default();
        let executor = match url {
            StoreUrl::Sqlite(path) => Executor::Sqlite(Sqlite::open(path, options, meter.clone()).await?),
            StoreUrl::Postgres(url) => Executor::Postgres(Postgres::open(url, options, meter.clone()).await?),
        };
        Ok(Self {
            executor,
            meter,
            is_shut: Arc::default(),
            #[cfg(any(test, feature = "testing"))]
            trace: crate::trace::Trace::default(),
            #[cfg(any(test, feature = "testing"))]
            url: url.clone(),
        })
    }

    /// Runs the migrations of `list` that the store has not seen, each exclusive and atomic, and returns their numbers.
    /// Safe when several nodes start at once.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the store was written by a newer program, or a released migration was changed.
    pub async fn migrate(&self, list: &'static [Migration], now: Time) -> Result<Vec<u32>, StoreError> {
        migrate::check_list(list)?;
        let mut applied = Vec::new();
        loop {
            let next = match &self.executor {
                Executor::Sqlite(sqlite) => sqlite.migrate_next(list, now).await?,
                Executor::Postgres(postgres) => postgres.migrate_next(list, now).await?,
            };
            let Some(number) = next else { return Ok(applied) };
            applied.push(number);
        }
    }

    /// Runs `body` on one snapshot: no statement of it sees what another commits meanwhile.
    ///
    /// ```no_run
    /// # use poundlock_store::{params, Statement, Store, StoreError};
    /// static COUNT: Statement = Statement::new("SELECT count(*) FROM login WHERE client = ?1");
    /// static NAMES: Statement = Statement::new("SELECT name FROM login WHERE client = ?1");
    /// # async fn example(store: &Store, client: &str) -> Result<(), StoreError> {
    /// let (count, names) = store
    ///     .read(|r| {
    ///         Box::pin(async move {
    ///             let count = r.query_opt(&COUNT, params![client]).await?;
    ///             Ok((count, r.query(&NAMES, params![client]).await?))
    ///         })
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `body` returns, or that the store is not available.
    pub async fn read<'env, T, F>(&self, body: F) -> Result<T, StoreError>
    where
        F: for<'r> FnOnce(&'r mut Reader<'env>) -> BoxFuture<'r, Result<T, StoreError>> + Send,
        T: Send,
    {
        let mut reader = match &self.executor {
            Executor::Sqlite(sqlite) => Reader::sqlite(sqlite.snapshot()?),
            Executor::Postgres(postgres) => Reader::postgres(postgres.snapshot().await?),
        };
        #[cfg(any(test, feature = "testing"))]
        reader.tell(self.trace.clone());
        match body(&mut reader).instrument(tracing::info_span!("read")).await {
            Ok(out) => reader.end().await.map(|()| out),
            Err(error) => {
                reader.abandon().await;
                Err(error)
            }
        }
    }

    /// Runs one reading statement by itself. A statement that writes is refused.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Fault`].
    pub async fn query(&self, statement: &'static Statement, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        #[cfg(any(test, feature = "testing"))]
        self.trace.note(statement);
        match &self.executor {
            Executor::Sqlite(sqlite) => sqlite.query(statement, &params),
            Executor::Postgres(postgres) => postgres.query(statement, &params).await,
        }
    }

    /// Runs one reading statement by itself, for at most one row.
    ///
    /// # Errors
    /// As [`Store::query`]; a second row is a fault.
    pub async fn query_opt(
        &self,
        statement: &'static Statement,
        params: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        at_most_one(statement, self.query(statement, params).await?)
    }

    /// Commits `batch` whole, or leaves nothing of it. Runs to its end even when the caller goes away.
    ///
    /// # Errors
    /// See [`CommitError`]: only after [`CommitError::Unknown`] can the batch be in force.
    pub async fn commit(&self, mut batch: Batch) -> Result<Committed, CommitError> {
        refuse_unstorable(&batch)?;
        if batch.is_empty() {
            return Ok(Committed::default());
        }
        #[cfg(any(test, feature = "testing"))]
        batch.steps.iter().for_each(|step| self.trace.note(step.statement));
        let events = std::mem::take(&mut batch.events);
        let commit = async {
            if self.is_shut.load(Ordering::SeqCst) {
                return Err(CommitError::Unavailable("it was moved to another place".to_owned()));
            }
            match &self.executor {
                Executor::Sqlite(sqlite) => sqlite.commit(batch).await,
                Executor::Postgres(postgres) => postgres.commit(batch).await,
            }
        };
        self.meter.measure(events, commit).instrument(tracing::info_span!("commit")).await
    }

    /// Refuses every batch from now on, or takes them again: a store that was moved away while somebody serves it.
    pub fn shut(&self, is_shut: bool) {
        self.is_shut.store(is_shut, Ordering::SeqCst);
    }

    /// What this store has counted about itself.
    #[must_use]
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Connections of PostgreSQL in use and at most; `None` on SQLite.
    #[must_use]
    pub fn pool(&self) -> Option<(usize, usize)> {
        match &self.executor {
            Executor::Sqlite(_) => None,
            Executor::Postgres(postgres) => Some(postgres.in_use()),
        }
    }

    /// How many commits failed since the store was opened, for whatever reason but a conflict. Who sees the number move
    /// has a reason to ask whether the store can be written: a damaged file, or a right that was taken away, looks like a
    /// mistake of ours, and refuses every batch all the same.
    #[must_use]
    pub fn commits_failed(&self) -> u64 {
        [Ended::Full, Ended::Unavailable, Ended::Unknown, Ended::Fault].map(|how| self.meter.ended(how)).iter().sum()
    }

    /// Notices from now on. Read them with [`Notice::next`], which turns falling behind into [`Notice::FlushAll`].
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Notice> {
        match &self.executor {
            Executor::Sqlite(sqlite) => sqlite.listen(),
            Executor::Postgres(postgres) => postgres.listen(),
        }
    }

    /// Prepares `statement` without running it, and checks that each parameter and column has a type that both engines
    /// store alike. Tests call this for every statement; `doctor` may.
    ///
    /// # Errors
    /// [`StoreError::Fault`] says what to change.
    pub async fn check(&self, statement: &'static Statement) -> Result<(), StoreError> {
        match &self.executor {
            Executor::Sqlite(sqlite) => sqlite.check(statement),
            Executor::Postgres(postgres) => postgres.check(statement).await,
        }
    }

    /// What time a shared database says it is; `None` where the store is this machine's own.
    ///
    /// # Errors
    /// [`StoreError`] when it does not answer.
    pub async fn database_time(&self) -> Result<Option<Time>, StoreError> {
        match &self.executor {
            Executor::Sqlite(_) => Ok(None),
            Executor::Postgres(postgres) => {
                let rows = postgres.query(&DATABASE_TIME, &[]).await?;
                rows.first().map(|row| row.time(0)).transpose()
            }
        }
    }

    /// How many migrations of `list` the store has not seen; looks only.
    ///
    /// # Errors
    /// As [`Store::migrate`], when the store is of another program.
    pub async fn pending(&self, list: &'static [Migration]) -> Result<usize, StoreError> {
        let applied = match self.query(&migrate::APPLIED, Vec::new()).await {
            Ok(applied) => applied,
            // No table of migrations yet: a store that was never used.
            Err(StoreError::Fault(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        migrate::next(&applied, list)?;
        Ok(list.len() - applied.len())
    }

    /// What the engine says of settings that durability and secrecy rest on, for `doctor`.
    ///
    /// # Errors
    /// [`StoreError`] when it does not answer.
    pub async fn settings(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        match &self.executor {
            Executor::Sqlite(sqlite) => sqlite.settings().await,
            Executor::Postgres(postgres) => postgres.settings().await,
        }
    }

    /// Finishes what is queued, and closes. Later calls, also on clones, find the store unavailable.
    pub async fn close(&self) {
        match &self.executor {
            Executor::Sqlite(sqlite) => sqlite.close().await,
            Executor::Postgres(postgres) => postgres.close(),
        }
    }
}

/// The only row, if any.
pub(crate) fn at_most_one(statement: &'static Statement, mut rows: Vec<Row>) -> Result<Option<Row>, StoreError> {
    match rows.len() {
        0 | 1 => Ok(rows.pop()),
        n => Err(StoreError::Fault(format!("`{}` returned {n} rows where one was expected", statement.sql()))),
    }
}

/// What one engine would refuse, both refuse.
fn refuse_unstorable(batch: &Batch) -> Result<(), CommitError> {
    for step in &batch.steps {
        if !step.params.iter().all(Value::storable) {
            return Err(CommitError::Fault(format!("U+0000 in a text parameter of `{}`", step.statement.sql())));
        }
    }
    for message in &batch.messages {
        if message.topic.len() + message.payload.len() > NOTICE_BYTES_MAX {
            return Err(CommitError::Fault(format!("notice on `{}` over {NOTICE_BYTES_MAX} bytes", message.topic)));
        }
    }
    Ok(())
}
