//! Sessions and known devices, as an administrator ends them.

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

use super::{act, read, recorded, refresh, shown_as_ended};

on_both! {
    async fn ses_05_one_session_ends_and_the_others_go_on(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        let second = app.log_in(&ada, None).await;
        let listed = read(&app, "users/ada/sessions").await;
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 2);
        assert!(!listed.to_string().contains("sealed"));
        let path = format!("sessions/{}", second["session"].as_str().unwrap());
        act(&app, Method::DELETE, &path).await.ok();
        assert!(recorded(&app, "session.ended").await.session().is_some());
        assert_eq!(refresh(&app, &second).await.refusal(), "session_ended");
        assert!(shown_as_ended(&app, &second).await);
        assert!(!shown_as_ended(&app, &ada.tokens).await);
        refresh(&app, &ada.tokens).await.ok();
        assert_eq!(act(&app, Method::DELETE, &path).await.refusal(), "conflict");
        assert_eq!(act(&app, Method::DELETE, "sessions/ses_00000000000000000000000000000000").await.refusal(), "missing");
        assert_eq!(act(&app, Method::DELETE, "sessions/usr_1").await.refusal(), "bad_request");
    }

    async fn ses_05_all_of_one_user_or_of_everyone(store) {
        let app = TestApp::on(&store).await;
        let (ada, bob) = (app.enrol("ada", &["admins"]).await, app.enrol("bob", &[]).await);
        let under_way = app.password_step(&ada).await;
        act(&app, Method::DELETE, "users/ada/sessions").await.ok();
        recorded(&app, "session.ended").await;
        assert_eq!(refresh(&app, &ada.tokens).await.refusal(), "session_ended");
        let step = json!({ "login": under_way, "code": app.code(&ada.totp_uri) });
        assert_eq!(app.post("/v1/login/totp", &step).await.refusal(), "gone");
        let bobs = refresh(&app, &bob.tokens).await.ok();
        let adas = app.log_in(&ada, None).await;
        act(&app, Method::DELETE, "sessions").await.ok();
        for tokens in [&bobs, &adas] {
            assert_eq!(refresh(&app, tokens).await.refusal(), "session_ended");
            assert!(shown_as_ended(&app, tokens).await);
        }
        app.log_in(&bob, None).await;
    }

    async fn c_4_a_revoked_device_is_a_stranger(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        let bob = app.enrol("bob", &[]).await;
        let id = read(&app, "users/ada/devices").await["devices"][0]["id"].as_str().unwrap().to_owned();
        let of_another = format!("users/bob/devices/{id}");
        assert_eq!(act(&app, Method::DELETE, &of_another).await.refusal(), "missing");
        act(&app, Method::DELETE, &format!("users/ada/devices/{id}")).await.ok();
        recorded(&app, "device.revoked").await;
        assert!(read(&app, "users/ada/devices").await["devices"][0]["revoked_at"].is_i64());
        assert_eq!(act(&app, Method::DELETE, &format!("users/ada/devices/{id}")).await.refusal(), "missing");
        // A wrong try with it counts against strangers now.
        let body = json!({ "name": "ada", "password": "wrong wrong wrong", "device": ada.tokens["device"] });
        assert_eq!(app.post("/v1/login", &body).await.refusal(), "credentials");
        assert_eq!(read(&app, "users/ada").await["attempts"][0]["tried"], 1);
        app.log_in(&bob, None).await;
    }
}
