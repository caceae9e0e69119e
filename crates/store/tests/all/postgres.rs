//! What only a server can do to us: die, be restarted, lie about durability, change under cached statements.

use std::future::Future;

use poundlock_store::params;
use poundlock_store::testing::TestStore;
use poundlock_store::{
    Batch, CommitError, Durability, Expect, Notice, Options, Statement, Store, StoreError, StoreUrl,
};
use tokio_postgres::{Client, NoTls};

use crate::batch::{account, one};
use crate::notice::{message, tell};
use crate::schema::{ALL, INSERT, LIST, SELECT};
use crate::soon;

static STAR: Statement = Statement::new("SELECT * FROM account WHERE id = ?1");
static BACKENDS: Statement = Statement::new(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
);

/// A session outside of the store, as an operator's.
pub(crate) async fn operator(store: &TestStore) -> Client {
    let StoreUrl::Postgres(url) = store.url() else { panic!("not PostgreSQL") };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Kills every connection of the store, and returns when they are dead.
pub(crate) async fn kill_all(operator: &Client) {
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let killed = operator.query(&format!("SELECT pid, pg_terminate_backend(pid) {others}"), &[]).await.unwrap();
    let pids: Vec<i32> = killed.iter().map(|row| row.get(0)).collect();
    assert!(!pids.is_empty());
    let alive = format!("SELECT 1 {others} AND pid = ANY($1)");
    while !operator.query(&alive, &[&pids]).await.unwrap().is_empty() {}
}

/// Makes inserts into `account` run `body`, in PL/pgSQL, at once or at COMMIT. `nextval('tries')` counts across rollbacks.
async fn on_insert(operator: &Client, at_commit: bool, body: &str) {
    let timing = if at_commit { "DEFERRABLE INITIALLY DEFERRED" } else { "" };
    operator
        .batch_execute(&format!(
            "CREATE SEQUENCE tries;
             CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER meddle AFTER INSERT ON account {timing} FOR EACH ROW EXECUTE FUNCTION meddle();"
        ))
        .await
        .unwrap();
}

const DIE: &str = "PERFORM pg_terminate_backend(pg_backend_pid());";

async fn store() -> TestStore {
    TestStore::postgres_with(LIST).await
}

async fn ids(store: &Store) -> Vec<i64> {
    store.query(&ALL, params![]).await.unwrap().iter().map(|row| row.int(0).unwrap()).collect()
}

#[tokio::test]
async fn a_server_that_dropped_every_connection_is_reached_again() {
    let (store, mut id) = (store().await, 0);
    let operator = operator(&store).await;
    for _ in 0..5 {
        // Several connections in the pool, all dead at once.
        let many = (0..8).map(|n| store.commit(account(id + n)));
        assert!(futures_util::future::join_all(many).await.iter().all(Result::is_ok));
        id += 8;
        kill_all(&operator).await;
        store.commit(account(id)).await.unwrap();
        id += 1;
        kill_all(&operator).await;
        let seen = store.read(|r| Box::pin(async move { r.query(&ALL, params![]).await })).await.unwrap();
        assert_eq!(i64::try_from(seen.len()).unwrap(), id);
        kill_all(&operator).await;
        assert_eq!(i64::try_from(ids(&store).await.len()).unwrap(), id);
    }
}

#[tokio::test]
async fn a_connection_lost_before_commit_is_tried_again_and_takes_effect_once() {
    let store = store().await;
    let operator = operator(&store).await;
    on_insert(&operator, false, &format!("IF nextval('tries') <= 2 THEN {DIE} END IF;")).await;
    store.commit(account(1)).await.unwrap();
    assert_eq!(ids(&store).await, [1]);
}

#[tokio::test]
async fn a_connection_lost_during_commit_is_unknown() {
    let store = store().await;
    let operator = operator(&store).await;
    on_insert(&operator, true, DIE).await;
    assert_eq!(store.commit(account(1)).await.unwrap_err(), CommitError::Unknown);
    // The dead connection is gone from the pool, and nothing was left open.
    operator.batch_execute("DROP TRIGGER meddle ON account").await.unwrap();
    store.commit(account(2)).await.unwrap();
    assert!(ids(&store).await.contains(&2));
}

#[tokio::test]
async fn an_error_at_commit_is_final_and_undoes_the_batch() {
    let store = store().await;
    on_insert(&operator(&store).await, true, "RAISE EXCEPTION 'no' USING ERRCODE = '23514';").await;
    assert!(matches!(store.commit(account(1)).await, Err(CommitError::Fault(_))));
    assert!(ids(&store).await.is_empty());
}

#[tokio::test]
async fn serialization_failures_are_tried_again_but_not_for_ever() {
    for (at_commit, failures, passes) in [(false, 4, true), (true, 4, true), (false, 5, false)] {
        let store = store().await;
        let body =
            format!("IF nextval('tries') <= {failures} THEN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END IF;");
        on_insert(&operator(&store).await, at_commit, &body).await;
        let outcome = store.commit(account(1)).await;
        assert_eq!(outcome.is_ok(), passes, "{outcome:?}");
        assert!(passes || matches!(outcome, Err(CommitError::Unavailable(_))));
        assert_eq!(ids(&store).await.len(), usize::from(passes));
    }
}

#[tokio::test]
async fn codes_of_the_server_have_their_meaning() {
    let store = store().await;
    let operator = operator(&store).await;
    on_insert(&operator, false, "NULL;").await;
    for (code, want) in [
        ("53100", CommitError::Full),
        ("25006", CommitError::Full),
        ("23505", CommitError::Conflict { statement: 0 }),
        ("23503", CommitError::Conflict { statement: 0 }),
    ] {
        let replace = format!(
            "CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"
        );
        operator.batch_execute(&replace).await.unwrap();
        assert_eq!(store.commit(account(1)).await.unwrap_err(), want, "{code}");
    }
}

#[tokio::test]
async fn detail_that_quotes_a_row_is_not_passed_on() {
    let store = store().await;
    let body = "RAISE EXCEPTION 'refused' USING ERRCODE = '22000', DETAIL = 'hunter2', HINT = 'hunter2';";
    on_insert(&operator(&store).await, false, body).await;
    let error = store.commit(account(1)).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_schema_that_changes_under_cached_statements_is_followed() {
    let store = store().await;
    let operator = operator(&store).await;
    store.commit(account(1)).await.unwrap();
    let read = async || store.read(|r| Box::pin(async move { r.query_opt(&STAR, params![1_i64]).await })).await;
    assert!(store.query_opt(&STAR, params![1_i64]).await.unwrap().unwrap().value(5).is_err());
    read().await.unwrap();
    operator.batch_execute("ALTER TABLE account ADD COLUMN more BIGINT NOT NULL DEFAULT 5").await.unwrap();
    assert_eq!(store.query_opt(&STAR, params![1_i64]).await.unwrap().unwrap().int(5), Ok(5));
    operator.batch_execute("ALTER TABLE account ADD COLUMN most BIGINT NOT NULL DEFAULT 6").await.unwrap();
    // A snapshot cannot begin anew by itself; the next one can.
    assert!(matches!(read().await, Err(StoreError::Unavailable(_))));
    assert_eq!(read().await.unwrap().unwrap().int(6), Ok(6));
    operator.batch_execute("ALTER TABLE account ADD COLUMN end_ BIGINT NOT NULL DEFAULT 7").await.unwrap();
    let committed = store.commit(one(&STAR, params![1_i64], Expect::Rows(1))).await.unwrap();
    assert_eq!(committed.first(0).unwrap().int(7), Ok(7));
}

#[tokio::test]
async fn no_transaction_stays_open() {
    let store = store().await;
    store.commit(account(1)).await.unwrap();
    drop(store.commit(account(1)).await);
    let mut lost = std::pin::pin!(store.commit(account(2)));
    std::future::poll_fn(|context| std::task::Poll::Ready(lost.as_mut().poll(context).is_ready())).await;
    while ids(&store).await != [1, 2] {
        tokio::task::yield_now().await;
    }
    lost.await.unwrap();
    let open = store.query_opt(&BACKENDS, params![]).await.unwrap().unwrap().int(0).unwrap();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn a_listener_whose_connection_died_is_told_to_flush_and_hears_again() {
    let store = store().await;
    let other = store.again().await;
    let operator = operator(&store).await;
    let mut listener = store.listen();
    other.commit(tell("from another node")).await.unwrap();
    assert_eq!(soon(Notice::next(&mut listener)).await, Some(message("test", "from another node")));
    kill_all(&operator).await;
    assert_eq!(soon(Notice::next(&mut listener)).await, Some(Notice::FlushAll));
    other.commit(tell("again")).await.unwrap();
    assert_eq!(soon(Notice::next(&mut listener)).await, Some(message("test", "again")));
    // News that is not ours may mean anything.
    operator.batch_execute("NOTIFY poundlock, 'odd'").await.unwrap();
    assert_eq!(soon(Notice::next(&mut listener)).await, Some(Notice::FlushAll));
}

#[tokio::test]
async fn a_server_that_loses_what_it_acknowledged_is_refused() {
    let store = store().await;
    let operator = operator(&store).await;
    operator
        .batch_execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
        )
        .await
        .unwrap();
    let full = Options { durability: Durability::Full, ..Options::fast() };
    let refused = Store::open(store.url(), &full).await.err();
    assert!(matches!(&refused, Some(StoreError::Refused(text)) if text.contains("synchronous_commit")), "{refused:?}");
    operator
        .batch_execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET synchronous_commit', current_database()); END $$",
        )
        .await
        .unwrap();
    Store::open(store.url(), &full).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let nowhere = StoreUrl::parse("postgres://u:hunter2@%2Fnowhere/d").unwrap();
    let error = Store::open(&nowhere, &Options::fast()).await.err();
    assert!(matches!(&error, Some(StoreError::Unavailable(text)) if !text.contains("hunter2")), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_in_the_clear_when_tls_is_asked_for() {
    let store = store().await;
    let StoreUrl::Postgres(url) = store.url() else { panic!("not PostgreSQL") };
    let secure = StoreUrl::parse(&format!("{url}?sslmode=verify-full")).unwrap();
    assert!(Store::open(&secure, &Options::fast()).await.is_err());
}

#[tokio::test]
async fn statements_that_travel_without_begin_would_be_refused() {
    // What protects a batch when BEGIN alone fails: outside of a transaction every connection of ours is read-only.
    let store = store().await;
    let alone = store.query(&INSERT, params![1_i64, "a", 1_i64, None::<&[u8]>]).await;
    assert!(matches!(&alone, Err(StoreError::Fault(text)) if text.contains("25006")), "{alone:?}");
    assert!(store.query(&SELECT, params![1_i64]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_pool_that_is_used_up_is_waited_for() {
    let store = store().await;
    let batches: Vec<Batch> = (0..200).map(account).collect();
    let outcomes = futures_util::future::join_all(batches.into_iter().map(|batch| store.commit(batch))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(ids(&store).await.len(), 200);
}

#[tokio::test]
async fn a_connection_on_which_commit_was_not_answered_serves_nobody_else() {
    let store = store().await;
    let operator = operator(&store).await;
    let one = Options { connections: 1, ..Options::fast() };
    let narrow = Store::open(store.url(), &one).await.unwrap();
    // The first COMMIT waits for what this session holds to the end.
    operator.batch_execute("SELECT pg_advisory_lock(7)").await.unwrap();
    on_insert(&operator, true, "IF nextval('tries') = 1 THEN PERFORM pg_advisory_lock(7); END IF;").await;
    assert_eq!(narrow.commit(account(1)).await.unwrap_err(), CommitError::Unknown);
    // The next one does not stand in line behind it, on the only connection that the pool may have.
    let next = tokio::time::timeout(std::time::Duration::from_secs(5), narrow.commit(account(2))).await;
    next.unwrap().unwrap();
    assert_eq!(ids(&store).await, [2]);
}
