//! `/v1/admin/users`.

use axum::http::{Method, StatusCode};
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

use super::{act, read, recorded, refresh, shown_as_ended};

on_both! {
    async fn users_are_listed_by_page_and_shown_by_any_spelling(store) {
        let app = TestApp::on(&store).await;
        for name in ["ada", "bob", "cyd"] {
            app.enrol(name, &["admins"]).await;
        }
        let first = read(&app, "users?limit=2").await;
        assert_eq!(first["users"].as_array().unwrap().len(), 2);
        let rest = read(&app, &format!("users?limit=2&after={}", first["next"].as_str().unwrap())).await;
        assert_eq!((rest["users"][0]["name"].as_str(), &rest["next"]), (Some("cyd"), &json!(null)));
        let id = first["users"][0]["id"].as_str().unwrap().to_owned();
        for spelling in ["ada", "ADA", &id] {
            let shown = read(&app, &format!("users/{spelling}")).await;
            assert_eq!((shown["id"].as_str(), shown["factors"].as_array().unwrap().len()), (Some(&*id), 1));
            assert_eq!(shown["recovery_codes_left"], 10);
            assert_eq!(shown["attempts"].as_array().unwrap().len(), 4);
            assert!(!shown.to_string().contains("password\":\""), "{shown}");
        }
        for nobody in ["eve", "two%20words", "usr_00000000000000000000000000000000"] {
            let reply = act(&app, Method::GET, &format!("users/{nobody}")).await;
            assert_eq!((reply.status, reply.refusal()), (StatusCode::NOT_FOUND, "missing"), "{nobody}");
        }
        for bad in ["users?limit=many", "users?after=ada", "users?before=x"] {
            assert_eq!(act(&app, Method::GET, bad).await.refusal(), "bad_request", "{bad}");
        }
    }

    async fn t_34_a_disabled_user_has_no_session_refresh_or_login_left(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &["admins"]).await;
        let bob = app.enrol("bob", &[]).await;
        let under_way = app.password_step(&bob).await;
        assert!(!shown_as_ended(&app, &bob.tokens).await);
        act(&app, Method::POST, "users/bob/disable").await.ok();
        assert!(recorded(&app, "user.disabled").await.user().is_some());
        assert_eq!(refresh(&app, &bob.tokens).await.refusal(), "session_ended");
        assert!(shown_as_ended(&app, &bob.tokens).await);
        let step = json!({ "login": under_way, "code": app.code(&bob.totp_uri) });
        assert_eq!(app.post("/v1/login/totp", &step).await.refusal(), "gone");
        let body = json!({ "name": "bob", "password": bob.password });
        assert_eq!(app.post("/v1/login", &body).await.refusal(), "credentials");
        assert_eq!(act(&app, Method::POST, "users/bob/disable").await.refusal(), "conflict");
        act(&app, Method::POST, "users/bob/enable").await.ok();
        recorded(&app, "user.enabled").await;
        assert_eq!(act(&app, Method::POST, "users/bob/enable").await.refusal(), "conflict");
        assert_eq!(refresh(&app, &bob.tokens).await.refusal(), "session_ended");
        app.log_in(&bob, None).await;
    }

    async fn t_34_a_deleted_user_is_dead_at_once_and_stays_in_the_status_list(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &["admins"]).await;
        let bob = app.enrol("bob", &[]).await;
        act(&app, Method::DELETE, "users/bob").await.ok();
        recorded(&app, "user.deleted").await;
        assert!(!refresh(&app, &bob.tokens).await.status.is_success());
        assert!(shown_as_ended(&app, &bob.tokens).await);
        app.sweep().await;
        app.take_over_changes().await;
        assert!(shown_as_ended(&app, &bob.tokens).await);
        assert_eq!(act(&app, Method::GET, "users/bob").await.refusal(), "missing");
        assert_eq!(act(&app, Method::DELETE, "users/bob").await.refusal(), "missing");
        let again = app.enrol("bob", &[]).await;
        app.log_in(&again, None).await;
    }

    async fn thr_04_an_unlock_refills_every_budget(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        let wrong = json!({ "name": "ada", "password": "never the right phrase" });
        let mut last = String::new();
        for _ in 0..8 {
            last = app.post("/v1/login", &wrong).await.refusal().to_owned();
        }
        assert_eq!(last, "too_many_attempts");
        let tried = |shown: &serde_json::Value| shown["attempts"][0]["tried"].as_i64().unwrap();
        assert_eq!(tried(&read(&app, "users/ada").await), 6);
        act(&app, Method::POST, "users/ada/unlock").await.ok();
        recorded(&app, "user.unlocked").await;
        assert_eq!(tried(&read(&app, "users/ada").await), 0);
        app.log_in(&ada, None).await;
        assert_eq!(act(&app, Method::POST, "users/eve/unlock").await.refusal(), "missing");
    }

    async fn two_who_disable_one_user_at_once_do_not_both_win(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &["admins"]).await;
        app.enrol("bob", &[]).await;
        let all = (0..16).map(|_| act(&app, Method::POST, "users/bob/disable"));
        let replies = futures_util::future::join_all(all).await;
        assert_eq!(replies.iter().filter(|reply| reply.status.is_success()).count(), 1);
        assert!(replies.iter().filter(|reply| !reply.status.is_success()).all(|reply| reply.refusal() == "conflict"));
    }
}
