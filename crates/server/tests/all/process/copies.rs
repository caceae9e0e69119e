//! Backups of a server at work: each is of one moment, whole, and makes a store that holds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use poundlock_store::{Options, Statement, Store, StoreUrl, params};
use tokio::task::JoinSet;

use super::database::Database;
use super::disk::enrolled;
use super::site::Site;
use super::storm::load::{Dice, Tally};

const PEOPLE: usize = 4;
const COPIES: usize = 4;

static SESSIONS: Statement = Statement::new("SELECT count(*) FROM session");
static ROTATIONS: Statement = Statement::new("SELECT CAST(sum(generation) AS BIGINT) FROM refresh");
/// Of one batch each: a session and its family, and the ends of both.
static TORN: Statement = Statement::new(
    "SELECT count(*) FROM session LEFT JOIN refresh ON refresh.session = session.id
     WHERE refresh.id IS NULL OR (session.ended_at IS NULL) <> (refresh.ended_at IS NULL)",
);

async fn number(store: &Store, statement: &'static Statement) -> i64 {
    store.query_opt(statement, params![]).await.unwrap().unwrap().int(0).unwrap()
}

/// Looks into a copy: nothing is torn. Gives how far its sessions have got.
async fn whole(copy: &Path) -> (i64, i64) {
    let store = Store::open(&StoreUrl::sqlite(copy), &Options::unheld()).await.unwrap();
    assert_eq!(number(&store, &TORN).await, 0, "half a batch was copied");
    let seen = (number(&store, &SESSIONS).await, number(&store, &ROTATIONS).await);
    store.close().await;
    seen
}

/// Makes a store of a copy, which checks its signature and its audit log, and checks the log once more.
fn restored(copy: &Path) {
    let place = Site::new(None);
    let told = place.run(&["restore", copy.to_str().unwrap()]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    place.verify_audit();
}

async fn backups_under_load(database: Option<Database>) {
    let site = Arc::new(Site::new(database.as_ref().map(Database::url).as_deref()));
    let node = site.serve();
    let caller = node.caller();
    let (tally, mut living) = (Arc::new(Tally::default()), JoinSet::new());
    for n in 0..PEOPLE {
        let person = enrolled(&caller, &format!("person{n}")).await;
        living.spawn(person.live(caller.clone(), Arc::clone(&tally), Dice::new(n as u64)));
    }
    let folder = tempfile::TempDir::new().unwrap();
    let mut copies: Vec<PathBuf> = Vec::new();
    for n in 0..COPIES {
        tally.wait_for(20).await;
        let path = folder.path().join(format!("copy{n}"));
        let (site, to) = (Arc::clone(&site), path.clone());
        let backup = tokio::task::spawn_blocking(move || site.run(&["backup", to.to_str().unwrap()]));
        let told = backup.await.unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        copies.push(path);
    }
    tally.wait_for(20).await;
    node.stop();
    while let Some(person) = living.join_next().await {
        person.unwrap();
    }
    let mut before = (0, 0);
    for copy in &copies {
        tokio::task::spawn_blocking({
            let copy = copy.clone();
            move || restored(&copy)
        })
        .await
        .unwrap();
        let seen = whole(copy).await;
        assert!(seen.0 >= before.0 && seen.1 > before.1, "nothing went on meanwhile: {before:?}, {seen:?}");
        before = seen;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aud_06_backups_under_load_are_of_one_moment_on_sqlite() {
    backups_under_load(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aud_06_backups_under_load_are_of_one_moment_on_postgres() {
    backups_under_load(Some(Database::start())).await;
}
