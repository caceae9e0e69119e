//! Signing in: what the pages tell, what they keep to themselves, and what a known device is good for.

use poundlock::testing::{TestApp, Tried};
use poundlock_core::guard::Guessable;
use poundlock_core::time::Span;
use poundlock_store::on_both;

use super::browser::{Browser, between};
use crate::attempt::{AFTER_ANY_DELAY, wrong_code};

/// Everything of a page but its token and its references.
fn shape(browser: &Browser) -> String {
    let token = browser.token();
    let page = browser.page.replace(&token, "TOKEN");
    match between(&page, "<code>", "</code>") {
        Some(reference) => page.replace(&reference, "REFERENCE"),
        None => page,
    }
}

on_both! {
    async fn thr_14_a_wrong_password_and_an_unknown_name_look_alike(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        app.enrol("bob", &[]).await;
        app.take_factors("bob").await;
        let mut shapes = Vec::new();
        for name in ["ada", "bob", "zoe"] {
            let mut browser = Browser::on(&app);
            browser.go("/sign-in").await;
            let reply = browser.post("/sign-in", &[("name", name), ("password", "wrong")]).await;
            assert_eq!((reply.status.as_u16(), reply.headers["location"].to_str().unwrap()), (303, "/sign-in"));
            browser.go("/sign-in").await;
            assert!(browser.page.contains(&format!("value=\"{name}\"")), "what was typed stays");
            assert!(!browser.page.contains("wrong\""), "but never a password");
            shapes.push(shape(&browser).replace(name, "NAME"));
            browser.go("/sign-in").await;
            assert!(!browser.page.contains("form-error"), "said once");
        }
        assert_eq!(shapes[0], shapes[2]);
        assert_eq!(shapes[0], shapes[1]);
        assert!(shapes[0].contains("form-error") && shapes[0].contains("REFERENCE"), "{}", shapes[0]);
    }

    async fn a_wrong_code_is_told_on_its_page_and_counted_once(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let at = browser.at.clone();
        browser.submit(&format!("{at}/totp"), &[("code", &wrong_code(&app, &ada))]).await;
        assert_eq!(browser.at, at);
        assert!(browser.page.contains("code-error"), "{}", browser.page);
        let once = Tried { strangers: 1, devices: 0 };
        assert_eq!(app.tried("ada", Guessable::Totp).await, once);
        for _ in 0..3 {
            browser.go(&at).await;
        }
        assert_eq!(app.tried("ada", Guessable::Totp).await, once, "reload sends nothing again");
        browser.submit(&format!("{at}/totp"), &[("code", "12345")]).await;
        assert!(browser.page.contains("code-error"));
        assert_eq!(app.tried("ada", Guessable::Totp).await, once, "what cannot be a code is none");
        app.advance(Span::from_minutes(2));
        browser.code(&ada).await;
        assert_eq!(browser.at, "/account");
    }

    async fn too_soon_is_told_with_how_long_to_wait(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in").await;
        for _ in 0..8 {
            browser.submit("/sign-in", &[("name", "ada"), ("password", "wrong")]).await;
        }
        assert!(browser.page.contains("second"), "{}", browser.page);
        app.advance(AFTER_ANY_DELAY);
        browser.sign_in(&ada).await;
    }

    async fn a_browser_that_signed_in_is_a_known_device_of_each_of_its_people(store) {
        let app = TestApp::on(&store).await;
        let (ada, bob) = (app.enrol("ada", &[]).await, app.enrol("bob", &[]).await);
        let mut browser = Browser::on(&app);
        for user in [&ada, &bob] {
            browser.sign_in(user).await;
            browser.go("/sign-out").await;
            browser.submit("/sign-out", &[]).await;
        }
        assert_eq!(browser.cookie("device").split('.').count(), 2);
        for name in ["ada", "bob"] {
            let before = app.tried(name, Guessable::Password).await;
            browser.go("/sign-in").await;
            browser.submit("/sign-in", &[("name", name), ("password", "wrong")]).await;
            let after = app.tried(name, Guessable::Password).await;
            assert_eq!((after.strangers - before.strangers, after.devices - before.devices), (0, 1), "{name}");
            app.advance(AFTER_ANY_DELAY);
        }
        browser.sign_in(&ada).await;
        assert_eq!(browser.cookie("device").split('.').count(), 2, "one for each of them");
        let mut stranger = Browser::on(&app);
        stranger.go("/sign-in").await;
        let before = app.tried("ada", Guessable::Password).await;
        stranger.submit("/sign-in", &[("name", "ada"), ("password", "wrong")]).await;
        assert_eq!(app.tried("ada", Guessable::Password).await.strangers, before.strangers + 1);
    }

    async fn an_owner_gets_past_burnt_budgets_with_a_recovery_code_on_the_page(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in").await;
        for _ in 0..50 {
            browser.post("/sign-in", &[("name", "ada"), ("password", "wrong")]).await;
            app.advance(AFTER_ANY_DELAY);
        }
        browser.go("/sign-in").await;
        browser.submit("/sign-in", &[("name", "ada"), ("password", &ada.password)]).await;
        assert!(browser.page.contains("name=\"recovery_code\""), "{}", browser.page);
        let fields = [("name", "ada"), ("password", ada.password.as_str()), ("recovery_code", &ada.recovery_codes[0])];
        browser.submit("/sign-in", &fields).await;
        assert_eq!(browser.at, "/account");
    }

    async fn t_29_of_64_posts_of_one_code_one_signs_in(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let (path, code) = (format!("{}/totp", browser.at), app.code(&ada.totp_uri));
        let replies = crate::attempt::at_once(64, |_| {
            let (mut copy, path, code) = (browser.clone(), path.clone(), code.clone());
            async move { copy.post(&path, &[("code", &code)]).await }
        })
        .await;
        let in_now = |reply: &&poundlock::testing::Reply| reply.headers.get("location").is_some_and(|to| to == "/account");
        assert_eq!(replies.iter().filter(in_now).count(), 1);
        app.advance(Span::from_seconds(30));
    }
}
