//! One batch on PostgreSQL: BEGIN and all statements in one round trip, COMMIT or ROLLBACK in a second. A connection on
//! which neither was seen to end is discarded, never returned to the pool.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use deadpool_postgres::{ClientWrapper, Pool};
use futures_util::future::maybe_done;
use tokio::time::timeout;
use tokio_postgres::Statement as Prepared;

use super::connect::{COMMIT_MAX, Held, TRIP_MAX};
use super::error::{self, Verdict};
use super::run::{self, Outcome};
use crate::batch::{Batch, Committed};
use crate::error::{CommitError, StoreError};
use crate::meter::Meter;
use crate::params;
use crate::statement::Statement;

/// How often a batch is tried when deadlocks, serialization failures or dead connections stop it before COMMIT.
const TRIES: u32 = 5;

/// The channel that all nodes listen on.
pub(super) const CHANNEL: &str = "poundlock";

/// Read-only is the default of every connection of ours: were BEGIN to fail alone, the statements that travelled with it
/// would be refused instead of taking effect one by one.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

static NOTIFY: Statement = Statement::new("SELECT 1 FROM (SELECT pg_notify('poundlock', ?1)) AS sent");

pub(super) async fn commit(pool: &Pool, batch: &Batch, meter: &Meter) -> Result<Committed, CommitError> {
    let mut reason = String::new();
    for _ in 0..TRIES {
        match attempt(pool, batch).await {
            Ok(committed) => return Ok(committed),
            Err(Verdict::Final(error)) => return Err(error),
            Err(Verdict::Again(why) | Verdict::Prepare(why)) => {
                meter.retried();
                reason = why;
            }
        }
    }
    Err(CommitError::Unavailable(format!("gave up after {TRIES} tries: {reason}")))
}

async fn attempt(pool: &Pool, batch: &Batch) -> Result<Committed, Verdict> {
    let held = Held::take(pool).await.map_err(refused)?;
    let silent = |_| Verdict::Final(CommitError::Unavailable("the server does not answer".to_owned()));
    match timeout(TRIP_MAX, first_trip(held.client().map_err(refused)?, batch)).await.map_err(silent)? {
        Ok(committed) => finish(held).await.map(|()| committed),
        Err(verdict) => {
            undo(held, &verdict).await;
            Err(verdict)
        }
    }
}

/// Sends COMMIT. From here on a lost connection leaves the outcome open.
async fn finish(held: Held) -> Result<(), Verdict> {
    let unknown = || Verdict::Final(CommitError::Unknown);
    let commit = held.client().map_err(refused)?.batch_execute("COMMIT");
    let verdict = match timeout(COMMIT_MAX, commit).await.map_err(|_| unknown())? {
        Ok(()) => Ok(()),
        Err(e) => Err(error::at_commit(&e)),
    };
    if verdict != Err(unknown()) {
        held.give_back();
    }
    verdict
}

async fn undo(held: Held, verdict: &Verdict) {
    let Ok(client) = held.client() else { return };
    if matches!(verdict, Verdict::Prepare(_)) {
        client.statement_cache.clear();
    }
    if matches!(timeout(TRIP_MAX, client.batch_execute("ROLLBACK")).await, Ok(Ok(()))) {
        held.give_back();
    }
}

fn refused(error: StoreError) -> Verdict {
    Verdict::Final(error.into())
}

/// BEGIN and every statement, sent together; then their outcomes, judged in order, so that the first deviation decides
/// as on SQLite.
async fn first_trip(client: &ClientWrapper, batch: &Batch) -> Result<Committed, Verdict> {
    let prepared = prepare_all(client, batch).await?;
    let notes = batch.messages.iter().map(|m| params![format!("{}:{}", m.topic, m.payload)]).collect::<Vec<_>>();
    let steps = batch.steps.iter().map(|step| (step.statement, step.params.as_slice()));
    let steps = steps.chain(notes.iter().map(|note| (&NOTIFY, note.as_slice())));

    let mut begin = pin!(maybe_done(client.batch_execute(BEGIN)));
    let mut running: Vec<_> = steps
        .zip(&prepared)
        .map(|((statement, params), prepared)| Box::pin(maybe_done(run::run(client, prepared, statement, params))))
        .collect();
    start(begin.as_mut()).await;
    for run in &mut running {
        start(run.as_mut()).await;
    }

    begin.as_mut().await;
    if let Some(Err(e)) = begin.take_output() {
        return Err(error::at_begin(&e, BEGIN));
    }
    let mut committed = Committed { rows: Vec::with_capacity(batch.steps.len()) };
    for (at, run) in running.iter_mut().enumerate() {
        run.as_mut().await;
        let Some(outcome) = run.as_mut().take_output() else { continue };
        judge(batch, at, outcome, &mut committed)?;
    }
    Ok(committed)
}

fn judge(
    batch: &Batch,
    at: usize,
    outcome: Result<Outcome, run::Failed>,
    committed: &mut Committed,
) -> Result<(), Verdict> {
    let Some(step) = batch.steps.get(at) else {
        return outcome.map(drop).map_err(|e| error::statement(e, at, NOTIFY.sql()));
    };
    let outcome = outcome.map_err(|e| error::statement(e, at, step.statement.sql()))?;
    if !step.expect.holds(outcome.count) {
        return Err(Verdict::Final(CommitError::Conflict { statement: at }));
    }
    committed.rows.push(outcome.rows);
    Ok(())
}

async fn prepare_all(client: &ClientWrapper, batch: &Batch) -> Result<Vec<Prepared>, Verdict> {
    let mut prepared = Vec::with_capacity(batch.steps.len() + batch.messages.len());
    let notes = batch.messages.iter().map(|_| &NOTIFY);
    for (at, statement) in batch.steps.iter().map(|step| step.statement).chain(notes).enumerate() {
        let ready = run::prepare(client, statement).await;
        prepared.push(ready.map_err(|e| error::before_commit(&e, at, statement.sql()))?);
    }
    Ok(prepared)
}

/// Polls `future` once, which sends its request without waiting for the answer.
async fn start(mut future: Pin<&mut impl Future>) {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
}
