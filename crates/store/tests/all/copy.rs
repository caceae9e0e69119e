//! A whole store copied: out of either engine into one file, and from a file into either, with nothing changed on the way.

use std::path::{Path, PathBuf};

use poundlock_core::time::Time;
use poundlock_store::copy::{self, Manifested};
use poundlock_store::testing::{Disk, TestStore, edit_file};
use poundlock_store::{Expect, Migration, Statement, Store, StoreError, StoreUrl, migrations, on_both, params};
use tempfile::TempDir;

use crate::batch::{account, one};
use crate::schema::{COUNT, INSERT, LIST, NOTE};

/// The series that is released, and a later one that this program does not have yet.
#[expect(clippy::indexing_slicing, reason = "a constant: checked when it is compiled")]
const UPGRADED: &[Migration] = &[
    migrations::ALL[0],
    Migration {
        number: 2,
        name: "upgrade",
        sql: "ALTER TABLE account ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey';
              CREATE TABLE paint (account BYTES NOT NULL PRIMARY KEY REFERENCES account (id), tone INT NOT NULL) STRICT;
              INSERT INTO paint (account, tone) SELECT id, 7 FROM account;",
    },
];
#[expect(clippy::indexing_slicing, reason = "a constant: checked when it is compiled")]
const RELEASED: &[Migration] = &[migrations::ALL[0]];

static USER: Statement = Statement::new(
    "INSERT INTO account (id, subject, name, display_name, state, version, password, personal_key, made_at)
     VALUES (?1, ?2, ?2, ?2, 'active', 1, ?1, ?1, 5)",
);
static OPEN: Statement = Statement::new(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
     AND xact_start IS NOT NULL",
);
static PAINTED: Statement =
    Statement::new("SELECT a.name, a.colour, p.tone FROM account a JOIN paint p ON p.account = a.id ORDER BY a.name");

/// Rows of every kind of value, in an order that differs from that of the keys, and more than one page of them.
async fn fill(store: &Store) {
    for id in [3_i64, -1, 2] {
        let name = (id != 2).then(|| format!("Zoë {id}"));
        let row = params![id, name, 9_i64, (id == 3).then(|| vec![0_u8, 255])];
        store.commit(one(&INSERT, row, Expect::Rows(1))).await.unwrap();
    }
    let mut notes = poundlock_store::Batch::new();
    for n in 0..1_234_u32 {
        notes.push(&NOTE, params![n.to_le_bytes(), 3_i64, format!("note {n}")], Expect::Rows(1));
    }
    store.commit(notes).await.unwrap();
}

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("copy");
    (folder, path)
}

on_both! {
    schema = LIST;

    async fn a_copy_holds_every_row_of_either_engine(store) {
        fill(&store).await;
        let (_folder, path) = place();
        let digest = copy::write(&store, LIST, &path).await.unwrap();
        let found = copy::look(&path, LIST).await.unwrap();
        assert_eq!((found.content, found.schema, found.manifest), (digest, 1, None));
        let sums = copy::sums(&path).await.unwrap();
        let rows: Vec<_> = sums.iter().map(|sum| (sum.table.as_str(), sum.rows)).collect();
        assert_eq!(rows, [("account", 3), ("note", 1_234)], "parents first");
        // And from the file into PostgreSQL, in the place of what is there.
        let there = TestStore::postgres_with(LIST).await;
        there.commit(account(77)).await.unwrap();
        let target = there.alone().await;
        assert_eq!(copy::load(&path, &target).await.unwrap(), sums);
        let (_folder, again) = place();
        copy::write(&target, LIST, &again).await.unwrap();
        assert_eq!(copy::sums(&again).await.unwrap(), sums);
    }

    async fn a_copy_is_of_one_moment_and_keeps_no_writer_waiting(store) {
        let (_folder, path) = place();
        let writing = {
            let store = Store::clone(&store);
            tokio::spawn(async move {
                for id in (100..300).step_by(2) {
                    let mut batch = account(id);
                    batch.append(account(id + 1));
                    store.commit(batch).await.unwrap();
                }
            })
        };
        copy::write(&store, LIST, &path).await.unwrap();
        writing.await.unwrap();
        let copied = Store::open(&StoreUrl::sqlite(&path), &poundlock_store::Options::fast()).await.unwrap();
        let rows = copied.query_opt(&COUNT, params![]).await.unwrap().unwrap().int(0).unwrap();
        assert_eq!(rows % 2, 0, "half a batch was copied");
    }

    async fn a_load_that_fails_leaves_what_was_there(store) {
        fill(&store).await;
        let (_folder, path) = place();
        copy::write(&store, LIST, &path).await.unwrap();
        let there = TestStore::postgres_with(LIST).await;
        there.commit(account(77)).await.unwrap();
        let target = there.alone().await;
        // A balance that the check of the table refuses, as a later schema might.
        edit_file(&path, "PRAGMA ignore_check_constraints = 1; UPDATE account SET balance = -1 WHERE id = 3");
        assert!(copy::load(&path, &target).await.is_err());
        // Its only session went with what it had begun.
        target.close().await;
        assert_eq!(there.again().await.query_opt(&COUNT, params![]).await.unwrap().unwrap().int(0), Ok(1));
    }

    async fn a_manifest_is_read_back_and_is_no_part_of_the_store(store) {
        fill(&store).await;
        let (folder, path) = place();
        let content = copy::write(&store, LIST, &path).await.unwrap();
        let manifest = Manifested { text: "told".to_owned(), tag: content };
        copy::sign(&path, manifest.clone()).await.unwrap();
        let found = copy::look(&path, LIST).await.unwrap();
        assert_eq!((found.manifest, found.content), (Some(manifest), content));
        let store = folder.path().join("store");
        copy::unpack(&path, &store).await.unwrap();
        let found = copy::look(&store, LIST).await.unwrap();
        assert_eq!((found.manifest, found.content), (None, content));
    }
}

