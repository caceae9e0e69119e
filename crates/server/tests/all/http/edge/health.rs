//! `/health/live` and `/health/ready`. A test's clock is not that of its PostgreSQL server, so a node on one is never
//! ready here; what it says then is asked for too.

use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;

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

    async fn a_closed_store_is_not_ready_and_the_process_lives(store) {
        let app = TestApp::on(&store).await;
        store.close().await;
        let unready = app.get("/health/ready").await;
        assert_eq!((unready.status.as_u16(), &unready.body["store"]), (503, &"does not answer".into()));
        assert_eq!(app.get("/health/live").await.status, 200);
    }
}
