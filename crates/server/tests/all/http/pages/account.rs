//! Changes of the account on its page: each by a step-up of its own.

use poundlock::testing::{TestApp, TestUser};
use poundlock_core::time::Span;
use poundlock_store::on_both;

use super::browser::{Browser, between, shows};

async fn signed_in(app: &TestApp, user: &TestUser) -> Browser {
    let mut browser = Browser::on(app);
    browser.sign_in(user).await;
    browser
}

const NEXT: &str = "another unguessable phrase";

on_both! {
    async fn stp_06_the_password_changes_after_both_factors(store) {
        let app = TestApp::on(&store).await;
        let mut ada = app.enrol("ada", &[]).await;
        let (mut here, mut there) = (signed_in(&app, &ada).await, signed_in(&app, &ada).await);
        let before = here.cookie("session");
        here.step_up(&ada, "/account/password").await;
        assert_eq!(here.at, "/account/password/new", "{}", here.page);
        assert_ne!(here.cookie("session"), before, "ses_01, stp_05: another secret from the step-up on");
        here.submit("/account/password/new", &[("new_password", NEXT), ("repeat", "something else")]).await;
        assert!(here.page.contains("repeat-error"), "{}", here.page);
        here.submit("/account/password/new", &[("new_password", "short"), ("repeat", "short")]).await;
        assert!(here.page.contains("new_password-error"), "{}", here.page);
        here.submit("/account/password/new", &[("new_password", NEXT), ("repeat", NEXT)]).await;
        assert_eq!(here.at, "/account");
        assert!(here.page.contains("role=\"status\"") && !here.has("step_up"), "{}", here.page);
        there.go("/account").await;
        assert_eq!(there.path(), "/sign-in", "all others have ended");
        ada.password = NEXT.to_owned();
        there.sign_in(&ada).await;
    }

    /// A copy of the cookie from before the step-up opens nothing after it.
    async fn stp_05_the_old_cookie_does_not_rise(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut here = signed_in(&app, &ada).await;
        let mut copy = here.clone();
        here.step_up(&ada, "/account/password").await;
        copy.go("/account").await;
        assert_eq!(copy.path(), "/sign-in");
        here.go("/account").await;
        assert_eq!(here.at, "/account");
    }

    async fn a_right_is_for_one_change_and_once(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut here = signed_in(&app, &ada).await;
        here.go("/account").await;
        here.submit("/account/password/new", &[("new_password", NEXT), ("repeat", NEXT)]).await;
        assert_eq!(here.at, "/account/step-up?action=password.change", "without a right there is no change");
        here.step_up(&ada, "/account/password").await;
        let right = here.cookie("step_up");
        here.submit("/account/password/new", &[("new_password", NEXT), ("repeat", NEXT)]).await;
        here.cookies.insert("__Host-pl_step_up_8080".to_owned(), right);
        here.submit("/account/password/new", &[("new_password", "and yet another phrase"), ("repeat", "and yet another phrase")]).await;
        assert_eq!(here.path(), "/account/step-up", "it was used");
        for path in ["/account/step-up?action=all", "/account/step-up?action=factor.remove&target=../x"] {
            assert_eq!(here.go(path).await.status, 404, "{path}");
        }
    }

    async fn a_right_ends_after_five_minutes(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut here = signed_in(&app, &ada).await;
        here.step_up(&ada, "/account/password").await;
        app.advance(Span::from_minutes(5));
        here.go("/account/password/new").await;
        here.submit("/account/password/new", &[("new_password", NEXT), ("repeat", NEXT)]).await;
        assert_eq!(here.path(), "/account/step-up");
        assert!(app.password_step(&ada).await.starts_with("pll_"), "the old password stays");
    }

    async fn new_codes_are_shown_once_and_void_the_old(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut here = signed_in(&app, &ada).await;
        here.step_up(&ada, "/account/codes").await;
        assert_eq!(here.at, "/account/codes", "{}", here.page);
        let code = between(&here.page, "<li>", "</li>");
        assert!(here.page.contains("data-codes") && code.is_some());
        assert!(!here.page.contains(&ada.recovery_codes[0]));
        here.submit("/account/codes/saved", &[("saved", "yes")]).await;
        assert_eq!(here.at, "/account");
        here.go("/account/codes").await;
        assert_eq!(here.at, "/account");
        here.go("/sign-out").await;
        here.submit("/sign-out", &[]).await;
        here.password(&ada).await;
        here.submit(&format!("{}/recovery-code", here.at.clone()), &[("recovery_code", &ada.recovery_codes[0])]).await;
        assert!(here.page.contains("recovery_code-error"), "{}", here.page);
    }

    async fn the_last_factor_stays(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut here = signed_in(&app, &ada).await;
        here.go("/account").await;
        let factor = between(&here.page, "/account/factors/", "/").unwrap();
        assert!(!here.page.contains("/remove\""), "not even offered");
        let reply = here.step_up(&ada, &format!("/account/factors/{factor}/remove")).await;
        shows(&reply, 409, "The last one cannot go");
        assert!(here.page.contains("href=\"/account\""), "a way on");
    }

    async fn a_wrong_password_in_a_step_up_is_told_there(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut here = signed_in(&app, &ada).await;
        here.submit("/account/password", &[]).await;
        let at = here.at.clone();
        here.submit("/account/step-up", &[("action", "password.change"), ("target", ""), ("password", "wrong")]).await;
        assert_eq!(here.at, at);
        assert!(here.page.contains("password-error"), "{}", here.page);
    }

    /// A step-up that another browser began is not completed here.
    async fn ses_13_a_step_up_is_its_browsers_own(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let (mut here, mut there) = (signed_in(&app, &ada).await, signed_in(&app, &ada).await);
        here.submit("/account/password", &[]).await;
        here.submit("/account/step-up", &[("action", "password.change"), ("password", &ada.password)]).await;
        let at = here.at.clone();
        there.go("/sign-in?request=x").await;
        let code = app.code(&ada.totp_uri);
        shows(&there.submit(&format!("{at}/totp"), &[("code", &code)]).await, 410, "This is over");
    }
}
