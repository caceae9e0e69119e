//! The main path: invite, enrol, log in, refresh.

use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

on_both! {
    async fn mfa_01_tokens_come_after_two_factors(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        let asked = app.post("/v1/login", &json!({ "name": "Ada", "password": ada.password })).await.ok();
        assert!(asked.get("access_token").is_none() && asked.get("refresh_token").is_none());
        assert_eq!(asked["state"], "second_factor");
        let code = app.code(&ada.totp_uri);
        let tokens = app.post("/v1/login/totp", &json!({ "login": asked["login"], "code": code })).await.ok();
        let refreshed = app.post("/v1/session/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).await.ok();
        assert_eq!(refreshed["session"], tokens["session"]);
        assert_ne!(refreshed["refresh_token"], tokens["refresh_token"]);
    }
}
