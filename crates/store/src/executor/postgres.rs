//! PostgreSQL: a pool of connections with prepared statements. A batch is BEGIN and all its statements in one round trip,
//! then COMMIT or ROLLBACK, in a task that owns its connection, so that a caller that goes away leaves no half batch.

mod commit;
mod connect;
mod error;
mod hold;
mod listen;
mod read;
mod run;
mod whole;

use std::sync::Arc;

use deadpool_postgres::Pool;
use poundlock_core::time::Time;
use tokio::sync::broadcast;

use crate::batch::{Batch, Committed};
use crate::error::{CommitError, StoreError};
use crate::meter::Meter;
use crate::migrate::{self, Engine, Migration};
use crate::notice::{BACKLOG_NOTICES, Notice};
use crate::options::Options;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

use connect::{Held, Target};
#[cfg(any(test, feature = "testing"))]
pub(crate) use hold::LOCK as SERVING_LOCK;
use hold::Sessions;
pub(crate) use read::Snapshot;

/// Names the lock of the migrations among the advisory locks of the database ("poundlck" in ASCII).
const MIGRATION_LOCK: i64 = 0x706f_756e_646c_636b;

/// An open PostgreSQL database.
#[derive(Clone)]
pub(crate) struct Postgres {
    pool: Pool,
    meter: Meter,
    notices: broadcast::Sender<Notice>,
    listener: Arc<listen::Listener>,
    /// Whether the connections are under TLS.
    is_encrypted: bool,
}

impl Postgres {
    pub(crate) async fn open(url: &str, options: &Options, meter: Meter) -> Result<Self, StoreError> {
        let target = Target::parse(url)?;
        let sessions = Sessions::new(options.hold);
        let pool = connect::pool(&target, options, &sessions)?;
        connect::check_server(&pool, (options, &sessions)).await?;
        let notices = broadcast::Sender::new(BACKLOG_NOTICES);
        let is_encrypted = target.tls.is_some();
        let listener = Arc::new(listen::Listener::start(target, notices.clone(), options.hold).await?);
        Ok(Self { pool, meter, notices, listener, is_encrypted })
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Snapshot::new(self.pool.clone()).await
    }

    pub(crate) async fn query(&self, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        read::query(&self.pool, statement, params).await
    }

    pub(crate) async fn check(&self, statement: &'static Statement) -> Result<(), StoreError> {
        let held = Held::take(&self.pool).await?;
        let checked = run::check(held.client()?, statement).await;
        held.give_back();
        checked
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        let (pool, meter) = (self.pool.clone(), self.meter.clone());
        // Its own task: a caller that goes away must not leave COMMIT unsent and the connection half-way.
        tokio::spawn(async move { commit::commit(&pool, &batch, &meter).await })
            .await
            .unwrap_or(Err(CommitError::Unknown))
    }

    pub(crate) async fn migrate_next(&self, list: &'static [Migration], now: Time) -> Result<Option<u32>, StoreError> {
        let pool = self.pool.clone();
        tokio::spawn(async move { migrate_next(&pool, list, now).await })
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the migration was broken off".to_owned())))
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    pub(crate) async fn settings(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        let held = Held::take(&self.pool).await?;
        let mut told = Vec::new();
        for name in ["server_version", "synchronous_commit", "fsync", "full_page_writes"] {
            told.push((name, connect::show(&held, name).await?));
        }
        held.give_back();
        told.push(("tls", if self.is_encrypted { "on" } else { "off" }.to_owned()));
        Ok(told)
    }

    /// Connections lent out now, and the most there may be.
    pub(crate) fn in_use(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size.saturating_sub(status.available), status.max_size)
    }

    pub(crate) fn close(&self) {
        self.listener.stop();
        self.pool.close();
    }
}

/// Applies the first pending migration in a transaction of its own. Dropping the connection undoes it.
async fn migrate_next(pool: &Pool, list: &'static [Migration], now: Time) -> Result<Option<u32>, StoreError> {
    let held = Held::take(pool).await?;
    let client = held.client()?;
    let begin = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
         SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
         SELECT pg_advisory_xact_lock({MIGRATION_LOCK});"
    );
    let failed = |e| error::read(&e, "a migration");
    client.batch_execute(&begin).await.map_err(failed)?;
    client.batch_execute(&migrate::table(Engine::Postgres)).await.map_err(failed)?;
    let applied = run::query(client, &migrate::APPLIED, &[]).await?;
    let next = migrate::next(&applied, list)?;
    if let Some(next) = next {
        let fault = |e| error::read(&e, &format!("migration {} ({})", next.number, next.name));
        client.batch_execute(&migrate::ddl(next.sql, Engine::Postgres)).await.map_err(fault)?;
        let record = crate::params![next.number, next.name, next.checksum(), now];
        run::query(client, &migrate::RECORD, &record).await?;
    }
    client.batch_execute("COMMIT").await.map_err(failed)?;
    held.give_back();
    Ok(next.map(|migration| migration.number))
}
