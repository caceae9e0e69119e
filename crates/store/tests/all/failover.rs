//! A primary is killed and its synchronous standby promoted: nothing acknowledged is lost, and the store finds its way
//! by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use poundlock_core::time::Time;
use poundlock_store::testing::Cluster;
use poundlock_store::{CommitError, Notice, Options, Store, StoreError, StoreUrl, params};
use tokio::time::timeout;

use crate::batch::account;
use crate::notice::{message, tell};
use crate::schema::{ALL, LIST};
use crate::soon;

async fn open(cluster: &Cluster) -> Store {
    Store::open(&StoreUrl::parse(&cluster.url()).unwrap(), &Options::default()).await.unwrap()
}

/// Commits one account after another, on and on; gives the ids that were acknowledged.
async fn write(store: Store, next: Arc<AtomicI64>, stop: Arc<AtomicBool>) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let id = next.fetch_add(1, Ordering::SeqCst);
        match timeout(Duration::from_secs(20), store.commit(account(id))).await.unwrap() {
            Ok(_) => acknowledged.push(id),
            Err(CommitError::Unavailable(_) | CommitError::Unknown) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_standby_takes_over() {
    let mut cluster = Cluster::start().await;
    let (store, other) = (open(&cluster).await, open(&cluster).await);
    store.migrate(LIST, Time::from_millis(0)).await.unwrap();
    let mut listener = other.listen();
    let (next, stop) = (Arc::new(AtomicI64::new(1)), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> =
        (0..8).map(|_| tokio::spawn(write(store.clone(), Arc::clone(&next), Arc::clone(&stop)))).collect();
    while next.load(Ordering::SeqCst) < 400 {
        tokio::task::yield_now().await;
    }
    cluster.kill_primary();
    // Its orphaned processes may answer a little longer; nothing that they are asked for hangs.
    let down = soon(async {
        loop {
            if let Err(down) = other.query(&ALL, params![]).await {
                break down;
            }
        }
    })
    .await;
    assert!(matches!(down, StoreError::Unavailable(_)), "{down:?}");
    cluster.promote();
    // No node is started again, and nobody tells one where the primary is now.
    soon(async { while other.commit(tell("found")).await.is_err() {} }).await;
    let before = next.load(Ordering::SeqCst);
    soon(async {
        while next.load(Ordering::SeqCst) < before + 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    assert!(acknowledged.len() > 400, "{} acknowledged", acknowledged.len());
    let stored: Vec<i64> = store.query(&ALL, params![]).await.unwrap().iter().map(|row| row.int(0).unwrap()).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !stored.contains(id)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    // Who listened is told that it may have missed something, and hears again.
    soon(async { while Notice::next(&mut listener).await != Some(Notice::FlushAll) {} }).await;
    store.commit(tell("again")).await.unwrap();
    soon(async { while Notice::next(&mut listener).await != Some(message("test", "again")) {} }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_standby_has_not_is_not_acknowledged() {
    let cluster = Cluster::start().await;
    let store = open(&cluster).await;
    store.migrate(LIST, Time::from_millis(0)).await.unwrap();
    store.commit(account(1)).await.unwrap();
    cluster.freeze_standby(true).await;
    // The primary waits for its standby without end; who asked does not.
    let outcome = timeout(Duration::from_secs(45), store.commit(account(2))).await.unwrap();
    assert_eq!(outcome.unwrap_err(), CommitError::Unknown);
    let at_standby = cluster.at(2).await;
    assert_eq!(at_standby.query("SELECT 1 FROM account WHERE id = 2", &[]).await.unwrap().len(), 0);
    cluster.freeze_standby(false).await;
    soon(async { while store.commit(account(3)).await.is_err() {} }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_does_not_wait_for_its_standby_is_refused() {
    let cluster = Cluster::start().await;
    let at_primary = cluster.at(1).await;
    at_primary.batch_execute("ALTER DATABASE postgres SET synchronous_commit = local").await.unwrap();
    let refused = Store::open(&StoreUrl::parse(&cluster.url()).unwrap(), &Options::default()).await.err();
    let Some(StoreError::Refused(text)) = refused else { panic!("{refused:?}") };
    assert!(text.contains("synchronous_commit = local") && text.contains("standby took over"), "{text}");
    at_primary.batch_execute("ALTER DATABASE postgres RESET synchronous_commit").await.unwrap();
    open(&cluster).await;
}
