//! Group commit from the inside: what shares a COMMIT, and what becomes of a round when COMMIT fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use futures_util::future::join_all;
use tempfile::TempDir;

use super::Sqlite;
use crate::batch::{Batch, Expect};
use crate::error::{CommitError, StoreError};
use crate::meter::Meter;
use crate::notice::Notice;
use crate::options::{Durability, Options};
use crate::params;
use crate::statement::Statement;

static INSERT: Statement = Statement::new("INSERT INTO t (id) VALUES (?1)");
static COUNT: Statement = Statement::new("SELECT count(*) FROM t");

fn insert(id: i64) -> Batch {
    let mut batch = Batch::new();
    batch.push(&INSERT, params![id], Expect::Rows(1));
    batch.notify("inserted", id.to_string());
    batch
}

async fn run(sqlite: &Sqlite, sql: &'static str) {
    sqlite
        .on_writer(move |connection| connection.execute_batch(sql).map_err(|e| StoreError::Fault(e.to_string())))
        .await
        .unwrap();
}

async fn open(options: &Options) -> (Sqlite, TempDir) {
    let folder = TempDir::new().unwrap();
    let sqlite = Sqlite::open(&folder.path().join("store.db"), options, Meter::default()).await.unwrap();
    run(&sqlite, "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY) STRICT").await;
    (sqlite, folder)
}

async fn count(sqlite: &Sqlite) -> i64 {
    sqlite.query(&COUNT, &[]).unwrap().first().unwrap().int(0).unwrap()
}

/// Commits `batches` so that all of them wait in the queue before the writer takes the first.
async fn queue_all(sqlite: &Sqlite, batches: Vec<Batch>) -> Vec<Result<(), CommitError>> {
    let (go, wait) = mpsc::channel::<()>();
    let block = sqlite.on_writer(move |_| wait.recv().map_err(|_| StoreError::Fault("no go".to_owned())));
    let all = join_all(batches.into_iter().map(|batch| async { sqlite.commit(batch).await.map(drop) }));
    // `join!` polls in order, and without a budget that would leave some for the next turn (tokio's is 128): the block and
    // every batch are queued before the go.
    let all_at_once = async { tokio::join!(block, all, async { go.send(()).unwrap() }) };
    let (blocked, outcomes, ()) = tokio::task::unconstrained(all_at_once).await;
    blocked.unwrap();
    outcomes
}

#[tokio::test]
async fn what_waits_together_shares_one_commit() {
    let (sqlite, _folder) = open(&Options::fast()).await;
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let hook = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        false
    };
    sqlite
        .on_writer(move |connection| connection.commit_hook(Some(hook)).map_err(|e| StoreError::Fault(e.to_string())))
        .await
        .unwrap();
    let outcomes = queue_all(&sqlite, (0..200).map(insert).collect()).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(count(&sqlite).await, 200);
    // 128 and the rest; the block itself may cut one round short.
    assert!((2..=3).contains(&commits.load(Ordering::SeqCst)), "{commits:?}");
}

#[tokio::test]
async fn when_commit_fails_nothing_is_acknowledged_or_told() {
    let (sqlite, _folder) = open(&Options::fast()).await;
    let mut listener = sqlite.listen();
    let refuse = Arc::new(AtomicBool::new(true));
    let refusing = Arc::clone(&refuse);
    let hook = move || refusing.load(Ordering::SeqCst);
    sqlite
        .on_writer(move |connection| connection.commit_hook(Some(hook)).map_err(|e| StoreError::Fault(e.to_string())))
        .await
        .unwrap();
    let outcomes = queue_all(&sqlite, (0..50).map(insert).collect()).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(CommitError::Fault(_)))), "{outcomes:?}");
    assert_eq!(count(&sqlite).await, 0);
    refuse.store(false, Ordering::SeqCst);
    sqlite.commit(insert(7)).await.unwrap();
    let told = Notice::Message { topic: "inserted".to_owned(), payload: "7".to_owned() };
    assert_eq!(Notice::next(&mut listener).await, Some(told));
}

#[tokio::test]
async fn when_sqlite_undoes_the_round_the_others_pass_alone() {
    let (sqlite, _folder) = open(&Options::fast()).await;
    run(
        &sqlite,
        "CREATE TRIGGER thirteen BEFORE INSERT ON t WHEN new.id = 13 BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END",
    )
    .await;
    let outcomes = queue_all(&sqlite, (0..40).map(insert).collect()).await;
    for (id, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.is_ok(), id != 13, "{id}: {outcome:?}");
    }
    assert_eq!(count(&sqlite).await, 39);
}

#[tokio::test]
async fn the_settings_that_safety_rests_on_are_in_force() {
    for (durability, synchronous) in [(Durability::Full, 2), (Durability::Off, 0)] {
        let (sqlite, _folder) = open(&Options { durability, ..Options::fast() }).await;
        let settings = sqlite
            .on_writer(|connection| {
                let names = ["synchronous", "foreign_keys", "trusted_schema", "cell_size_check", "busy_timeout"];
                let read = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
                names.into_iter().map(read).collect::<Result<Vec<_>, _>>().map_err(|e| StoreError::Fault(e.to_string()))
            })
            .await
            .unwrap();
        assert_eq!(settings, [synchronous, 1, 0, 1, 5000]);
    }
}

#[tokio::test]
async fn a_double_quoted_word_is_never_a_string() {
    static QUOTED: Statement = Statement::new("SELECT \"no such column\" FROM t");
    let (sqlite, _folder) = open(&Options::fast()).await;
    assert!(sqlite.check(&QUOTED).is_err());
}

#[tokio::test]
async fn idle_readers_are_kept_but_not_without_end() {
    let (sqlite, _folder) = open(&Options { connections: 3, ..Options::fast() }).await;
    let snapshots: Vec<_> = (0..10).map(|_| sqlite.snapshot().unwrap()).collect();
    sqlite.commit(insert(1)).await.unwrap();
    for snapshot in &snapshots {
        snapshot.query(&COUNT, &[]).unwrap();
    }
    drop(snapshots);
    assert_eq!(sqlite.readers.idle_count(), 3);
}
