//! The writer thread: drains its queue, one transaction a round, one savepoint a batch, one COMMIT, then the replies.
//! Nothing is acknowledged before COMMIT returned; a batch that fails harms no neighbour.

use std::fs::File;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::{error, run};
use crate::batch::{Batch, Committed};
use crate::error::{CommitError, StoreError};
use crate::meter::Meter;
use crate::notice::Notice;

/// The most batches that share one COMMIT. There is no timer: a round is what came while the last one was synced.
const ROUND_BATCHES: usize = 128;

/// What the writer is asked for.
pub(super) enum Work {
    Commit(Job),
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
    Close,
}

/// A batch and where its answer goes.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) reply: oneshot::Sender<Answer>,
}

type Answer = Result<Committed, CommitError>;

/// What is `held` is let go when the last batch is on disk and the connection closed, also when nobody waits for that.
pub(super) fn start(
    (connection, held): (Connection, Option<File>),
    queue: mpsc::Receiver<Work>,
    notices: broadcast::Sender<Notice>,
    meter: Meter,
) -> Result<JoinHandle<()>, StoreError> {
    thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            drain(connection, queue, (&notices, &meter));
            drop(held);
        })
        .map_err(|e| StoreError::Unavailable(format!("no thread for the writer: {e}")))
}

/// Whom a round is told to: those who listen, and the metrics.
type Told<'a> = (&'a broadcast::Sender<Notice>, &'a Meter);

fn drain(mut connection: Connection, mut queue: mpsc::Receiver<Work>, told: Told<'_>) {
    let mut taken = Vec::with_capacity(ROUND_BATCHES);
    let mut round = Vec::with_capacity(ROUND_BATCHES);
    while queue.blocking_recv_many(&mut taken, ROUND_BATCHES) > 0 {
        for work in taken.drain(..) {
            match work {
                Work::Commit(job) => round.push(job),
                Work::Run(job) => {
                    settle(&connection, &mut round, told);
                    job(&mut connection);
                }
                // What came before is still committed; what comes after finds no receiver.
                Work::Close => queue.close(),
            }
        }
        settle(&connection, &mut round, told);
    }
}

/// Runs a round, and answers all its batches.
fn settle(connection: &Connection, round: &mut Vec<Job>, (notices, meter): Told<'_>) {
    if round.is_empty() {
        return;
    }
    meter.shared(round.len());
    let batches: Vec<&Batch> = round.iter().map(|job| &job.batch).collect();
    let answers = commit_round(connection, &batches);
    for (job, answer) in round.drain(..).zip(answers) {
        if answer.is_ok() {
            tell(notices, &job.batch);
        }
        // A caller that went away wants no answer; its batch stands or fell whole.
        drop(job.reply.send(answer));
    }
}

fn tell(notices: &broadcast::Sender<Notice>, batch: &Batch) {
    for message in &batch.messages {
        // Refused only when nobody listens.
        drop(notices.send(Notice::Message { topic: message.topic.to_owned(), payload: message.payload.clone() }));
    }
}

/// Why a round was given up.
enum Broken {
    /// Before COMMIT: everything is rolled back.
    Before(CommitError),
    /// At COMMIT: nothing may be acknowledged.
    Commit(CommitError),
}

fn commit_round(connection: &Connection, batches: &[&Batch]) -> Vec<Answer> {
    match attempt(connection, batches) {
        Ok(answers) => answers,
        // SQLite rolled the whole round back because of one batch (as it does when the disk fills up). Nothing is in
        // force and nothing was acknowledged, so each batch may try alone.
        Err(Broken::Before(_)) if batches.len() > 1 => {
            batches.iter().flat_map(|batch| commit_round(connection, std::slice::from_ref(batch))).collect()
        }
        Err(Broken::Before(error) | Broken::Commit(error)) => batches.iter().map(|_| Err(error.clone())).collect(),
    }
}

fn attempt(connection: &Connection, batches: &[&Batch]) -> Result<Vec<Answer>, Broken> {
    execute(connection, "BEGIN IMMEDIATE").map_err(|e| Broken::Before(error::write(&e, "BEGIN")))?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        match run_batch(connection, batch) {
            Ok(answer) => answers.push(answer),
            Err(error) => {
                roll_back(connection);
                return Err(Broken::Before(error));
            }
        }
    }
    execute(connection, "COMMIT").map_err(|e| {
        roll_back(connection);
        Broken::Commit(error::commit(&e))
    })?;
    Ok(answers)
}

/// Runs one batch in a savepoint. The outer error means that the round's transaction is lost.
fn run_batch(connection: &Connection, batch: &Batch) -> Result<Answer, CommitError> {
    let lost = |e: rusqlite::Error| error::write(&e, "SAVEPOINT");
    execute(connection, "SAVEPOINT batch").map_err(lost)?;
    match run_steps(connection, batch) {
        Ok(committed) => {
            execute(connection, "RELEASE batch").map_err(lost)?;
            Ok(Ok(committed))
        }
        Err(error) if connection.is_autocommit() => Err(error),
        Err(error) => {
            execute(connection, "ROLLBACK TO batch").map_err(lost)?;
            execute(connection, "RELEASE batch").map_err(lost)?;
            Ok(Err(error))
        }
    }
}

fn run_steps(connection: &Connection, batch: &Batch) -> Answer {
    let mut committed = Committed { rows: Vec::with_capacity(batch.steps.len()) };
    for (at, step) in batch.steps.iter().enumerate() {
        let outcome = run::run(connection, step.statement, &step.params)
            .map_err(|e| error::statement(&e, at, step.statement.sql()))?;
        if !step.expect.holds(outcome.count) {
            return Err(CommitError::Conflict { statement: at });
        }
        committed.rows.push(outcome.rows);
    }
    Ok(committed)
}

fn roll_back(connection: &Connection) {
    if connection.is_autocommit() {
        return;
    }
    if let Err(error) = execute(connection, "ROLLBACK") {
        tracing::error!(%error, "the writer could not roll back");
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
