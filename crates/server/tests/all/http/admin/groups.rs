//! `/v1/admin/users/{user}/groups/{group}`.

use axum::http::Method;
use poundlock::testing::TestApp;
use poundlock_core::audit::Key;
use poundlock_store::on_both;
use serde_json::json;

use super::{act, claims, read, recorded, refresh};

on_both! {
    async fn a_user_comes_and_goes_and_the_next_token_knows(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &["admins"]).await;
        let bob = app.enrol("bob", &[]).await;
        act(&app, Method::PUT, "users/bob/groups/admins").await.ok();
        assert_eq!(recorded(&app, "admin.changed").await.detail(Key::New).map(ToString::to_string).as_deref(), Some("admins"));
        assert_eq!(act(&app, Method::PUT, "users/bob/groups/admins").await.refusal(), "conflict");
        let tokens = refresh(&app, &bob.tokens).await.ok();
        assert_eq!(claims(&tokens)["groups"], json!(["admins"]));
        act(&app, Method::DELETE, "users/bob/groups/admins").await.ok();
        let tokens = refresh(&app, &tokens).await.ok();
        assert_eq!(claims(&tokens).get("groups"), None);
        assert_eq!(act(&app, Method::DELETE, "users/bob/groups/admins").await.refusal(), "missing");
        act(&app, Method::PUT, "users/bob/groups/staff").await.ok();
        recorded(&app, "user.changed").await;
        assert_eq!(read(&app, "users/bob").await["groups"], json!(["staff"]));
        act(&app, Method::DELETE, "users/bob/groups/staff").await.ok();
        for bad in ["Staff", "a%20b", "%2e%2e%2F", &"x".repeat(65)] {
            assert_eq!(act(&app, Method::PUT, &format!("users/bob/groups/{bad}")).await.refusal(), "unusable", "{bad}");
        }
        assert_eq!(act(&app, Method::PUT, "users/eve/groups/staff").await.refusal(), "missing");
    }
}
