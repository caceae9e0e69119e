//! Reads on PostgreSQL: single statements, and snapshots whose BEGIN travels with the first statement.

use deadpool_postgres::{ClientWrapper, Pool};
use futures_util::future::join;
use tokio::time::timeout;

use super::connect::{Held, TRIP_MAX};
use super::error;
use super::run::{self, Failed};
use crate::error::StoreError;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

/// How often a read is tried when the pool hands out a connection that died meanwhile. A server that restarts kills all
/// of them at once, so one more than the pool usually holds.
const TRIES: u32 = 20;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// One statement by itself: its own snapshot, one round trip.
pub(super) async fn query(
    pool: &Pool,
    statement: &'static Statement,
    params: &[Value],
) -> Result<Vec<Row>, StoreError> {
    for _ in 1..TRIES {
        let held = Held::take(pool).await?;
        match bounded(try_query(held.client()?, statement, params)).await? {
            Err(Failed::Postgres(e)) if error::is_lost(&e) => {}
            outcome => {
                held.give_back();
                return outcome.map_err(|e| e.read(statement));
            }
        }
    }
    Err(StoreError::Unavailable("every connection was lost".to_owned()))
}

/// Waits for an answer no longer than a server that is there can take: one that is frozen keeps its connections, and
/// would keep whoever asks.
async fn bounded<T>(trip: impl Future<Output = T>) -> Result<T, StoreError> {
    timeout(TRIP_MAX, trip).await.map_err(|_| StoreError::Unavailable("the server does not answer".to_owned()))
}

async fn try_query(
    client: &ClientWrapper,
    statement: &'static Statement,
    params: &[Value],
) -> Result<Vec<Row>, Failed> {
    let prepared = prepare(client, statement).await?;
    match run::run(client, &prepared, statement, params).await {
        Err(Failed::Postgres(e)) if error::is_stale(&e) => {
            client.statement_cache.clear();
            let prepared = prepare(client, statement).await?;
            run::run(client, &prepared, statement, params).await.map(|outcome| outcome.rows)
        }
        outcome => outcome.map(|outcome| outcome.rows),
    }
}

async fn prepare(client: &ClientWrapper, statement: &'static Statement) -> Result<tokio_postgres::Statement, Failed> {
    run::prepare(client, statement).await.map_err(Failed::from)
}

/// A read-only transaction at REPEATABLE READ.
pub(crate) struct Snapshot {
    pool: Pool,
    held: Held,
    begun: bool,
}

impl Snapshot {
    pub(super) async fn new(pool: Pool) -> Result<Self, StoreError> {
        let held = Held::take(&pool).await?;
        Ok(Self { pool, held, begun: false })
    }

    pub(crate) async fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        if self.begun {
            return bounded(run::query(self.held.client()?, statement, params)).await?;
        }
        for _ in 1..TRIES {
            match bounded(begin(self.held.client()?, statement, params)).await? {
                // Nothing was read yet, so another connection is as good.
                Err(Failed::Postgres(e)) if error::is_lost(&e) => self.held = Held::take(&self.pool).await?,
                outcome => {
                    self.begun = true;
                    return outcome.map_err(|e| e.read(statement));
                }
            }
        }
        Err(StoreError::Unavailable("every connection was lost".to_owned()))
    }

    pub(crate) async fn end(self) -> Result<(), StoreError> {
        if self.begun {
            let commit = bounded(self.held.client()?.batch_execute("COMMIT")).await?;
            commit.map_err(|e| error::read(&e, "COMMIT"))?;
        }
        self.held.give_back();
        Ok(())
    }

    /// Ends a transaction in which something failed; when even that fails, the connection goes.
    pub(crate) async fn abandon(self) {
        let Ok(client) = self.held.client() else { return };
        // One of its cached statements may be what failed, after the schema changed.
        client.statement_cache.clear();
        if !self.begun || matches!(bounded(client.batch_execute("ROLLBACK")).await, Ok(Ok(()))) {
            self.held.give_back();
        }
    }
}

/// BEGIN and the first statement, sent together.
async fn begin(client: &ClientWrapper, statement: &'static Statement, params: &[Value]) -> Result<Vec<Row>, Failed> {
    let prepared = prepare(client, statement).await?;
    // `join` polls its left side first, so BEGIN is sent first.
    let (begun, outcome) = join(client.batch_execute(BEGIN), run::run(client, &prepared, statement, params)).await;
    begun?;
    Ok(outcome?.rows)
}
