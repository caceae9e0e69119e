//! `/v1/admin/keys/master`.

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_core::seal::MasterKey;
use poundlock_core::testing::SeededRng;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::{read, recorded, refresh, send};

async fn rotate(app: &TestApp, new: &MasterKey) -> poundlock::testing::Reply {
    send(app, Method::POST, "keys/master", &json!({ "new_key": *new.to_hex() })).await
}

on_both! {
    async fn car_03_a_new_master_key_costs_no_login_counter_or_session(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        let under_way = app.password_step(&ada).await;
        for _ in 0..3 {
            app.post("/v1/login/totp", &json!({ "login": under_way, "code": "000000" })).await;
        }
        let tried = |shown: &Value| shown["attempts"][2]["tried"].as_i64().unwrap();
        assert_eq!(tried(&read(&app, "users/ada").await), 3);
        let new = MasterKey::random(&SeededRng::new(99));
        let names = rotate(&app, &new).await.ok();
        assert_eq!(names, json!({ "old": TestApp::master().fingerprint(), "new": new.fingerprint() }));
        let record = recorded(&app, "master.rotated").await;
        assert!(!record.canonical().contains(&**new.to_hex()));
        // Here the running node goes on; there a restart needs the new key.
        let refused = app.restart(TestApp::master()).await.err().unwrap().to_string();
        assert!(refused.contains(&TestApp::master().fingerprint()) && refused.contains("does not open"), "{refused}");
        let restarted = app.restart(new).await.unwrap();
        for node in [&app, &restarted] {
            assert_eq!(tried(&read(node, "users/ada").await), 3);
        }
        let step = json!({ "login": under_way, "code": app.code(&ada.totp_uri) });
        let tokens = restarted.post("/v1/login/totp", &step).await.ok();
        let tokens = refresh(&app, &tokens).await.ok();
        refresh(&restarted, &tokens).await.ok();
        refresh(&app, &ada.tokens).await.ok();
    }

    async fn a_running_node_rotates_twice_and_a_stale_one_refuses(store) {
        let app = TestApp::alone(&store, "the node that did not rotate refuses to").await;
        let stale = app.again().await;
        let keys = [7, 8, 9].map(|seed| MasterKey::random(&SeededRng::new(seed)));
        assert_eq!(rotate(&app, &keys[0]).await.refusal(), "conflict", "it is the present one");
        rotate(&app, &keys[1]).await.ok();
        assert_eq!(rotate(&stale, &keys[2]).await.refusal(), "conflict");
        rotate(&app, &keys[2]).await.ok();
        app.restart(keys[2].clone()).await.unwrap();
        for bad in ["", "abc", "not hexadecimal"] {
            let reply = send(&app, Method::POST, "keys/master", &json!({ "new_key": bad })).await;
            assert_eq!(reply.refusal(), "unusable");
        }
    }

    async fn of_sixteen_rotations_at_once_one_key_is_the_masters(store) {
        let app = TestApp::on(&store).await;
        let keys: Vec<MasterKey> = (100..116).map(|seed| MasterKey::random(&SeededRng::new(seed))).collect();
        let replies = futures_util::future::join_all(keys.iter().map(|key| rotate(&app, key))).await;
        assert!(replies.iter().any(|reply| reply.status.is_success()));
        let mut open = 0;
        for key in &keys {
            open += u32::from(app.restart(key.clone()).await.is_ok());
        }
        assert_eq!(open, 1);
    }
}
