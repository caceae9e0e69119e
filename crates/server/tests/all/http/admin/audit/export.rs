//! What leaves the server can be checked without it.

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use super::{check, explained, last_checkpoint, seal_and_sign, state, wrong_password};

on_both! {
    async fn aud_06_an_export_of_a_real_run_verifies(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        for _ in 0..4 {
            app.log_in(&ada, None).await;
            wrong_password(&app, "no\r\nbo\u{1b}[2Jdy").await;
            seal_and_sign(&app).await;
        }
        wrong_password(&app, "after the last checkpoint").await;
        app.seal().await;
        wrong_password(&app, "not linked").await;
        let export = app.export().await.unwrap();
        let report = check(&export, Some(&last_checkpoint(&app).await));
        assert!(report.holds(), "{report}");
        assert_eq!((report.checkpoints, report.unsealed, report.waiting), (4, 1, 1));
        assert_eq!(report.key.unwrap().to_string(), state(&app).await["key"].as_str().unwrap());
        assert!(export.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)), "AUD-04");
        assert_eq!(export.lines().count() as u64, report.records + report.checkpoints + 2);
    }

    async fn aud_06_the_key_is_the_stores_and_not_the_nodes(store) {
        let one = TestApp::on(&store).await;
        let (two, three) = (one.again().await, one.restarted().await);
        let key = state(&one).await["key"].clone();
        assert_eq!(state(&two).await["key"], key);
        assert_eq!(state(&three).await["key"], key);
    }

    async fn t_38_a_deleted_user_leaves_a_log_that_verifies_and_names_nobody(store) {
        let app = TestApp::on(&store).await;
        app.enrol("root", &["admins"]).await;
        // No name that hexadecimal digits could spell: ids would hold it by chance.
        let zoe = app.enrol("zoe", &[]).await;
        app.log_in(&zoe, None).await;
        seal_and_sign(&app).await;
        let trusted = last_checkpoint(&app).await;
        let about: Vec<String> = {
            let records = app.records().await;
            let last = records.iter().rev().find_map(poundlock_core::audit::Record::user);
            records.iter().filter(|r| r.user() == last).map(|r| r.id().to_string()).collect()
        };
        assert!(about.len() >= 5);
        for reference in &about {
            assert_eq!(explained(&app, reference).await["personal"]["name"], "zoe");
        }
        let gone = app.admin(Method::DELETE, "/v1/admin/users/zoe", None).await;
        assert!(gone.status.is_success(), "{}", gone.body);
        for reference in &about {
            let told = explained(&app, reference).await;
            assert_eq!((&told["personal_state"], &told["personal"]), (&json!("erased"), &json!(null)));
            assert!(!told.to_string().contains("zoe") && !told.to_string().contains("127.0.0.1"), "{told}");
        }
        app.finish().await;
        let report = check(&app.export().await.unwrap(), Some(&trusted));
        assert!(report.holds(), "{report}");
    }

    async fn the_tail_is_told_oldest_first_and_is_bounded(store) {
        let app = TestApp::on(&store).await;
        for name in ["a", "b", "c"] {
            app.advance(Span::from_seconds(1));
            wrong_password(&app, name).await;
        }
        let tail = app.admin(Method::GET, "/v1/admin/audit/records?limit=2", None).await.ok();
        let at = |n: usize| tail["records"][n]["at"].as_str().unwrap().to_owned();
        assert_eq!(tail["records"].as_array().unwrap().len(), 2);
        assert!(at(0) < at(1));
        for limit in ["0", "1001", "x"] {
            let reply = app.admin(Method::GET, &format!("/v1/admin/audit/records?limit={limit}"), None).await;
            assert!(reply.status.is_client_error(), "{limit}");
        }
    }
}
