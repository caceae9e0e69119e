//! The two channels: what was begun on a page is completed on a page, what was begun through the API through the API.

use http::Method;
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

use super::browser::{Browser, shows};
use crate::attempt::text;

on_both! {
    async fn mfa_02_the_cookie_of_a_page_is_no_handle_of_the_api(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let handle = browser.cookie("login_");
        let code = app.code(&ada.totp_uri);
        for (path, body) in [
            ("/v1/login/totp", json!({ "login": handle, "code": code })),
            ("/v1/login/recovery-code", json!({ "login": handle, "code": ada.recovery_codes[0] })),
            ("/v1/login/enrol/totp", json!({ "login": handle })),
            ("/v1/login/enrol/totp/confirm", json!({ "login": handle, "code": code })),
        ] {
            assert_eq!(app.post(path, &body).await.refusal(), "gone", "{path}");
        }
        browser.code(&ada).await;
        assert_eq!(browser.at, "/account", "and nothing of it was used up");
    }

    async fn mfa_02_a_handle_of_the_api_is_no_cookie_of_a_page(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let id = browser.at.rsplit('/').next().unwrap().to_owned();
        let handle = app.password_step(&ada).await;
        // Under its own id, which the handle holds, and under that of a login of the page.
        let own = id_of(&handle);
        let code = app.code(&ada.totp_uri);
        for id in [own.as_str(), &id] {
            browser.cookies.insert(format!("__Host-pl_login_{id}_8080"), handle.clone());
            shows(&browser.submit(&format!("/sign-in/{id}/totp"), &[("code", &code)]).await, 410, "This is over");
            let recovery = [("recovery_code", ada.recovery_codes[0].as_str())];
            browser.go("/sign-in").await;
            shows(&browser.submit(&format!("/sign-in/{id}/recovery-code"), &recovery).await, 410, "This is over");
            browser.go("/sign-in").await;
        }
        assert_eq!(app.post("/v1/login/totp", &json!({ "login": handle, "code": code })).await.status, 200);
    }

    /// T-26: what opens one thing opens nothing else.
    async fn t_26_a_session_cookie_is_no_token_and_a_token_no_cookie(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.sign_in(&ada).await;
        let cookie = browser.cookie("session");
        assert_eq!(app.bearer(Method::GET, "/v1/account", None, &cookie).await.refusal(), "unauthenticated");
        let refresh = json!({ "refresh_token": cookie });
        assert_eq!(app.post("/v1/session/refresh", &refresh).await.refusal(), "bad_refresh");
        let line = format!("__Host-pl_session_8080={cookie}");
        let lone = app.send(Method::GET, "/v1/account", None, &[("cookie", &line)]).await;
        assert_eq!(lone.refusal(), "unauthenticated", "the API reads no cookie");
        let session = browser.cookies.keys().find(|name| name.contains("session")).unwrap().clone();
        let account = app.log_in(&ada, Some(crate::attempt::ACCOUNT)).await;
        let others = ["access_token", "refresh_token", "device"].map(|name| text(&account, name));
        for other in others.iter().chain([&browser.cookie("form"), &cookie[..cookie.len() - 2].to_owned(), &String::new()]) {
            let mut thief = Browser::on(&app);
            thief.cookies.insert(session.clone(), other.clone());
            thief.go("/account").await;
            assert_eq!(thief.path(), "/sign-in", "{other}");
        }
    }

    async fn mfa_01_a_session_needs_both_factors_on_pages_too(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let at = browser.at.clone();
        assert!(!browser.has("session") && !browser.has("device"));
        // Another step, and pages behind it, are no way round.
        shows(&browser.submit(&at, &[("kind", "totp")]).await, 409, "This is not the next step");
        for path in ["/account", "/account/codes", "/account/password/new"] {
            browser.go(path).await;
            assert_eq!(browser.path(), "/sign-in", "{path}");
        }
    }
}

/// The id in a handle: its first sixteen bytes.
fn id_of(handle: &str) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(handle.strip_prefix("pll_").unwrap()).unwrap();
    bytes[..16].iter().fold("lgn_".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}
