//! Where a sign-in leads: to a path of this server, or to the account (SES-12, T-27).

use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;

use super::browser::Browser;

/// What some reader takes for another place; more of them in the tests of `core::return_to`.
const ELSEWHERE: [&str; 14] = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/%2fevil.example",
    "/%5cevil.example",
    "/..//evil.example",
    "/a\r\nLocation: https://evil.example",
    "/\t/evil.example",
    "/@evil.example",
    "evil.example",
    "",
    "///evil.example",
];

async fn lands(browser: &mut Browser, user: &poundlock::testing::TestUser, field: &str, value: &str) -> String {
    browser.go("/sign-in").await;
    let fields = [("name", user.name.as_str()), ("password", &user.password), (field, value)];
    let at = browser.post("/sign-in", &fields).await.headers["location"].to_str().unwrap().to_owned();
    browser.go(&at).await;
    let code = browser.app.code(&user.totp_uri);
    let reply = browser.post(&format!("{at}/totp"), &[("code", &code)]).await;
    browser.app.advance(Span::from_seconds(30));
    reply.headers["location"].to_str().unwrap().to_owned()
}

on_both! {
    async fn ses_12_a_sign_in_leads_back_to_where_it_was_asked_for(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.go("/account/step-up?action=password.change").await;
        assert_eq!(browser.path(), "/sign-in");
        assert!(browser.page.contains("value=\"/account/step-up?action=password.change\""), "{}", browser.page);
        let to = lands(&mut browser, &ada, "return_to", "/account/step-up?action=password.change").await;
        assert_eq!(to, "/account/step-up?action=password.change");
        // Who is signed in goes there at once.
        browser.go("/sign-in?return_to=%2Fsign-out").await;
        assert_eq!(browser.at, "/sign-out");
    }

    async fn ses_12_t_27_it_leads_nowhere_else(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        for value in ELSEWHERE {
            let mut browser = Browser::on(&app);
            assert_eq!(lands(&mut browser, &ada, "return_to", value).await, "/account", "{value:?}");
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let reply = browser.send(http::Method::GET, &format!("/sign-in?return_to={encoded}"), &[], "").await;
            assert_eq!(reply.headers["location"], "/account", "{value:?}");
        }
    }

    async fn a_request_for_a_code_goes_on_by_its_name_alone(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        assert_eq!(lands(&mut browser, &ada, "request", "req-1_x.y~z").await, "/oauth/authorize/continue?request=req-1_x.y~z");
        for name in ["", "a b", "a&b=c", "a/../b", "a\r\nb", "#", "ä"] {
            let mut browser = Browser::on(&app);
            assert_eq!(lands(&mut browser, &ada, "request", name).await, "/account", "{name:?}");
        }
    }
}
