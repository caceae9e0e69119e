//! The schema moves forward, once, whole, and only along the list that was released.

use futures_util::future::join_all;
use poundlock_core::time::Time;
use poundlock_store::{Migration, Statement, StoreError, on_both, params};

use crate::batch::account;
use crate::schema::{COUNT, LIST};

const NOW: Time = Time::from_millis(1_700_000_000_000);

const FIRST: Migration = Migration { number: 1, name: "first", sql: "CREATE TABLE a (id INT, seal BYTES) STRICT;" };
const SECOND: Migration = Migration {
    number: 2,
    name: "second",
    sql: "CREATE TABLE b (id INT NOT NULL PRIMARY KEY) STRICT; INSERT INTO b (id) VALUES (7);",
};
const CHANGED: Migration = Migration { sql: "CREATE TABLE a (id TEXT) STRICT;", ..FIRST };
const BROKEN: Migration = Migration {
    sql: "CREATE TABLE b (id INT NOT NULL PRIMARY KEY) STRICT; INSERT INTO b (id) VALUES (7); INSERT INTO nowhere VALUES (1);",
    ..SECOND
};

const ONE: &[Migration] = &[FIRST];
const TWO: &[Migration] = &[FIRST, SECOND];
const TWO_CHANGED: &[Migration] = &[CHANGED, SECOND];
const TWO_BROKEN: &[Migration] = &[FIRST, BROKEN];
const NONE: &[Migration] = &[];

static ROWS: Statement = Statement::new("SELECT id FROM b");
static APPLIED: Statement = Statement::new("SELECT number, name, applied_at FROM schema_migration ORDER BY number");

on_both! {
    schema = NONE;

    async fn migrations_run_once_and_in_order(store) {
        assert_eq!(store.migrate(ONE, NOW).await, Ok(vec![1]));
        assert_eq!(store.migrate(TWO, NOW).await, Ok(vec![2]));
        assert_eq!(store.migrate(TWO, NOW).await, Ok(vec![]));
        assert_eq!(store.query(&ROWS, params![]).await.unwrap().len(), 1);
        let applied = store.query(&APPLIED, params![]).await.unwrap();
        let read: Vec<_> = applied.iter().map(|row| (row.int(0), row.text(1), row.time(2))).collect();
        assert_eq!(read, [(Ok(1), Ok("first"), Ok(NOW)), (Ok(2), Ok("second"), Ok(NOW))]);
    }

    async fn a_changed_migration_is_refused(store) {
        store.migrate(ONE, NOW).await.unwrap();
        let refused = store.migrate(TWO_CHANGED, NOW).await;
        assert!(matches!(&refused, Err(StoreError::Refused(text)) if text.contains("another build")), "{refused:?}");
        assert!(store.query(&ROWS, params![]).await.is_err(), "nothing of the list may have run");
    }

    async fn a_newer_schema_is_refused(store) {
        store.migrate(TWO, NOW).await.unwrap();
        let refused = store.migrate(ONE, NOW).await;
        assert!(matches!(&refused, Err(StoreError::Refused(text)) if text.contains("newer Poundlock")), "{refused:?}");
    }

    async fn a_migration_that_fails_leaves_nothing(store) {
        assert!(matches!(store.migrate(TWO_BROKEN, NOW).await, Err(StoreError::Fault(_))));
        assert!(store.query(&ROWS, params![]).await.is_err(), "the table must be gone");
        assert_eq!(store.migrate(TWO, NOW).await, Ok(vec![2]));
    }

    async fn eight_that_start_at_once_apply_each_once(store) {
        let nodes = (0..8).map(|_| async {
            let node = store.again().await;
            let applied = node.migrate(TWO, NOW).await.unwrap();
            assert_eq!(node.query(&ROWS, params![]).await.unwrap().len(), 1);
            applied
        });
        let mut applied = join_all(nodes).await.concat();
        applied.sort_unstable();
        assert_eq!(applied, [1, 2]);
    }

    async fn a_table_with_all_three_tokens_works(store) {
        store.migrate(LIST, NOW).await.unwrap();
        store.commit(account(1)).await.unwrap();
        assert_eq!(store.query_opt(&COUNT, params![]).await.unwrap().unwrap().int(0), Ok(1));
    }
}
