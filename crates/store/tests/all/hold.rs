//! Who has a store open: those who share it, or one who moves or restores it.

use poundlock_core::time::Time;
use poundlock_store::testing::{SERVING_LOCK, TestStore};
use poundlock_store::{CommitError, Notice, Options, Statement, Store, StoreError, StoreUrl, copy, on_both, params};
use tokio_postgres::Client;

use crate::batch::account;
use crate::postgres::{kill_all, operator};
use crate::schema::{ALL, LIST};
use crate::soon;

static HOLDERS: Statement = Statement::new(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND (CAST(classid AS BIGINT) << 32) + CAST(objid AS BIGINT) = ?1",
);

fn refused<T>(outcome: Result<T, StoreError>, why: &str) {
    match outcome {
        Err(StoreError::Refused(text)) => assert!(text.contains(why), "{text}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("nobody was in the way"),
    }
}

const SERVED: &str = "stop every server";
const MOVING: &str = "being moved or restored";

on_both! {
    schema = LIST;

    async fn who_is_alone_and_those_who_share_exclude_each_other(store) {
        let second = store.again().await;
        refused(Store::open(store.url(), &Options::alone()).await, SERVED);
        store.close().await;
        refused(Store::open(store.url(), &Options::alone()).await, SERVED);
        second.commit(account(1)).await.unwrap();
        second.close().await;
        let alone = Store::open(store.url(), &Options::alone()).await.unwrap();
        refused(Store::open(store.url(), &Options::fast()).await, MOVING);
        refused(Store::open(store.url(), &Options::alone()).await, SERVED);
        alone.commit(account(2)).await.unwrap();
        alone.close().await;
        assert_eq!(store.again().await.query(&ALL, params![]).await.unwrap().len(), 2);
    }

    async fn a_store_that_was_dropped_and_not_closed_is_let_go(store) {
        let url = store.url().clone();
        let alone = store.alone().await;
        drop(alone);
        Store::open(&url, &Options::fast()).await.unwrap().commit(account(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_link_to_a_store_is_the_same_store() {
    let store = TestStore::sqlite_with(LIST).await;
    let StoreUrl::Sqlite(path) = store.url() else { panic!("not SQLite") };
    let elsewhere = tempfile::TempDir::new().unwrap();
    let (link, folder) = (elsewhere.path().join("link.db"), elsewhere.path().join("folder"));
    std::os::unix::fs::symlink(path, &link).unwrap();
    std::os::unix::fs::symlink(path.parent().unwrap(), &folder).unwrap();
    for other in [link, folder.join("store.db")] {
        refused(copy::hold(&other).await, SERVED);
        refused(Store::open(&StoreUrl::sqlite(&other), &Options::alone()).await, SERVED);
    }
    // A copy beside it is none.
    copy::hold(&path.with_file_name("copy.db")).await.unwrap();
}

/// A role that may log in to the database of a store and no more, with its own address.
async fn role(admin: &Client, store: &TestStore, name: &str) -> (String, StoreUrl) {
    let StoreUrl::Postgres(url) = store.url() else { panic!("not PostgreSQL") };
    let role = format!("poundlock_test_{name}_{}", std::process::id());
    admin.batch_execute(&format!("DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN")).await.unwrap();
    let own = url.replacen("poundlock@", &format!("{role}@"), 1);
    assert_ne!(&own, url);
    (role, StoreUrl::Postgres(own))
}

/// What a role may see of the sessions of another says nothing; the lock does.
#[tokio::test]
async fn a_node_of_another_role_is_seen() {
    let store = TestStore::postgres_with(LIST).await;
    let admin = operator(&store).await;
    let (first, serving) = role(&admin, &store, "serving").await;
    let (second, moving) = role(&admin, &store, "moving").await;
    store.close().await;
    let node = Store::open(&serving, &Options::fast()).await.unwrap();
    refused(Store::open(&moving, &Options::alone()).await, SERVED);
    node.close().await;
    let alone = Store::open(&moving, &Options::alone()).await.unwrap();
    refused(Store::open(&serving, &Options::fast()).await, MOVING);
    alone.close().await;
    admin.batch_execute(&format!("DROP ROLE {first}; DROP ROLE {second}")).await.unwrap();
}

#[tokio::test]
async fn nothing_is_loaded_under_a_node() {
    let store = TestStore::postgres_with(LIST).await;
    store.commit(account(77)).await.unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("copy");
    copy::write(&store, LIST, &path).await.unwrap();
    // Whoever forgets to be alone is refused by the transaction itself.
    refused(copy::load(&path, &store).await, SERVED);
    assert_eq!(store.query(&ALL, params![]).await.unwrap().len(), 1);
    copy::load(&path, &store.alone().await).await.unwrap();
}

/// Ends every session but those of operators, one of whom gets the lock at that moment.
async fn take_from_the_node(store: &TestStore) -> Client {
    let (killing, holding) = (operator(store).await, operator(store).await);
    let name = "SET application_name = 'operator'";
    killing.batch_execute(name).await.unwrap();
    holding.batch_execute(name).await.unwrap();
    let lock = format!("SELECT pg_advisory_lock({SERVING_LOCK})");
    let taken = tokio::spawn(async move {
        holding.batch_execute(&lock).await.unwrap();
        holding
    });
    let waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    soon(async { while killing.query(waits, &[]).await.unwrap().is_empty() {} }).await;
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name <> 'operator'";
    killing.batch_execute(kill).await.unwrap();
    soon(taken).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_take_the_store_again_commits_nothing() {
    let store = TestStore::postgres_with(LIST).await;
    store.commit(account(1)).await.unwrap();
    let mut listener = store.listen();
    let holding = take_from_the_node(&store).await;
    let outcome = store.commit(account(2)).await;
    assert!(matches!(&outcome, Err(CommitError::Unavailable(why)) if why.contains(MOVING)), "{outcome:?}");
    assert!(store.query(&ALL, params![]).await.is_err(), "what it reads may be replaced at this moment");
    drop(holding);
    soon(async { while store.commit(account(3)).await.is_err() {} }).await;
    let ids: Vec<_> = store.query(&ALL, params![]).await.unwrap().iter().map(|row| row.int(0).unwrap()).collect();
    assert_eq!(ids, [1, 3]);
    // The session that listens holds it, too: while nobody asks for anything there may be no other.
    soon(async { while Notice::next(&mut listener).await != Some(Notice::FlushAll) {} }).await;
    assert!(store.query_opt(&HOLDERS, params![SERVING_LOCK]).await.unwrap().unwrap().int(0).unwrap() >= 2);
}

#[tokio::test]
async fn a_node_that_slept_through_a_move_commits_nothing() {
    let store = TestStore::postgres().await;
    let mut mark = poundlock_store::Batch::new();
    poundlock_store::setting::put(&mut mark, poundlock_store::setting::MOVED, b"elsewhere");
    let mut note = poundlock_store::Batch::new();
    poundlock_store::setting::put(&mut note, "note", b"1");
    store.commit(mark).await.unwrap();
    kill_all(&operator(&store).await).await;
    let outcome = store.commit(note).await;
    assert!(matches!(&outcome, Err(CommitError::Unavailable(why)) if why.contains("moved")), "{outcome:?}");
}

#[tokio::test]
async fn who_was_alone_is_so_on_one_session_or_not_at_all() {
    let store = TestStore::postgres_with(LIST).await;
    let alone = store.alone().await;
    alone.commit(account(1)).await.unwrap();
    kill_all(&operator(&store).await).await;
    let outcome = alone.commit(account(2)).await;
    assert!(matches!(&outcome, Err(CommitError::Unavailable(why)) if why.contains("was lost")), "{outcome:?}");
    assert!(alone.migrate(LIST, Time::from_millis(0)).await.is_err());
    alone.close().await;
    assert_eq!(store.again().await.query(&ALL, params![]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_that_is_shut_takes_nothing_until_it_is_opened_again() {
    let store = TestStore::sqlite_with(LIST).await;
    store.shut(true);
    assert!(matches!(store.commit(account(1)).await, Err(CommitError::Unavailable(_))));
    store.shut(false);
    store.commit(account(1)).await.unwrap();
}