on_both! {
    schema = RELEASED;

    async fn a_store_of_the_first_schema_is_brought_up_with_its_rows(store) {
        for name in ["ada", "bob"] {
            store.commit(one(&USER, params![name.as_bytes(), name], Expect::Rows(1))).await.unwrap();
        }
        let (_folder, path) = place();
        copy::write(&store, RELEASED, &path).await.unwrap();
        assert_eq!(store.pending(UPGRADED).await, Ok(1));
        assert_eq!(store.migrate(UPGRADED, Time::from_millis(9)).await, Ok(vec![2]));
        assert_eq!(store.pending(UPGRADED).await, Ok(0));
        let painted = |rows: Vec<poundlock_store::Row>| {
            let told = rows.iter().map(|row| (row.text(0).unwrap().to_owned(), row.text(1).unwrap().to_owned(), row.int(2)));
            told.collect::<Vec<_>>()
        };
        let want = [("ada".to_owned(), "grey".to_owned(), Ok(7)), ("bob".to_owned(), "grey".to_owned(), Ok(7))];
        assert_eq!(painted(store.query(&PAINTED, params![]).await.unwrap()), want);
        // A backup of before the upgrade is brought up the same way.
        assert_eq!(copy::look(&path, UPGRADED).await.unwrap().schema, 1);
        let copied = Store::open(&StoreUrl::sqlite(&path), &poundlock_store::Options::fast()).await.unwrap();
        assert_eq!(copied.migrate(UPGRADED, Time::from_millis(9)).await, Ok(vec![2]));
        assert_eq!(painted(copied.query(&PAINTED, params![]).await.unwrap()), want);
        // And the older program refuses both.
        for refused in [store.pending(RELEASED).await.map(drop), copied.migrate(RELEASED, Time::from_millis(9)).await.map(drop)] {
            assert!(matches!(&refused, Err(StoreError::Refused(text)) if text.contains("Start the newer program")), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn what_is_slipped_into_the_schema_changes_the_digest() {
    let store = TestStore::sqlite_with(LIST).await;
    for sql in [
        "CREATE TRIGGER t AFTER INSERT ON account BEGIN DELETE FROM note; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE INDEX i ON account (balance)",
        "INSERT INTO account (id, balance, version) VALUES (5, 1, 0)",
        "CREATE TABLE backup_manifest2 (a TEXT PRIMARY KEY)",
    ] {
        let (_folder, path) = place();
        let before = copy::write(&store, LIST, &path).await.unwrap();
        edit_file(&path, sql);
        assert_ne!(copy::look(&path, LIST).await.unwrap().content, before, "{sql}");
    }
}

#[tokio::test]
async fn rows_that_name_missing_ones_are_damage() {
    let store = TestStore::sqlite_with(LIST).await;
    let (_folder, path) = place();
    copy::write(&store, LIST, &path).await.unwrap();
    edit_file(&path, "PRAGMA foreign_keys = 0; INSERT INTO note (id, account) VALUES (x'00', 99)");
    let refused = copy::look(&path, LIST).await.unwrap_err();
    assert!(refused.to_string().contains("damaged"), "{refused}");
}

/// Notes of more than a small disk takes, and then more pages of them than may wait for a writer that has given up.
async fn fill_more(store: &Store) {
    store.commit(account(1)).await.unwrap();
    let text = "x".repeat(1_000);
    for n in 0..60_u32 {
        let mut notes = poundlock_store::Batch::new();
        for m in 0..100_u32 {
            notes.push(&NOTE, params![(n * 100 + m).to_le_bytes(), 1_i64, text.clone()], Expect::Rows(1));
        }
        store.commit(notes).await.unwrap();
    }
}

fn names(folder: &Path) -> Vec<std::ffi::OsString> {
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name()).collect()
}

/// Waits until no session of the store is in a transaction.
async fn until_nothing_is_open(store: &Store) {
    while store.query_opt(&OPEN, params![]).await.unwrap().unwrap().int(0).unwrap() > 0 {}
}

on_both! {
    schema = LIST;

    async fn a_copy_onto_a_full_disk_ends_and_leaves_nothing(store) {
        fill_more(&store).await;
        let folder = TempDir::new().unwrap();
        let disk = Disk::mount(folder.path(), "2m");
        let path = disk.path().join("copy");
        let refused = crate::soon(copy::write(&store, LIST, &path)).await;
        assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("full")), "{refused:?}");
        assert_eq!(names(disk.path()), Vec::<std::ffi::OsString>::new());
        if store.is_postgres() {
            crate::soon(until_nothing_is_open(&store)).await;
        }
        // The store is none the worse for it.
        let (_folder, path) = place();
        copy::write(&store, LIST, &path).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_nobody_waits_for_leaves_nothing() {
    let store = TestStore::postgres_with(LIST).await;
    fill_more(&store).await;
    let (folder, path) = place();
    let writing = tokio::spawn({
        let (store, path) = (Store::clone(&store), path.clone());
        async move { copy::write(&store, LIST, &path).await }
    });
    // Half-way: the partial file is there, and not its name.
    crate::soon(async {
        while names(folder.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    writing.abort();
    assert!(writing.await.is_err(), "it was half-way");
    crate::soon(async {
        while !names(folder.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    crate::soon(until_nothing_is_open(&store)).await;
}
