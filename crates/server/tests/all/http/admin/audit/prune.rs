//! A prune cuts at a checkpoint, says so in the log, and what is left still verifies.

use axum::http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_core::audit::{Event, Key, utc};
use poundlock_core::time::Span;
use poundlock_store::{audit, on_both};
use serde_json::json;

use super::{check, explained, last_checkpoint, seal_and_sign, wrong_password};

async fn prune(app: &TestApp, before: &str) -> Reply {
    app.admin(Method::POST, "/v1/admin/audit/prune", Some(&json!({ "before": before }))).await
}

on_both! {
    async fn aud_05_a_pruned_log_begins_at_a_checkpoint_and_still_verifies(store) {
        let app = TestApp::on(&store).await;
        for name in ["a", "b", "c"] {
            wrong_password(&app, name).await;
            seal_and_sign(&app).await;
        }
        let (old, all) = (app.records().await, app.records().await.len());
        let trusted = last_checkpoint(&app).await;
        let pruned = prune(&app, &utc(app.now() - Span::from_seconds(70))).await.ok();
        assert_eq!((&pruned["checkpoint"], &pruned["records"]), (&json!(2), &json!(3)));
        let records = app.records().await;
        assert_eq!(records.len(), all - 3 + 1);
        let said = records.last().unwrap();
        assert_eq!((said.event(), said.detail(Key::Ended).unwrap().number()), (Event::AuditPruned, Some(3)));
        assert_eq!(said.detail(Key::Target).unwrap().number(), Some(2));
        let gone = app.admin(Method::GET, &format!("/v1/admin/audit/records/{}", old[0].id()), None).await;
        assert_eq!(gone.refusal(), "not_found");

        seal_and_sign(&app).await;
        let report = check(&app.export().await.unwrap(), Some(&trusted));
        assert!(report.holds(), "{report}");
        assert_eq!((report.records, report.checkpoints, report.waiting), (2, 2, 0));
        assert!(report.begins_at.is_some());
        // At the very end of the log, and once more: the chains go on.
        prune(&app, &utc(app.now())).await.ok();
        wrong_password(&app, "d").await;
        seal_and_sign(&app).await;
        let report = check(&app.export().await.unwrap(), Some(&last_checkpoint(&app).await));
        assert!(report.holds(), "{report}");
        assert_eq!(report.records, 2, "the prune and the refusal");
    }

    async fn aud_05_a_prune_without_a_checkpoint_or_in_the_future_is_refused(store) {
        let app = TestApp::on(&store).await;
        wrong_password(&app, "a").await;
        app.seal().await;
        let before = app.records().await.len();
        for (moment, code) in [
            (utc(app.now()), "unusable"),
            (utc(app.now() + Span::from_seconds(1)), "unusable"),
            ("last week".to_owned(), "bad_request"),
        ] {
            assert_eq!(prune(&app, &moment).await.refusal(), code, "{moment}");
        }
        seal_and_sign(&app).await;
        prune(&app, &utc(app.now())).await.ok();
        assert_eq!(prune(&app, &utc(app.now())).await.refusal(), "unusable", "the log begins there already");
        assert_eq!(app.records().await.len(), 1, "of {before}, only the prune itself is left");
    }

    async fn aud_08_the_keys_of_pruned_months_are_destroyed(store) {
        let app = TestApp::on(&store).await;
        let refused = wrong_password(&app, "nobody").await;
        let reference = refused.body["reference"].as_str().unwrap();
        assert_eq!(explained(&app, reference).await["personal"]["source"], "127.0.0.1");
        seal_and_sign(&app).await;
        app.advance(Span::from_hours(24 * 40));
        app.sweep().await;
        wrong_password(&app, "nobody").await;
        seal_and_sign(&app).await;
        prune(&app, "2027-02-01").await.ok();
        assert!(audit::month_key(&store, "2027-01").await.unwrap().is_none());
        assert!(audit::month_key(&store, "2027-02").await.unwrap().is_some());
        let last = app.records().await.last().unwrap().id().to_string();
        assert_eq!(explained(&app, &last).await["personal_state"], "open");
    }

    async fn aud_08_the_key_of_the_next_month_is_there_before_it_begins(store) {
        let app = TestApp::on(&store).await;
        // 2027-01-31T23:59:59Z, and a second later with no job in between.
        app.advance(Span::from_seconds(((16 * 24 + 15) * 60 + 59) * 60 + 59));
        app.sweep().await;
        app.advance(Span::from_seconds(1));
        let refused = wrong_password(&app, "nobody").await;
        let told = explained(&app, refused.body["reference"].as_str().unwrap()).await;
        assert_eq!(told["at"], "2027-02-01T00:00:00.001Z");
        assert_eq!(told["personal_state"], "open");
    }
}
