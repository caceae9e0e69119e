//! Whole flows by forms alone: from an invite to the account, and every way back in.

use http::Method;
use poundlock::testing::{TestApp, TestUser};
use poundlock_store::on_both;
use serde_json::json;

use super::browser::{Browser, between, shows};

async fn invite(app: &TestApp, name: &str) -> String {
    let made = app.admin(Method::POST, "/v1/admin/invites", Some(&json!({ "name": name, "groups": [] }))).await.ok();
    made["invite"].as_str().unwrap().to_owned()
}

fn seed_of(page: &str) -> String {
    between(page, "href=\"otpauth://", "\"")
        .map(|rest| format!("otpauth://{}", rest.replace("&amp;", "&").replace("&#38;", "&")))
        .unwrap()
}

/// The codes of the page, in order.
fn codes_of(page: &str) -> Vec<String> {
    let list = between(page, "data-codes", "</ol>").unwrap();
    list.split("<li>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect()
}

/// Enrols on pages; ends on the account.
async fn enrol(browser: &mut Browser, name: &str) -> TestUser {
    let app = browser.app.clone();
    let invite = invite(&app, name).await;
    browser.go("/invite").await;
    let password = format!("quite unguessable {name} phrase");
    let link = format!("https://login.example.org/invite#{invite}");
    let fields = [("invite", link.as_str()), ("new_password", &password), ("repeat", &password)];
    browser.submit("/invite", &fields).await;
    let at = browser.at.clone();
    assert!(at.starts_with("/sign-in/lgn_"), "{at}: {}", browser.page);
    browser.submit(&at, &[("kind", "totp")]).await;
    assert_eq!(browser.at, at);
    let totp_uri = seed_of(&browser.page);
    let code = app.code(&totp_uri);
    browser.submit(&format!("{at}/totp"), &[("code", &code), ("label", "My phone")]).await;
    app.advance(poundlock_core::time::Span::from_seconds(30));
    assert_eq!(browser.at, "/account/codes", "{}", browser.page);
    let recovery_codes = codes_of(&browser.page);
    assert_eq!(recovery_codes.len(), 10);
    browser.submit("/account/codes/saved", &[("saved", "yes")]).await;
    assert_eq!(browser.at, "/account");
    TestUser { name: name.to_owned(), password, totp_uri, recovery_codes, tokens: json!({}) }
}

on_both! {
    async fn rcv_05_rcv_07_from_an_invite_to_the_account(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        let ada = enrol(&mut browser, "ada").await;
        assert!(browser.page.contains("My phone") && browser.page.contains("ada"), "{}", browser.page);
        assert!(!browser.page.contains(&ada.recovery_codes[0]));
        browser.go("/account/codes").await;
        assert_eq!(browser.at, "/account", "shown once");
        // The same person comes in by the API as well: one account, whatever made it.
        app.log_in(&ada, None).await;
    }

    async fn codes_stay_on_their_page_until_they_are_saved(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        let invite = invite(&app, "ada").await;
        browser.go("/invite").await;
        let password = "quite unguessable ada phrase";
        browser.submit("/invite", &[("invite", &invite), ("new_password", password), ("repeat", password)]).await;
        let at = browser.at.clone();
        browser.submit(&at, &[("kind", "totp")]).await;
        let code = app.code(&seed_of(&browser.page));
        browser.submit(&format!("{at}/totp"), &[("code", &code)]).await;
        let codes = codes_of(&browser.page);
        browser.go("/account/codes").await;
        assert_eq!(codes_of(&browser.page), codes, "a reload loses nothing");
        browser.submit("/account/codes/saved", &[]).await;
        assert_eq!(browser.at, "/account/codes", "not ticked");
        assert!(browser.page.contains("saved-error"));
        let mut other = Browser::on(&app);
        other.go("/account/codes").await;
        assert_eq!(other.path(), "/sign-in");
        app.advance(poundlock_core::time::Span::from_minutes(10));
        browser.go("/account/codes").await;
        assert_eq!(browser.at, "/account", "nobody came to see them");
    }

    async fn a_ticket_asks_for_the_present_password(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let reset = json!({ "reason": "lost phone" });
        let ticket = app.admin(Method::POST, "/v1/admin/users/ada/reset-factor", Some(&reset)).await;
        let Some(ticket) = ticket.body["ticket"].as_str().or(ticket.body["invite"].as_str()).map(str::to_owned) else {
            panic!("no ticket: {}", ticket.body);
        };
        let mut browser = Browser::on(&app);
        browser.go("/invite").await;
        let chosen = [("invite", ticket.as_str()), ("new_password", "another phrase, quite long"), ("repeat", "another phrase, quite long")];
        browser.submit("/invite", &chosen).await;
        assert_eq!(browser.at, "/invite", "nothing was tried with a password that was chosen");
        assert!(browser.page.contains("name=\"password\""), "{}", browser.page);
        browser.submit("/invite", &[("invite", &ticket), ("password", "wrong")]).await;
        assert!(browser.page.contains("password-error"), "{}", browser.page);
        app.advance(poundlock_core::time::Span::from_minutes(1));
        browser.submit("/invite", &[("invite", &ticket), ("password", &ada.password)]).await;
        let at = browser.at.clone();
        browser.submit(&at, &[("kind", "totp")]).await;
        let code = app.code(&seed_of(&browser.page));
        browser.submit(&format!("{at}/totp"), &[("code", &code), ("label", "New")]).await;
        assert_eq!(browser.at, "/account/codes");
    }

    async fn t_29_an_invite_works_once(store) {
        let app = TestApp::on(&store).await;
        let invite = invite(&app, "ada").await;
        let (mut first, mut second) = (Browser::on(&app), Browser::on(&app));
        let password = "quite unguessable ada phrase";
        let fields = [("invite", invite.as_str()), ("new_password", password), ("repeat", password)];
        for browser in [&mut first, &mut second] {
            browser.go("/invite").await;
            browser.submit("/invite", &fields).await;
            let at = browser.at.clone();
            browser.submit(&at, &[("kind", "totp")]).await;
        }
        let enter = async |browser: &mut Browser| {
            let code = app.code(&seed_of(&browser.page));
            browser.submit(&format!("{}/totp", browser.at.clone()), &[("code", &code)]).await
        };
        enter(&mut first).await;
        assert_eq!(first.at, "/account/codes");
        shows(&enter(&mut second).await, 410, "This is over");
        let mut third = Browser::on(&app);
        third.go("/invite").await;
        third.submit("/invite", &fields).await;
        assert_eq!(third.at, "/invite");
        assert!(third.page.contains("invite-error"), "{}", third.page);
    }

    async fn in_again_with_a_code_or_a_recovery_code_and_out(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        let ada = enrol(&mut browser, "ada").await;
        browser.go("/sign-out").await;
        assert!(browser.has("session"), "asking changes nothing (SES-08)");
        browser.submit("/sign-out", &[]).await;
        assert_eq!(browser.at, "/sign-out/done");
        assert!(!browser.has("session"));
        browser.go("/account").await;
        assert_eq!(browser.path(), "/sign-in");
        browser.sign_in(&ada).await;
        browser.go("/sign-out").await;
        browser.submit("/sign-out", &[]).await;
        browser.password(&ada).await;
        let at = browser.at.clone();
        browser.submit(&format!("{at}/recovery-code"), &[("recovery_code", "nonsense")]).await;
        assert_eq!(browser.at, at);
        assert!(browser.page.contains("recovery_code-error"), "{}", browser.page);
        browser.submit(&format!("{at}/recovery-code"), &[("recovery_code", &ada.recovery_codes[3])]).await;
        assert_eq!(browser.at, "/account");
        // A recovery session enrols one factor, on a page too.
        browser.submit("/account/factors", &[]).await;
        let at = browser.at.clone();
        assert!(at.starts_with("/sign-in/lgn_"), "{at}: {}", browser.page);
        browser.submit(&at, &[("kind", "totp")]).await;
        let code = app.code(&seed_of(&browser.page));
        browser.submit(&format!("{at}/totp"), &[("code", &code), ("label", "Second phone")]).await;
        assert_eq!(browser.at, "/account");
        assert!(browser.page.contains("Second phone"), "{}", browser.page);
        browser.submit("/account/factors", &[]).await;
        assert_eq!(browser.path(), "/account/step-up", "one, and no second: {}", browser.page);
    }
}
