//! `/health/live` and `/health/ready`. A test's clock is not that of its PostgreSQL server, so a node on one is never
//! ready here; what it says then is asked for too.

use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_store::testing::TestStore;
use serde_json::Value;

use crate::attempt::{password, text};

/// What a store that cannot be written does to everyone, and what it leaves alone.
async fn nothing_is_granted(app: &TestApp, refresh_token: &Value) {
    let refused = crate::http::behind::refresh(app, refresh_token).await;
    assert_eq!((refused.status.as_u16(), refused.refusal()), (503, "unavailable"));
    assert!(refused.headers.contains_key("retry-after"));
    assert!(!text(&refused.body, "reference").is_empty());
    assert_eq!(password(app, "ada", "wrong").await.status, 503);
    app.watch().await;
    let unready = app.get("/health/ready").await;
    assert_eq!((unready.status.as_u16(), text(&unready.body, "status")), (503, "unready".to_owned()));
    assert_eq!(unready.body["store"], "cannot be written: its disk is full or read-only");
    assert!(unready.body["to_do"][0].as_str().unwrap().contains("Free space"), "{}", unready.body);
    for path in ["/health/live", "/.well-known/jwks.json", "/status/1"] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
}

/// It goes on by itself.
async fn all_is_well(app: &TestApp, refresh_token: &Value) {
    app.watch().await;
    let ready = app.get("/health/ready").await;
    assert_eq!((ready.status.as_u16(), &ready.body["store"], ready.body.get("to_do")), (200, &"ok".into(), None));
    crate::http::behind::refresh(app, refresh_token).await.ok();
    assert_eq!(password(app, "ada", "wrong").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_aud_07_a_read_only_disk_grants_nothing_and_recovers() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let ada = app.enrol("ada", &[]).await;
    store.set_read_only(true).await;
    nothing_is_granted(&app, &ada.tokens["refresh_token"]).await;
    store.set_read_only(false).await;
    all_is_well(&app, &ada.tokens["refresh_token"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_aud_07_a_full_disk_grants_nothing_and_recovers() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let ada = app.enrol("ada", &[]).await;
    // Fewer than there are already: not one more page is had.
    store.limit_pages(1).await;
    // Pages with room left take small writes for a while, and these are kept like any other.
    while password(&app, "nobody", "x").await.status != 503 {
        app.advance(crate::attempt::AFTER_ANY_DELAY);
    }
    app.watch().await;
    let unready = app.get("/health/ready").await;
    assert_eq!((unready.status.as_u16(), unready.body["store"].as_str().unwrap().contains("full")), (503, true));
    store.limit_pages(0).await;
    app.watch().await;
    assert_eq!(app.get("/health/ready").await.status, 200);
    let login = app.password_step(&ada).await;
    crate::attempt::totp(&app, &login, &app.code(&ada.totp_uri)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_10_a_node_and_its_database_that_differ_by_over_two_seconds_are_not_ready() {
    let store = TestStore::postgres().await;
    let database = store.database_time().await.unwrap().unwrap();
    let app = TestApp::with(&store, |settings| settings.begin = database).await;
    for (millis, agrees) in [(0, true), (-3_500, false), (3_500, true)] {
        app.jump(Span::from_millis(millis));
        let ready = app.get("/health/ready").await;
        let clock = text(&ready.body, "clock");
        assert_eq!((ready.status == 200, clock == "ok"), (agrees, agrees), "{millis} ms: {clock}");
        assert!(agrees || clock.contains("differs from the database's"), "{clock}");
    }
}

on_both! {
    async fn ready_says_what_is_wrong(store) {
        let app = TestApp::on(&store).await;
        let ready = app.get("/health/ready").await;
        let (status, word) = if store.is_postgres() { (503, "unready") } else { (200, "ready") };
        assert_eq!((ready.status.as_u16(), &ready.body["status"]), (status, &word.into()));
        let ready = ready.body;
        assert_eq!(ready["store"], "ok");
        assert!(!ready.to_string().contains(env!("CARGO_PKG_VERSION")), "ops_06: no version");
    }

    async fn ops_10_a_clock_that_fell_back_is_not_ready_and_issues_nothing(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        app.jump(Span::from_seconds(-60));
        let unready = app.get("/health/ready").await;
        assert_eq!((unready.status.as_u16(), &unready.body["status"]), (503, &"unready".into()));
        assert_eq!(app.get("/health/live").await.status, 200);
        let token = &ada.tokens["refresh_token"];
        let refused = crate::http::behind::refresh(&app, token).await;
        assert_eq!((refused.status.as_u16(), refused.refusal()), (503, "clock"));
        assert_eq!(app.get("/status/1").await.status, 503);
        app.jump(Span::from_seconds(60));
        crate::http::behind::refresh(&app, token).await.ok();
        assert_eq!(app.get("/health/ready").await.body["clock"] == "ok", !store.is_postgres());
    }

    async fn a_list_that_was_signed_is_shown_on_while_the_store_is_away_but_not_past_its_end(store) {
        let app = TestApp::alone(&store, "a node shows what it signed itself").await;
        app.enrol("ada", &[]).await;
        let list = app.get("/status/1").await;
        assert_eq!(list.status, 200);
        store.close().await;
        app.advance(Span::from_minutes(50));
        let again = app.get("/status/1").await;
        assert_eq!((again.status.as_u16(), again.body), (200, list.body));
        app.advance(Span::from_minutes(10));
        let late = app.get("/status/1").await;
        assert_eq!((late.status.as_u16(), late.refusal()), (503, "unavailable"));
        // One that was never signed is not made up.
        assert_eq!(app.get("/status/2").await.status, 503);
    }

    async fn a_closed_store_is_not_ready_and_the_process_lives(store) {
        let app = TestApp::on(&store).await;
        store.close().await;
        let unready = app.get("/health/ready").await;
        assert_eq!((unready.status.as_u16(), &unready.body["store"]), (503, &"does not answer".into()));
        assert_eq!(app.get("/health/live").await.status, 200);
    }
}
