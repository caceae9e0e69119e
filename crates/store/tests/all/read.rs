//! Reads see one snapshot, never write, and leave no transaction behind.

use std::future::pending;

use poundlock_store::{Expect, Statement, StoreError, on_both, params};
use tokio::sync::oneshot;

use crate::batch::{account, one};
use crate::schema::{ADD, ALL, COUNT, EVERY, LIST, NOTE, NOTES, SELECT, TEN};

static SUM_WITHOUT_CAST: Statement = Statement::new("SELECT sum(balance) FROM account");
static SUM: Statement = Statement::new("SELECT CAST(sum(balance) AS BIGINT) FROM account");
static SHORT_NUMBER: Statement = Statement::new("SELECT id FROM account WHERE CASE WHEN id = 1 THEN 1 END + ?1 > 2");
static NO_TABLE: Statement = Statement::new("SELECT id FROM nowhere");
static TWO_KINDS: Statement = Statement::new("SELECT name, balance > 5 FROM account");

on_both! {
    schema = LIST;

    async fn a_snapshot_does_not_see_later_commits(store) {
        store.commit(account(1)).await.unwrap();
        let outside = &store;
        let (before, after) = outside
            .read(|r| {
                Box::pin(async move {
                    let before = r.query_opt(&COUNT, params![]).await?.unwrap().int(0)?;
                    outside.commit(account(2)).await.unwrap();
                    Ok((before, r.query_opt(&COUNT, params![]).await?.unwrap().int(0)?))
                })
            })
            .await
            .unwrap();
        assert_eq!((before, after), (1, 1));
        assert_eq!(store.query_opt(&COUNT, params![]).await.unwrap().unwrap().int(0), Ok(2));
    }

    async fn a_read_sees_what_was_acknowledged(store) {
        for id in 0..30 {
            store.commit(account(id)).await.unwrap();
            assert!(store.query_opt(&SELECT, params![id]).await.unwrap().is_some());
        }
    }

    async fn a_statement_that_writes_is_refused_as_a_read(store) {
        store.commit(account(1)).await.unwrap();
        assert!(store.query(&ADD, params![1_i64, 1_i64]).await.is_err());
        let inside = store.read(|r| Box::pin(async move { r.query(&ADD, params![1_i64, 1_i64]).await })).await;
        assert!(inside.is_err());
        let row = store.query_opt(&SELECT, params![1_i64]).await.unwrap().unwrap();
        assert_eq!(row.int(2), Ok(10));
    }

    async fn a_reading_that_is_dropped_half_way_leaves_nothing_open(store) {
        for id in 0..40 {
            let (reached, half_way) = oneshot::channel();
            let reading = store.read(|r| {
                Box::pin(async move {
                    r.query(&COUNT, params![]).await?;
                    reached.send(()).unwrap();
                    pending::<Result<(), StoreError>>().await
                })
            });
            tokio::select! {
                _ = reading => panic!("it cannot end"),
                _ = half_way => {}
            }
            store.commit(account(id)).await.unwrap();
            let count = store.read(|r| Box::pin(async move { r.query_opt(&COUNT, params![]).await })).await.unwrap();
            assert_eq!(count.unwrap().int(0), Ok(id + 1));
        }
    }

    async fn a_reading_that_fails_leaves_nothing_open(store) {
        for id in 0..20 {
            let failed = store.read(|r| Box::pin(async move { r.query(&NO_TABLE, params![]).await })).await;
            assert!(matches!(failed, Err(StoreError::Fault(_))), "{failed:?}");
            store.commit(account(id)).await.unwrap();
            let seen = store.read(|r| Box::pin(async move { r.query(&ALL, params![]).await })).await.unwrap();
            assert_eq!(seen.len(), usize::try_from(id).unwrap() + 1);
        }
    }

    async fn two_rows_where_one_was_expected_are_a_fault(store) {
        let mut batch = account(1);
        batch.append(account(2));
        store.commit(batch).await.unwrap();
        assert!(matches!(store.query_opt(&ALL, params![]).await, Err(StoreError::Fault(_))));
    }

    async fn paging_by_row_values_goes_through_all(store) {
        let mut batch = account(1);
        for id in 0..10_u8 {
            batch.push(&NOTE, params![[id], 1_i64, if id < 5 { "a" } else { "b" }], Expect::Rows(1));
        }
        store.commit(batch).await.unwrap();
        let (mut text, mut id, mut seen) = (String::new(), Vec::new(), Vec::new());
        loop {
            let page = store.query(&NOTES, params![1_i64, text, id, 3_i64]).await.unwrap();
            let Some(last) = page.last() else { break };
            seen.extend(page.iter().map(|row| row.bytes(0).unwrap().to_vec()));
            (id, text) = (last.bytes(0).unwrap().to_vec(), last.text(1).unwrap().to_owned());
        }
        assert_eq!(seen, (0..10_u8).map(|id| vec![id]).collect::<Vec<_>>());
    }

    async fn ten_is_not_read_as_one_and_zero(store) {
        let mut batch = account(1);
        batch.append(account(10));
        batch.append(account(2));
        store.commit(batch).await.unwrap();
        let found = store
            .query(&TEN, params!["name 10", 1_i64, 2_i64, 3_i64, 4_i64, 5_i64, 6_i64, 7_i64, 8_i64, 10_i64, 99_i64])
            .await
            .unwrap();
        assert_eq!(found.iter().map(|row| row.int(0).unwrap()).collect::<Vec<_>>(), [10]);
    }

    async fn every_statement_prepares(store) {
        for statement in EVERY {
            store.check(statement).await.unwrap();
        }
        assert!(store.check(&NO_TABLE).await.is_err());
    }

    async fn a_statement_that_the_engines_would_read_differently_is_found_out(store) {
        store.check(&SUM).await.unwrap();
        store.check(&TWO_KINDS).await.unwrap();
        assert_eq!(store.check(&SUM_WITHOUT_CAST).await.is_err(), store.is_postgres());
        assert_eq!(store.check(&SHORT_NUMBER).await.is_err(), store.is_postgres());
    }

    async fn a_comparison_reads_as_a_flag(store) {
        store.commit(account(1)).await.unwrap();
        let row = store.query_opt(&TWO_KINDS, params![]).await.unwrap().unwrap();
        assert_eq!((row.flag(1), row.int(1)), (Ok(true), Ok(1)));
        assert!(row.int(0).is_err());
    }

    async fn a_closed_store_is_unavailable(store) {
        let clone = store.clone();
        store.commit(account(1)).await.unwrap();
        store.close().await;
        assert!(matches!(clone.query(&ALL, params![]).await, Err(StoreError::Unavailable(_))));
        let late = clone.commit(one(&ADD, params![1_i64, 1_i64], Expect::Any)).await;
        assert!(matches!(late, Err(poundlock_store::CommitError::Unavailable(_))), "{late:?}");
        store.close().await;
        let again = store.again().await;
        assert_eq!(again.query(&ALL, params![]).await.unwrap().len(), 1);
    }
}
