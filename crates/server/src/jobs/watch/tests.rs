//! What the watch costs while all is well, when it sees trouble, and what ends that.

use poundlock_core::time::Span;
use poundlock_store::testing::{TestStore, start_trace, take_trace};
use poundlock_store::{Batch, on_both};

use super::*;
use crate::testing::TestApp;

async fn small(app: &TestApp) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    setting::put(&mut batch, "note", b"1");
    app.store().commit(batch).await.map(drop)
}

on_both! {
    async fn nothing_is_written_while_nothing_fails(store) {
        let app = TestApp::alone(&store, "what one node's watch does").await;
        start_trace(app.store());
        app.watch().await;
        small(&app).await.unwrap();
        app.watch().await;
        let writes = take_trace(app.store()).into_iter().filter(|sql| !sql.starts_with("SELECT")).count();
        assert_eq!(writes, 1, "the small write alone");
        assert_eq!(app.shared().watched.store(), None);
    }

    async fn a_store_that_refuses_as_if_we_were_wrong_takes_no_writes(store) {
        let app = TestApp::alone(&store, "what one node's watch sees").await;
        store.refuse_settings(true).await;
        assert!(matches!(small(&app).await, Err(CommitError::Fault(_))));
        app.watch().await;
        assert!(app.shared().watched.store().is_some_and(|(what, _)| what.contains("no writes")));
        store.refuse_settings(false).await;
        app.watch().await;
        assert_eq!(app.shared().watched.store(), None);
    }

    async fn a_store_that_is_marked_as_moved_grants_nothing_more(store) {
        let app = TestApp::alone(&store, "what one node's watch sees").await;
        let mark = |to: Option<&[u8]>| {
            let mut batch = Batch::new();
            match to {
                Some(to) => setting::put(&mut batch, MOVED, to),
                None => setting::remove(&mut batch, MOVED),
            }
            batch
        };
        let other = store.again().await;
        other.commit(mark(Some(b"elsewhere"))).await.unwrap();
        app.watch().await;
        assert!(app.shared().watched.store().is_some_and(|(what, to_do)| what.contains("moved") && to_do.contains("url")));
        assert!(matches!(small(&app).await, Err(CommitError::Unavailable(_))));
        other.commit(mark(None)).await.unwrap();
        app.watch().await;
        small(&app).await.unwrap();
        app.watch().await;
        assert_eq!(app.shared().watched.store(), None);
    }

    async fn a_store_that_is_gone_takes_no_writes(store) {
        let app = TestApp::alone(&store, "what one node's watch sees").await;
        store.close().await;
        small(&app).await.unwrap_err();
        app.watch().await;
        let (what, to_do) = app.shared().watched.store().unwrap();
        assert!(what.contains("no writes") && to_do.contains("log"), "{what}: {to_do}");
    }
}

#[tokio::test]
async fn trouble_ends_when_a_whole_trial_passes_and_not_with_the_next_small_write() {
    let store = TestStore::sqlite().await;
    let app = TestApp::alone(&store, "what one node's watch sees").await;
    store.set_read_only(true).await;
    assert_eq!(small(&app).await, Err(CommitError::Full));
    // Nobody has looked yet: at most a second late.
    assert_eq!(app.shared().watched.store(), None);
    app.watch().await;
    assert!(app.shared().watched.store().is_some_and(|(what, _)| what.contains("full or read-only")));
    store.set_read_only(false).await;
    small(&app).await.unwrap();
    assert!(app.shared().watched.store().is_some(), "a small write fits on a disk that is full for larger ones");
    app.watch().await;
    assert_eq!(app.shared().watched.store(), None);
    // The trial leaves none of its weight.
    assert_eq!(setting::read(app.store(), TRIAL).await.unwrap(), Some(Vec::new()));
}

#[tokio::test]
async fn the_watch_sees_a_clock_that_jumps_and_one_that_agrees_again() {
    let store = TestStore::sqlite().await;
    let app = TestApp::alone(&store, "one node's clock").await;
    let (hour, drift) = (Span::from_hours(1), Span::from_seconds(3));
    for (off, what, back) in [
        (hour, Some("jumped ahead"), Span::from_hours(-1)),
        (Span::from_hours(-1), Some("behind a moment already seen"), hour),
        (drift, None, Span::from_seconds(-3)),
    ] {
        app.jump(off);
        app.watch().await;
        let seen = *app.shared().watched.clock.lock().unwrap();
        assert_eq!((seen.wrong.map(|(what, _)| what), seen.drifts), (what, true));
        app.jump(back);
        app.watch().await;
        assert_eq!(*app.shared().watched.clock.lock().unwrap(), Seen::default());
    }
}

#[tokio::test]
async fn readiness_does_not_wait_for_a_store_that_is_silent() {
    let silent = std::future::pending::<Result<(), String>>();
    assert_eq!(answer(silent).await, None);
    assert_eq!(answer(async { Err::<(), _>("no") }).await, None);
    assert_eq!(answer(async { Ok::<_, String>(7) }).await, Some(7));
}
