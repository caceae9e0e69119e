//! That a job outlives its failures and ends with the server, and what a sweep leaves alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::testing::TestStore;
use poundlock_store::{on_both, setting};
use serde_json::json;
use tokio::sync::{Notify, mpsc, watch};

use super::*;
use crate::testing::{BEGIN, TestApp};

const HOURS: Duration = Duration::from_secs(24 * 3_600);

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("it hangs")
}

/// The clock's mark in the store.
async fn mark(app: &TestApp) -> Option<i64> {
    let stored = setting::read(app.store(), "clock.mark").await.unwrap();
    stored.map(|bytes| i64::from_be_bytes(bytes.try_into().unwrap()))
}

#[tokio::test]
async fn a_job_goes_on_after_a_failure_and_ends_on_stop() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let (stop, stopped) = watch::channel(false);
    let (ran, mut runs) = mpsc::unbounded_channel();
    let work = move |_| {
        let ran = ran.clone();
        async move {
            ran.send(()).unwrap();
            anyhow::bail!("the disk is full")
        }
    };
    let job = tokio::spawn(every(Duration::from_millis(1), stopped, SharedApp::clone(app.shared()), work));
    for _ in 0..3 {
        within(runs.recv()).await.unwrap();
    }
    stop.send(true).unwrap();
    within(job).await.unwrap();
}

#[tokio::test]
async fn a_job_runs_at_once_and_does_not_wait_out_its_period_at_the_end() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    for says_goodbye in [true, false] {
        let (stop, stopped) = watch::channel(false);
        let (ran, mut runs) = mpsc::unbounded_channel();
        let work = move |_| {
            let ran = ran.clone();
            async move { Ok(ran.send(())?) }
        };
        let job = tokio::spawn(every(HOURS, stopped, SharedApp::clone(app.shared()), work));
        within(runs.recv()).await.unwrap();
        if says_goodbye {
            stop.send(true).unwrap();
        }
        drop(stop);
        within(job).await.unwrap();
        assert!(runs.recv().await.is_none(), "once");
    }
}

#[tokio::test]
async fn work_under_way_is_finished_before_the_end() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let (stop, stopped) = watch::channel(false);
    let (begun, release, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let parts = (Arc::clone(&begun), Arc::clone(&release), Arc::clone(&done));
    let work = move |_| {
        let (begun, release, done) = parts.clone();
        async move {
            begun.notify_one();
            release.notified().await;
            done.store(true, Ordering::SeqCst);
            Ok(())
        }
    };
    let job = tokio::spawn(every(HOURS, stopped, SharedApp::clone(app.shared()), work));
    within(begun.notified()).await;
    stop.send(true).unwrap();
    tokio::task::yield_now().await;
    assert!(!job.is_finished());
    release.notify_one();
    within(job).await.unwrap();
    assert!(done.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_ends_with_the_server() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let (stop, stopped) = watch::channel(false);
    let mut jobs = start(app.shared(), &stopped);
    assert_eq!(jobs.len(), 9);
    stop.send(true).unwrap();
    while let Some(ended) = within(jobs.join_next()).await {
        ended.unwrap();
    }
}

on_both! {
    async fn ops_10_a_sweep_stores_the_clocks_mark_and_never_an_earlier_one(store) {
        let app = TestApp::on(&store).await;
        app.advance(Span::from_hours(1));
        app.sweep().await;
        let stored = mark(&app).await.unwrap();
        assert_eq!(stored, app.now().millis());
        // Another node was further on.
        let mut batch = poundlock_store::Batch::new();
        setting::put(&mut batch, "clock.mark", &(stored + 3_000).to_be_bytes());
        store.commit(batch).await.unwrap();
        app.advance(Span::from_seconds(2));
        app.sweep().await;
        assert_eq!(mark(&app).await, Some(stored + 3_000));
        app.advance(Span::from_seconds(2));
        app.sweep().await;
        assert_eq!(mark(&app).await, Some(stored + 4_000));
    }

    async fn ops_10_a_clock_that_cannot_be_trusted_sweeps_nothing(store) {
        let app = TestApp::on(&store).await;
        let invite = app.admin(http::Method::POST, "/v1/admin/invites", Some(&json!({ "name": "ada" }))).await.ok();
        app.sweep().await;
        let before = mark(&app).await;
        app.jump(Span::from_hours(24 * 365));
        app.sweep().await;
        keys::turn_and_load(SharedApp::clone(app.shared())).await.unwrap();
        app.jump(Span::from_hours(-24 * 365));
        assert_eq!(mark(&app).await, before);
        let accept = json!({ "invite": invite["invite"], "password": "a phrase of five odd words" });
        app.post("/v1/invite/accept", &accept).await.ok();
    }

    async fn thr_01_no_sweep_gives_an_account_its_attempts_back(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let wrong = json!({ "name": ada.name, "password": "wrong" });
        for _ in 0..3 {
            app.post("/v1/login", &wrong).await;
        }
        let before = app.tried("ada", Guessable::Password).await;
        assert!(before.strangers > 0);
        for _ in 0..3 {
            app.advance(Span::from_hours(24 * 100));
            app.sweep().await;
        }
        assert_eq!(app.tried("ada", Guessable::Password).await, before);
    }

    async fn a_turn_that_finds_nothing_due_changes_nothing(store) {
        let app = TestApp::on(&store).await;
        let stored = async || poundlock_store::key::signing_keys(&store).await.unwrap().into_iter().map(|row| (row.kid, row.state)).collect::<Vec<_>>();
        let before = stored().await;
        let records = app.newest_records(500).await.len();
        for _ in 0..2 {
            keys::turn_and_load(SharedApp::clone(app.shared())).await.unwrap();
        }
        assert_eq!(stored().await, before);
        assert_eq!(app.newest_records(500).await.len(), records, "and says nothing");
        assert!(app.now() > BEGIN);
    }
}
