//! What only a file can do to us: be full, read-only, locked, copied while in use.

use std::time::Duration;

use poundlock_store::testing::TestStore;
use poundlock_store::{CommitError, Durability, Expect, Options, Store, StoreError, StoreUrl, copy, params};
use rusqlite::Connection;

use crate::batch::{account, one};
use crate::schema::{ADD, ALL, INSERT, LIST};

async fn store() -> TestStore {
    TestStore::sqlite_with(LIST).await
}

fn path(store: &TestStore) -> std::path::PathBuf {
    let StoreUrl::Sqlite(path) = store.url() else { panic!("not SQLite") };
    path.clone()
}

fn large(id: i64) -> poundlock_store::Batch {
    one(&INSERT, params![id, None::<&str>, 1_i64, vec![7_u8; 200_000]], Expect::Rows(1))
}

async fn count(store: &Store) -> usize {
    store.query(&ALL, params![]).await.unwrap().len()
}

#[tokio::test]
async fn a_full_disk_fails_closed_and_recovers() {
    let store = store().await;
    store.limit_pages(40).await;
    assert_eq!(store.commit(large(1)).await.unwrap_err(), CommitError::Full);
    assert_eq!(count(&store).await, 0, "reading goes on");
    store.limit_pages(0).await;
    store.commit(large(1)).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn a_batch_that_fills_the_disk_harms_no_neighbour() {
    let store = store().await;
    store.limit_pages(40).await;
    let batches = (0..30).map(|id| store.commit(if id % 10 == 5 { large(id) } else { account(id) }));
    let outcomes = futures_util::future::join_all(batches).await;
    for (id, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome.map(drop), if id % 10 == 5 { Err(CommitError::Full) } else { Ok(()) }, "{id}");
    }
    assert_eq!(count(&store).await, 27);
}

#[tokio::test]
async fn a_read_only_disk_fails_closed_and_recovers() {
    let store = store().await;
    store.commit(account(1)).await.unwrap();
    store.set_read_only(true).await;
    assert_eq!(store.commit(account(2)).await.unwrap_err(), CommitError::Full);
    assert_eq!(count(&store).await, 1);
    store.set_read_only(false).await;
    store.commit(account(2)).await.unwrap();
}

#[tokio::test]
async fn a_file_that_another_program_writes_is_unavailable_and_readers_go_on() {
    let options = Options { busy_timeout: Duration::from_millis(20), ..Options::fast() };
    let store = TestStore::sqlite_at(LIST, &options).await;
    store.commit(account(1)).await.unwrap();
    let other = Connection::open(path(&store)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE account SET balance = 99").unwrap();
    assert!(matches!(store.commit(account(2)).await, Err(CommitError::Unavailable(_))));
    assert_eq!(count(&store).await, 1);
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(account(2)).await.unwrap();
}

#[tokio::test]
async fn readers_never_wait_for_the_writer() {
    let store = store().await;
    store.commit(account(1)).await.unwrap();
    // The busy time is long: a reader that waited would hang this test for it, and then fail.
    let other = Connection::open(path(&store)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE account SET balance = 99").unwrap();
    let many = (0..50).map(|_| store.read(|r| Box::pin(async move { r.query(&ALL, params![]).await })));
    for rows in futures_util::future::join_all(many).await {
        assert_eq!(rows.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_backup_of_a_store_in_use_is_consistent() {
    let store = store().await;
    for id in 0..20 {
        store.commit(large(id)).await.unwrap();
    }
    let target = path(&store).with_file_name("backup.db");
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for id in (100..300).step_by(2) {
                let mut batch = account(id);
                batch.append(account(id + 1));
                store.commit(batch).await.unwrap();
            }
        })
    };
    copy::write(&store, LIST, &target).await.unwrap();
    writing.await.unwrap();
    let backup = Connection::open(&target).unwrap();
    let check: String = backup.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let rows: i64 = backup.query_row("SELECT count(*) FROM account", [], |row| row.get(0)).unwrap();
    assert_eq!((check.as_str(), rows % 2), ("ok", 0));
    assert!((20..=220).contains(&rows), "{rows}");
    let beside: Vec<_> = std::fs::read_dir(target.parent().unwrap()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().starts_with("backup.db.")), "{beside:?}");
}

#[tokio::test]
async fn a_backup_never_overwrites() {
    let store = store().await;
    let target = path(&store).with_file_name("backup.db");
    std::fs::write(&target, "precious").unwrap();
    assert!(matches!(copy::write(&store, LIST, &target).await, Err(StoreError::Refused(_))));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
    let nowhere = copy::write(&store, LIST, std::path::Path::new("/nowhere/at/all/backup.db")).await;
    assert!(matches!(nowhere, Err(StoreError::Unavailable(_))), "{nowhere:?}");
}

#[tokio::test]
async fn a_backup_opens_as_a_store() {
    let store = store().await;
    store.commit(account(1)).await.unwrap();
    let target = path(&store).with_file_name("backup.db");
    copy::write(&store, LIST, &target).await.unwrap();
    let restored = Store::open(&StoreUrl::sqlite(&target), &Options::fast()).await.unwrap();
    assert_eq!(restored.migrate(LIST, poundlock_core::time::Time::from_millis(1)).await, Ok(vec![]));
    restored.commit(one(&ADD, params![1_i64, 1_i64], Expect::Rows(1))).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file_and_its_copy() {
    use std::os::unix::fs::PermissionsExt;
    let store = store().await;
    store.commit(account(1)).await.unwrap();
    let target = path(&store).with_file_name("backup.db");
    copy::write(&store, LIST, &target).await.unwrap();
    for file in std::fs::read_dir(target.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn closing_commits_what_is_queued_and_leaves_no_log() {
    let store = store().await;
    let queued = (0..300).map(|id| store.commit(account(id)));
    let (outcomes, ()) = tokio::join!(futures_util::future::join_all(queued), store.close());
    let committed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(outcomes.iter().all(|o| matches!(o, Ok(_) | Err(CommitError::Unavailable(_)))));
    assert!(!path(&store).with_extension("db-wal").exists());
    assert_eq!(count(&store.again().await).await, committed);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    std::fs::write(&file, "not a database, but long enough to look like a file with a header of its own".repeat(20))
        .unwrap();
    assert!(Store::open(&StoreUrl::sqlite(&file), &Options::fast()).await.is_err());
    let missing = folder.path().join("no/such/folder/store.db");
    let error = Store::open(&StoreUrl::sqlite(&missing), &Options::fast()).await.err();
    assert!(matches!(error, Some(StoreError::Unavailable(_))), "{error:?}");
}

#[tokio::test]
async fn the_default_is_durable() {
    assert_eq!(Options::default().durability, Durability::Full);
    let store = TestStore::sqlite_at(LIST, &Options::default()).await;
    store.commit(account(1)).await.unwrap();
    assert_eq!(count(&store).await, 1);
}
