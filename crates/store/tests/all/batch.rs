//! Batches stand or fall whole, and guards count what they say.

use poundlock_store::{Batch, CommitError, Expect, on_both, params};

use crate::schema::{ADD, ALL, COUNT, DELETE, INSERT, LIST, NOTE, SELECT, TAKE, UPSERT};

/// A batch with one statement.
pub(crate) fn one(
    statement: &'static poundlock_store::Statement,
    params: Vec<poundlock_store::Value>,
    expect: Expect,
) -> Batch {
    let mut batch = Batch::new();
    batch.push(statement, params, expect);
    batch
}

/// Inserts account `id` with balance 10.
pub(crate) fn account(id: i64) -> Batch {
    one(&INSERT, params![id, format!("name {id}"), 10_i64, None::<&[u8]>], Expect::Rows(1))
}

on_both! {
    schema = LIST;

    async fn a_batch_takes_effect_together(store) {
        let mut batch = account(1);
        assert_eq!(batch.append(account(2)), 1);
        batch.push(&NOTE, params![b"n", 2_i64, "note"], Expect::Rows(1));
        let committed = store.commit(batch).await.unwrap();
        assert_eq!(committed.rows.len(), 3);
        assert_eq!(store.query(&ALL, params![]).await.unwrap().len(), 2);
    }

    async fn a_missed_guard_undoes_the_whole_batch(store) {
        store.commit(account(1)).await.unwrap();
        let mut batch = account(2);
        batch.push(&ADD, params![1_i64, 5_i64], Expect::Rows(1));
        batch.push(&ADD, params![99_i64, 5_i64], Expect::Rows(1));
        batch.append(account(3));
        assert_eq!(store.commit(batch).await.unwrap_err(), CommitError::Conflict { statement: 2 });
        let rows = store.query(&ALL, params![]).await.unwrap();
        assert_eq!(rows.len(), 1);
        let row = store.query_opt(&SELECT, params![1_i64]).await.unwrap().unwrap();
        assert_eq!((row.int(2), row.int(3)), (Ok(10), Ok(0)));
    }

    async fn each_kind_of_expectation_counts_rows(store) {
        store.commit(account(1)).await.unwrap();
        let outcome = async |id: i64, expect| store.commit(one(&ADD, params![id, 1_i64], expect)).await.is_ok();
        for (expect, none, one) in [
            (Expect::Rows(0), true, false),
            (Expect::Rows(1), false, true),
            (Expect::Rows(2), false, false),
            (Expect::AtLeast(1), false, true),
            (Expect::AtLeast(2), false, false),
            (Expect::AtMost(0), true, false),
            (Expect::AtMost(1), true, true),
            (Expect::Any, true, true),
        ] {
            assert_eq!(outcome(9, expect).await, none, "{expect:?} of no row");
            assert_eq!(outcome(1, expect).await, one, "{expect:?} of one row");
        }
    }

    async fn returned_rows_come_back_and_are_counted(store) {
        store.commit(account(1)).await.unwrap();
        let mut batch = one(&TAKE, params![1_i64], Expect::Rows(1));
        let read = batch.push(&COUNT, params![], Expect::Rows(1));
        let committed = store.commit(batch).await.unwrap();
        let row = committed.first(0).unwrap();
        assert_eq!((row.int(0), row.text(1)), (Ok(9), Ok("name 1")));
        assert_eq!(committed.first(read).unwrap().int(0), Ok(1));
        let missed = one(&TAKE, params![2_i64], Expect::Rows(1));
        assert_eq!(store.commit(missed).await.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn an_upsert_counts_inserted_updated_and_refused(store) {
        let upsert = || one(&UPSERT, params![1_i64, "a", 2_i64], Expect::Rows(1));
        for want in [1, 2] {
            let committed = store.commit(upsert()).await.unwrap();
            assert_eq!(committed.first(0).unwrap().int(0), Ok(want));
        }
        assert_eq!(store.commit(upsert()).await.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn a_taken_key_and_a_missing_parent_are_conflicts(store) {
        store.commit(account(1)).await.unwrap();
        let again = store.commit(account(1)).await.unwrap_err();
        assert_eq!(again, CommitError::Conflict { statement: 0 });
        let same_name = one(&INSERT, params![2_i64, "name 1", 1_i64, None::<i64>.map(|_| b"")], Expect::Rows(1));
        assert_eq!(store.commit(same_name).await.unwrap_err(), CommitError::Conflict { statement: 0 });
        let orphan = one(&NOTE, params![b"n", 7_i64, "x"], Expect::Rows(1));
        assert_eq!(store.commit(orphan).await.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn a_broken_check_is_a_fault_and_undoes_the_batch(store) {
        let mut batch = account(1);
        batch.push(&ADD, params![1_i64, -11_i64], Expect::Rows(1));
        assert!(matches!(store.commit(batch).await, Err(CommitError::Fault(_))));
        assert!(store.query(&ALL, params![]).await.unwrap().is_empty());
    }

    async fn the_first_deviation_decides(store) {
        // The second statement would fail with a unique key, but the first has missed already.
        store.commit(account(1)).await.unwrap();
        let mut batch = one(&ADD, params![9_i64, 1_i64], Expect::Rows(1));
        batch.append(account(1));
        assert_eq!(store.commit(batch).await.unwrap_err(), CommitError::Conflict { statement: 0 });
    }

    async fn a_failing_batch_harms_no_neighbour(store) {
        // Together in the queue, so that on SQLite they share rounds.
        let batches = (0..60).map(|id| {
            let mut batch = account(id);
            if id % 3 == 0 {
                batch.push(&ADD, params![1000_i64, 1_i64], Expect::Rows(1));
            }
            if id % 3 == 1 {
                batch.push(&ADD, params![id, -100_i64], Expect::Rows(1));
            }
            store.commit(batch)
        });
        let outcomes = futures_util::future::join_all(batches).await;
        for (id, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome.is_ok(), id % 3 == 2, "{id}: {outcome:?}");
        }
        let left = store.query(&ALL, params![]).await.unwrap();
        let ids: Vec<i64> = left.iter().map(|row| row.int(0).unwrap()).collect();
        assert_eq!(ids, (0..60).filter(|id| id % 3 == 2).collect::<Vec<i64>>());
    }

    async fn a_cascade_counts_only_the_rows_named(store) {
        let mut batch = account(1);
        batch.push(&NOTE, params![b"a", 1_i64, "x"], Expect::Rows(1));
        batch.push(&NOTE, params![b"b", 1_i64, "y"], Expect::Rows(1));
        store.commit(batch).await.unwrap();
        store.commit(one(&DELETE, params![1_i64], Expect::Rows(1))).await.unwrap();
    }

    async fn an_empty_batch_succeeds(store) {
        assert!(store.commit(Batch::new()).await.unwrap().rows.is_empty());
    }

    async fn more_than_thirty_statements_keep_their_order(store) {
        let mut batch = Batch::new();
        for id in 0..100 {
            batch.append(account(id));
            batch.push(&ADD, params![id, 1_i64], Expect::Rows(1));
        }
        assert_eq!(store.commit(batch).await.unwrap().rows.len(), 200);
    }

    async fn a_wrong_number_of_parameters_is_a_fault(store) {
        let few = one(&ADD, params![1_i64], Expect::Any);
        assert!(matches!(store.commit(few).await, Err(CommitError::Fault(_))));
        let many = one(&DELETE, params![1_i64, 2_i64], Expect::Any);
        assert!(matches!(store.commit(many).await, Err(CommitError::Fault(_))));
        assert!(store.query(&SELECT, params![]).await.is_err());
    }
}
