//! Two tabs, the back button, reload, a login that ran out, cookies that are refused, an address in another browser: each
//! leads to a page that says what happened and has a way on.

use http::Method;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;

use super::browser::{Browser, shows};

on_both! {
    async fn two_tabs_sign_in_without_disturbing_each_other(store) {
        let app = TestApp::on(&store).await;
        let (ada, bob) = (app.enrol("ada", &[]).await, app.enrol("bob", &[]).await);
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let (first, first_page) = (browser.at.clone(), browser.page.clone());
        browser.password(&bob).await;
        let (second, second_page) = (browser.at.clone(), browser.page.clone());
        assert_ne!(first, second);
        (browser.at, browser.page) = (first, first_page);
        browser.code(&ada).await;
        assert!(browser.page.contains("ada"), "{}", browser.page);
        // The page of the second tab was made before the first had signed in; its form still works.
        (browser.at, browser.page) = (second, second_page);
        browser.code(&bob).await;
        assert_eq!(browser.at, "/account");
        assert!(browser.page.contains("bob"), "{}", browser.page);
    }

    async fn back_and_reload_after_it_is_done_say_so_and_sign_nobody_out(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let (at, code) = (browser.at.clone(), app.code(&ada.totp_uri));
        let before = browser.clone();
        browser.code(&ada).await;
        let mut again = browser.clone();
        shows(&again.go(&at).await, 410, "This is over");
        assert!(again.page.contains("href=\"/sign-in\""), "a way on: {}", again.page);
        again.go("/sign-in").await;
        assert_eq!(again.at, "/account", "signed in all the time");
        // The form once more, with every cookie of then.
        let mut replayed = before;
        shows(&replayed.submit(&format!("{at}/totp"), &[("code", &code)]).await, 410, "This is over");
        browser.go("/account").await;
        assert_eq!(browser.at, "/account");
    }

    async fn a_login_that_ran_out_leads_back_to_its_beginning(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        app.advance(Span::from_minutes(10));
        let (at, code) = (browser.at.clone(), app.code(&ada.totp_uri));
        shows(&browser.submit(&format!("{at}/totp"), &[("code", &code)]).await, 410, "This is over");
        shows(&browser.go(&at).await, 410, "href=\"/sign-in\"");
    }

    async fn a_browser_that_keeps_no_cookies_is_told_so(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.keeps = false;
        browser.go("/sign-in").await;
        let fields = [("name", ada.name.as_str()), ("password", &ada.password)];
        shows(&browser.post("/sign-in", &fields).await, 403, "keeps no cookies");
        shows(&browser.go("/sign-in/lgn_00000000000000000000000000000001").await, 403, "keeps no cookies");
        let tried = app.tried("ada", poundlock_core::guard::Guessable::Password).await;
        assert_eq!(tried.strangers, 0, "nothing was tried");
    }

    /// SES-13: the address of a login, and even its own user's account, are not its secret.
    async fn ses_13_t_17_another_browser_cannot_go_on_with_a_login(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let at = browser.at.clone();
        let mut other = Browser::on(&app);
        other.go("/sign-in").await;
        shows(&other.go(&at).await, 410, "This is over");
        other.go("/sign-in").await;
        let code = app.code(&ada.totp_uri);
        shows(&other.submit(&format!("{at}/totp"), &[("code", &code)]).await, 410, "This is over");
        // Nor with a login of its own under that address.
        other.password(&ada).await;
        let own = other.cookies.iter().find(|(name, _)| name.contains("login_")).unwrap().1.clone();
        let id = at.rsplit('/').next().unwrap();
        other.cookies.insert(format!("__Host-pl_login_{id}_8080"), own);
        shows(&other.submit(&format!("{at}/totp"), &[("code", &code)]).await, 410, "This is over");
        browser.code(&ada).await;
        assert_eq!(browser.at, "/account");
    }

    async fn a_browser_holds_few_logins_and_gives_up_the_oldest(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        for n in 1..=12 {
            browser.cookies.insert(format!("__Host-pl_login_lgn_{n:032}_8080"), "pll_x".to_owned());
        }
        browser.password(&ada).await;
        let held: Vec<&String> = browser.cookies.keys().filter(|name| name.contains("login_")).collect();
        assert_eq!(held.len(), 8, "{held:?}");
        assert!(held.iter().all(|name| !name.contains("0001_8080")), "{held:?}");
        browser.code(&ada).await;
        assert_eq!(browser.at, "/account");
    }

    async fn a_login_without_its_page_is_not_there(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in").await;
        for path in ["/sign-in/lgn_1", "/sign-in/ses_00000000000000000000000000000001", "/sign-in/%2e%2e"] {
            assert_eq!(browser.send(Method::GET, path, &[], "").await.status, 410, "{path}");
        }
    }
}
