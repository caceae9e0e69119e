//! What a server refuses to start with, and the one sentence it then says. Both engines where the store decides.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use poundlock_core::seal::MasterKey;
use poundlock_core::testing::SeededRng;
use poundlock_store::testing::TestStore;
use poundlock_store::{Batch, Migration, Store, migrations, on_both, setting};

use super::{App, CHECK, MARK, assemble, name};
use crate::clock::Clock;
use crate::config::Config;
use crate::rng::SystemRng;

/// The schema of a later version.
static LATER: LazyLock<Vec<Migration>> = LazyLock::new(|| {
    let number = migrations::ALL.last().unwrap().number + 1;
    let sql = "CREATE TABLE later (id INT NOT NULL PRIMARY KEY) STRICT;";
    [migrations::ALL, &[Migration { number, name: "later", sql }]].concat()
});

async fn start(store: &Store, seed: u64) -> anyhow::Result<std::sync::Arc<App>> {
    let master = MasterKey::random(&SeededRng::new(seed));
    let node = name::draw(&SystemRng::new());
    assemble(Config::default(), (store.clone(), poundlock_core::password::Cost::DEFAULT, node), master, Clock::start())
        .await
}

async fn why_not(store: &Store, seed: u64) -> String {
    match start(store, seed).await {
        Ok(_) => panic!("it started"),
        Err(error) => format!("{error:#}"),
    }
}

/// One sentence for a person: no line breaks, no debug output.
fn is_a_sentence(text: &str) {
    assert!(!text.contains(['\n', '{', '"']) && text.len() < 200, "{text}");
}

async fn put(store: &Store, name: &str, value: &[u8]) {
    let mut batch = Batch::new();
    setting::put(&mut batch, name, value);
    store.commit(batch).await.unwrap();
}

on_both! {
    async fn a_store_starts_again_with_its_own_master_key_alone(store) {
        start(&store, 1).await.unwrap();
        start(&store, 1).await.unwrap();
        let why = why_not(&store, 2).await;
        assert!(why.contains("does not open this store") && why.contains("cannot be replaced"), "{why}");
        is_a_sentence(&why);
        let fingerprint = MasterKey::random(&SeededRng::new(2)).fingerprint();
        assert!(why.contains(&fingerprint), "names the key by its fingerprint");
    }

    async fn two_nodes_that_start_at_once_share_the_keys(store) {
        let (one, two) = tokio::join!(start(&store, 1), start(&store, 1));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.ring.check_value().as_bytes(), two.ring.check_value().as_bytes());
        crate::jobs::keys::load(&one).await.unwrap();
        crate::jobs::keys::load(&two).await.unwrap();
        assert_eq!(one.keys.load().set.jwks(), two.keys.load().set.jwks());
    }

    async fn keys_that_are_not_the_stores_own_are_refused(store) {
        start(&store, 1).await.unwrap();
        put(&store, CHECK, &[0; 32]).await;
        let why = why_not(&store, 1).await;
        assert!(why.contains("not the ones it was made with") && why.contains("backup"), "{why}");
        is_a_sentence(&why);
    }

    async fn ops_10_a_clock_before_what_the_store_has_seen_is_refused(store) {
        start(&store, 1).await.unwrap();
        put(&store, MARK, &i64::MAX.to_be_bytes()).await;
        let why = why_not(&store, 1).await;
        assert!(why.contains("clock"), "{why}");
        is_a_sentence(&why);
    }

    async fn a_mark_that_does_not_read_is_no_mark(store) {
        start(&store, 1).await.unwrap();
        put(&store, MARK, b"damaged").await;
        let why = why_not(&store, 1).await;
        assert!(why.contains("clock"), "{why}");
        is_a_sentence(&why);
    }
}

on_both! {
    schema = &LATER;
    async fn a_newer_schema_is_refused(store) {
        let refused = store.migrate(migrations::ALL, poundlock_core::time::Time::from_millis(1)).await.unwrap_err();
        let why = refused.to_string();
        assert!(why.to_lowercase().contains("newer"), "{why}");
        is_a_sentence(&why);
    }
}

#[tokio::test]
async fn a_lost_check_value_is_told_from_a_new_store() {
    // Data keys without their check value: somebody has restored a part of a store.
    let store = TestStore::sqlite().await;
    let ring = poundlock_core::seal::Keyring::create(&MasterKey::random(&SeededRng::new(1)), &SeededRng::new(9));
    let mut batch = Batch::new();
    poundlock_store::key::insert_data_keys(&mut batch, &ring);
    store.commit(batch).await.unwrap();
    let why = why_not(&store, 1).await;
    assert!(why.contains("restore them from a backup"), "{why}");
    is_a_sentence(&why);
}

fn key_file(folder: &Path, text: &str, mode: u32) -> PathBuf {
    let path = folder.join("key");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn car_04_a_key_file_is_its_owners_alone() {
    let folder = tempfile::TempDir::new().unwrap();
    let good = MasterKey::random(&SeededRng::new(1)).to_hex();
    for mode in [0o600, 0o400] {
        super::master::read(&key_file(folder.path(), &good, mode)).unwrap();
    }
    for mode in [0o640, 0o604, 0o660, 0o644, 0o601] {
        let why = super::master::read(&key_file(folder.path(), &good, mode)).unwrap_err().to_string();
        assert!(why.contains("can be read by others: run chmod 600"), "{mode:o}: {why}");
        is_a_sentence(&why);
    }
}

#[test]
fn a_key_file_that_is_none_is_told_of_without_its_text() {
    let folder = tempfile::TempDir::new().unwrap();
    let good = MasterKey::random(&SeededRng::new(1)).to_hex();
    for bad in [
        "",
        "hunter2",
        good.get(1..).unwrap(),
        &format!("{}0", *good),
        &good.replace(|c: char| c.is_ascii_digit(), "g"),
    ] {
        let why = format!("{:#}", super::master::read(&key_file(folder.path(), bad, 0o600)).unwrap_err());
        assert!(why.contains("is not 64 hexadecimal digits"), "{why}");
        assert!(bad.is_empty() || !why.contains(bad), "{why}");
        std::fs::remove_file(folder.path().join("key")).unwrap();
    }
    let why = super::master::read(&folder.path().join("missing")).unwrap_err().to_string();
    assert!(why.contains("cannot read the master key"), "{why}");
}

#[test]
fn a_key_is_written_for_its_owner_alone_and_never_over_another() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("key");
    let key = MasterKey::random(&SeededRng::new(1));
    super::master::write_to(&path, &key).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(super::master::read(&path).unwrap().fingerprint(), key.fingerprint());
    assert!(super::master::write_to(&path, &MasterKey::random(&SeededRng::new(2))).is_err());
    assert_eq!(super::master::read(&path).unwrap().fingerprint(), key.fingerprint());
}
