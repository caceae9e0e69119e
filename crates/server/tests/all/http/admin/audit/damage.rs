//! Damage to an export, or to the rows behind the server's back, is found.

use poundlock::testing::TestApp;
use poundlock_core::secret::random_bytes;
use poundlock_core::testing::SeededRng;
use poundlock_store::{Batch, Expect, Statement, Store, on_both, params};

use super::{check, last_checkpoint, seal_and_sign, wrong_password};

static EDIT: Statement =
    Statement::new("UPDATE audit_record SET body = ?1 WHERE id = (SELECT record FROM audit_link ORDER BY seq LIMIT 1)");
static DELETE: Statement =
    Statement::new("DELETE FROM audit_record WHERE id = (SELECT record FROM audit_link ORDER BY seq LIMIT 1)");
static UNLINK_LAST: Statement =
    Statement::new("DELETE FROM audit_link WHERE seq = (SELECT max(l.seq) FROM audit_link l)");
static SWAP: Statement = Statement::new("UPDATE audit_link SET hash = previous WHERE seq = 2");
static NO_CHECKPOINT: Statement = Statement::new("DELETE FROM audit_checkpoint WHERE number = 2");
static BAD_CHECKPOINT: Statement = Statement::new("UPDATE audit_checkpoint SET body = 'x' WHERE number = 2");
static FEWER: Statement = Statement::new("DELETE FROM audit_checkpoint WHERE number > 1");

async fn run(store: &Store, statement: &'static Statement, params: Vec<poundlock_store::Value>) {
    let mut batch = Batch::new();
    batch.push(statement, params, Expect::AtLeast(1));
    store.commit(batch).await.unwrap();
}

async fn lived(store: &Store) -> TestApp {
    let app = TestApp::on(store).await;
    for round in 0..3 {
        for n in 0..3 {
            wrong_password(&app, &format!("{round}-{n}")).await;
        }
        seal_and_sign(&app).await;
    }
    app
}

fn below(rng: &SeededRng, end: usize) -> usize {
    usize::try_from(u64::from_le_bytes(random_bytes(rng)) % u64::try_from(end).unwrap()).unwrap()
}

/// One change of a text; `None` when chance made it change nothing.
fn damaged(kind: usize, text: &str, rng: &SeededRng) -> Option<String> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (one, other, at) = (below(rng, lines.len()), below(rng, lines.len()), below(rng, text.len()));
    let changed = match kind % 6 {
        0 => format!("{}{}{}", &text[..at], char::from(b'0' + u8::try_from(below(rng, 10)).unwrap()), &text[at + 1..]),
        1 => text[..at].to_owned(),
        2 => {
            lines.remove(one);
            lines.concat()
        }
        3 => {
            lines.swap(one, other);
            lines.concat()
        }
        4 => {
            lines.insert(one, lines[other]);
            lines.concat()
        }
        _ => lines[..one].concat(),
    };
    (changed != text).then_some(changed)
}

on_both! {
    async fn aud_06_two_hundred_random_damages_of_an_export_are_all_found(store) {
        let app = lived(&store).await;
        let (text, trusted, rng) = (app.export().await.unwrap(), last_checkpoint(&app).await, SeededRng::new(5));
        assert!(check(&text, Some(&trusted)).holds());
        let mut tried = 0;
        for kind in 0.. {
            let Some(changed) = damaged(kind, &text, &rng) else { continue };
            assert!(!check(&changed, Some(&trusted)).holds(), "kind {} went unseen:\n{changed}", kind % 6);
            tried += 1;
            if tried == 200 {
                break;
            }
        }
    }

    async fn aud_06_an_edited_row_is_found_though_the_server_signs_the_export(store) {
        let app = lived(&store).await;
        let trusted = last_checkpoint(&app).await;
        run(&store, &EDIT, params![app.records().await[4].canonical().into_bytes()]).await;
        let report = check(&app.export().await.unwrap(), Some(&trusted));
        assert!(!report.holds(), "{report}");
    }

    async fn aud_06_a_row_of_garbage_is_exported_and_found(store) {
        let app = lived(&store).await;
        run(&store, &EDIT, params![b"garbage"]).await;
        let report = check(&app.export().await.unwrap(), None);
        assert!(report.to_string().contains("is damaged"), "{report}");
    }

    async fn aud_06_a_deleted_record_is_a_gap(store) {
        let app = lived(&store).await;
        run(&store, &DELETE, params![]).await;
        let report = check(&app.export().await.unwrap(), None);
        assert!(report.to_string().contains("are missing"), "{report}");
    }

    async fn aud_06_a_log_cut_at_its_end_is_found_by_a_checkpoint_from_elsewhere(store) {
        let app = lived(&store).await;
        let trusted = last_checkpoint(&app).await;
        for _ in 0..9 {
            run(&store, &UNLINK_LAST, params![]).await;
        }
        run(&store, &FEWER, params![]).await;
        let report = check(&app.export().await.unwrap(), Some(&trusted));
        assert!(report.to_string().contains("was cut"), "{report}");
    }

    async fn aud_06_a_changed_link_and_missing_or_damaged_checkpoints_are_found(store) {
        let app = lived(&store).await;
        assert!(check(&app.export().await.unwrap(), None).holds());
        run(&store, &BAD_CHECKPOINT, params![]).await;
        assert!(!check(&app.export().await.unwrap(), None).holds());
        run(&store, &NO_CHECKPOINT, params![]).await;
        assert!(check(&app.export().await.unwrap(), None).to_string().contains("checkpoint 3 does not follow"));
        let app = lived(&store).await;
        run(&store, &SWAP, params![]).await;
        assert!(!check(&app.export().await.unwrap(), None).holds());
    }
}
