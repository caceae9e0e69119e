//! What a restore refuses, before it has changed anything.

use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_store::testing::edit_file;

use super::{World, empty_like};

/// Changes a backup with SQL, as somebody could who writes where backups are kept.
fn edit(world: &World, sql: &str) {
    edit_file(&world.path("backup"), sql);
}

fn is_a_sentence(text: &str) {
    assert!(!text.contains(['\n', '{']) && text.len() < 300, "{text}");
}

on_both! {
    async fn car_07_a_backup_that_was_edited_is_refused(store) {
        let world = World::on(&store).await;
        for (sql, word) in [
            ("INSERT INTO user_group (name, version) VALUES ('admins2', 1)", "edited"),
            ("UPDATE recovery_code SET used_at = NULL; UPDATE account SET last_login_at = 7", "edited"),
            ("CREATE TRIGGER t AFTER INSERT ON session BEGIN DELETE FROM guard; END", "edited"),
            ("UPDATE backup_manifest SET text = replace(text, 'localhost', 'elsewhere')", "edited"),
            ("UPDATE backup_manifest SET tag = zeroblob(32)", "edited"),
            ("DROP TABLE backup_manifest", "no backup"),
        ] {
            let _ = std::fs::remove_file(world.path("backup"));
            world.back_up().await;
            edit(&world, sql);
            let why = world.why_not(&store, "backup").await;
            assert!(why.contains(word), "{sql}: {why}");
            is_a_sentence(&why);
        }
    }

    async fn a_backup_of_a_newer_program_is_refused(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        edit(&world, "INSERT INTO schema_migration VALUES (99, 'later', zeroblob(32), 1)");
        let why = world.why_not(&store, "backup").await;
        assert!(why.contains("newer Poundlock (schema 99, later)") && why.contains("Start the newer program"), "{why}");
        is_a_sentence(&why);
    }

    async fn a_file_that_is_damaged_or_something_else_is_refused(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        let mut bytes = std::fs::read(world.path("backup")).unwrap();
        let half = bytes.len() / 2;
        std::fs::write(world.path("half"), &bytes[..half]).unwrap();
        bytes[half..half + 4096].fill(0x5a);
        std::fs::write(world.path("scratched"), &bytes).unwrap();
        std::fs::write(world.path("text"), "no database at all, and longer than its header would be".repeat(30)).unwrap();
        for file in ["half", "scratched", "text"] {
            let why = world.why_not(&store, file).await;
            assert!(why.contains("damaged") || why.contains("no backup") || why.contains("edited"), "{file}: {why}");
            is_a_sentence(&why);
        }
    }

    async fn ops_10_a_clock_behind_the_backup_is_refused(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        world.app.jump(Span::from_hours(-24));
        let why = world.why_not(&store, "backup").await;
        assert!(why.contains("clock"), "{why}");
        is_a_sentence(&why);
    }

    async fn a_refused_restore_leaves_the_place_empty(store) {
        let world = World::on(&store).await;
        world.back_up().await;
        edit(&world, "UPDATE backup_manifest SET tag = zeroblob(32)");
        let place = empty_like(&store).await;
        place.close().await;
        world.app.restore(&world.path("backup"), place.url(), (false, false)).await.unwrap_err();
        let left: Vec<_> = std::fs::read_dir(world.folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["backup"], "nothing of the copy is left");
        assert!(poundlock_store::key::data_keys(&migrated(&place.again().await).await).await.unwrap().is_empty());
    }

    async fn car_04_the_master_key_is_in_no_backup(store) {
        let world = World::on(&store).await;
        let hex = poundlock::testing::TestApp::master().to_hex();
        std::fs::write(world.path("master.key"), format!("{}\n", *hex)).unwrap();
        world.back_up().await;
        let bytes = std::fs::read(world.path("backup")).unwrap();
        let raw: Vec<u8> =
            (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!holds(hex.as_bytes()) && !holds(&raw), "the master key is in the backup");
        assert!(holds(poundlock::testing::TestApp::master().fingerprint().as_bytes()), "it is named");
    }
}

async fn migrated(store: &poundlock_store::Store) -> poundlock_store::Store {
    store.migrate(poundlock_store::migrations::ALL, poundlock_core::time::Time::from_millis(1)).await.unwrap();
    store.clone()
}
