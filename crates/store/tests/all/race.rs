//! Many at once: exactly one wins, nothing is lost, nothing is half done.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::join_all;
use poundlock_store::{Batch, CommitError, Expect, Statement, Store, on_both, params};

use crate::batch::{account, one};
use crate::schema::{ADD, ALL, COMPARE_AND_SET, COUNT, INSERT, LIST, NOTE, SELECT, TAKE, UPSERT};
use crate::soon;

static COUNT_NOTES: Statement = Statement::new("SELECT count(*) FROM note");

/// Commits all batches at the same time, each from a task of its own, and returns how each ended.
async fn race(store: &Store, batches: Vec<Batch>) -> Vec<Result<(), CommitError>> {
    let tasks = batches.into_iter().map(|batch| {
        let store = store.clone();
        tokio::spawn(async move { store.commit(batch).await.map(drop) })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

async fn count(store: &Store, statement: &'static Statement) -> i64 {
    store.query_opt(statement, params![]).await.unwrap().unwrap().int(0).unwrap()
}

on_both! {
    schema = LIST;

    async fn of_64_that_compare_and_set_one_wins(store) {
        store.commit(account(1)).await.unwrap();
        for round in 0..5_i64 {
            let batches = (0..64_i64)
                .map(|n| one(&COMPARE_AND_SET, params![1_i64, round, round + 1, n], Expect::Rows(1)))
                .collect();
            let outcomes = race(&store, batches).await;
            let winners: Vec<i64> = (0_i64..).zip(&outcomes).filter(|(_, o)| o.is_ok()).map(|(n, _)| n).collect();
            assert_eq!(winners.len(), 1, "{outcomes:?}");
            assert!(outcomes.iter().all(|o| matches!(o, Ok(()) | Err(CommitError::Conflict { statement: 0 }))));
            let row = store.query_opt(&SELECT, params![1_i64]).await.unwrap().unwrap();
            assert_eq!((row.int(3), row.int(2).ok().as_ref()), (Ok(round + 1), winners.first()));
        }
    }

    async fn of_64_that_take_one_name_one_wins(store) {
        let batches = (0..64_i64)
            .map(|id| one(&INSERT, params![id, "the name", 1_i64, None::<&[u8]>], Expect::Rows(1)))
            .collect();
        let outcomes = race(&store, batches).await;
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1, "{outcomes:?}");
        assert_eq!(count(&store, &COUNT).await, 1);
    }

    async fn of_64_spenders_no_more_than_the_limit_pass(store) {
        let batches = (0..64).map(|_| one(&UPSERT, params![1_i64, "a", 10_i64], Expect::Rows(1))).collect();
        let outcomes = race(&store, batches).await;
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 10, "{outcomes:?}");
        store.commit(account(2)).await.unwrap();
        let batches = (0..64).map(|_| one(&TAKE, params![2_i64], Expect::Rows(1))).collect();
        let outcomes = race(&store, batches).await;
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 10, "{outcomes:?}");
    }

    async fn of_100_increments_none_is_lost(store) {
        store.commit(account(1)).await.unwrap();
        let batches = (0..100).map(|_| one(&ADD, params![1_i64, 1_i64], Expect::Rows(1))).collect();
        let outcomes = race(&store, batches).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let row = store.query_opt(&SELECT, params![1_i64]).await.unwrap().unwrap();
        assert_eq!((row.int(2), row.int(3)), (Ok(110), Ok(100)));
    }

    async fn batches_that_cross_each_other_all_pass(store) {
        let mut both = account(1);
        both.append(account(2));
        store.commit(both).await.unwrap();
        let batches = (0..12_i64)
            .map(|n| {
                let (first, second) = if n % 2 == 0 { (1_i64, 2_i64) } else { (2, 1) };
                let mut batch = one(&ADD, params![first, 1_i64], Expect::Rows(1));
                batch.push(&ADD, params![second, -1_i64], Expect::Rows(1));
                batch
            })
            .collect();
        // On PostgreSQL these deadlock; a loser is tried again.
        for outcome in race(&store, batches).await {
            assert!(matches!(outcome, Ok(()) | Err(CommitError::Unavailable(_))), "{outcome:?}");
        }
        let balance = async |id: i64| store.query_opt(&SELECT, params![id]).await.unwrap().unwrap().int(2).unwrap();
        assert_eq!(balance(1).await + balance(2).await, 20);
    }

    async fn a_caller_that_goes_away_leaves_its_batch_whole(store) {
        for id in 0..64_i64 {
            let mut batch = account(id);
            batch.push(&NOTE, params![id.to_be_bytes(), id, "note"], Expect::Rows(1));
            let mut committing = pin!(store.commit(batch));
            poll_fn(|context| Poll::Ready(committing.as_mut().poll(context).is_ready())).await;
        }
        // Each was handed over at its first poll, so all of them come to pass; at no moment is one half there.
        soon(async { loop {
            let (accounts, notes) = store
                .read(|r| {
                    Box::pin(async move {
                        let accounts = r.query_opt(&COUNT, params![]).await?.unwrap().int(0)?;
                        Ok((accounts, r.query_opt(&COUNT_NOTES, params![]).await?.unwrap().int(0)?))
                    })
                })
                .await
                .unwrap();
            assert_eq!(accounts, notes);
            if accounts == 64 {
                break;
            }
            tokio::task::yield_now().await;
        } })
        .await;
    }

    async fn readers_never_see_half_a_batch(store) {
        let writing = {
            let store = store.clone();
            tokio::spawn(async move {
                for id in 0..100_i64 {
                    let mut batch = account(2 * id);
                    batch.append(account(2 * id + 1));
                    store.commit(batch).await.unwrap();
                }
            })
        };
        while !writing.is_finished() {
            assert_eq!(store.query(&ALL, params![]).await.unwrap().len() % 2, 0);
            tokio::task::yield_now().await;
        }
        writing.await.unwrap();
        assert_eq!(count(&store, &COUNT).await, 200);
    }
}
