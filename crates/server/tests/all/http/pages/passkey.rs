//! Passkeys on pages: what the script of a page does, done by hand, with a security key in software.

use http::Method;
use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::testing::{Said, SoftKey};
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::super::behind::ISSUER;
use super::browser::{Browser, between, shows};

/// What a form of the page carries along, as the page has written it.
fn carried(page: &str, form: &str) -> Vec<(String, String)> {
    let form = between(page, &format!("id=\"passkey-{form}\""), "</form>").unwrap_or_else(|| panic!("{form}: {page}"));
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1);
    let named = fields.filter_map(|field| {
        let (name, rest) = field.split_once('"')?;
        Some((name.to_owned(), between(rest, " value=\"", "\"").unwrap_or_default()))
    });
    named.filter(|(name, _)| name != "csrf").collect()
}

fn set(fields: &mut [(String, String)], name: &str, value: String) {
    let field = fields.iter_mut().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no field {name}"));
    field.1 = value;
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    &fields.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no field {name}")).1
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The fields of a form once its script has run: options fetched, the authenticator asked.
async fn asked(
    browser: &mut Browser,
    form: &str,
    use_key: impl FnOnce(&Value) -> Value,
) -> (String, Vec<(String, String)>) {
    let around = between(&browser.page, &format!("id=\"passkey-{form}\""), ">").unwrap();
    let at = between(&around, "action=\"", "\"").unwrap();
    assert_eq!(between(&around, "data-options=\"", "\"").unwrap(), format!("{at}/options"));
    let mut fields = carried(&browser.page, form);
    let reply = browser.post(&format!("{at}/options"), &borrowed(&fields)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    for secret in browser.cookies.iter().filter(|(name, _)| name.contains("login_")).map(|(_, value)| value) {
        assert!(!reply.body.to_string().contains(secret), "ses_13: the secret stays in its cookie");
    }
    set(&mut fields, "credential", use_key(&reply.body["publicKey"]).to_string());
    set(&mut fields, "state", reply.body["state"].as_str().unwrap().to_owned());
    (at, fields)
}

/// The same, sent.
async fn prove(browser: &mut Browser, form: &str, use_key: impl FnOnce(&Value) -> Value) -> Reply {
    let (at, fields) = asked(browser, form, use_key).await;
    browser.submit(&at, &borrowed(&fields)).await
}

async fn answer(browser: &mut Browser, form: &str, key: &mut SoftKey) -> Reply {
    prove(browser, form, |options| key.answer(ISSUER, options)).await
}

/// Enrols a passkey on the page that asks for it.
async fn register(browser: &mut Browser, key: &mut SoftKey, label: &str) -> Reply {
    let at = browser.at.clone();
    browser.submit(&at, &[("kind", "passkey")]).await;
    let (at, mut fields) = asked(browser, "create", |options| key.register(ISSUER, options)).await;
    fields.push(("label".to_owned(), label.to_owned()));
    browser.submit(&at, &borrowed(&fields)).await
}

/// A user with an app and a passkey, who has added the passkey on the account page.
async fn world(store: &poundlock_store::Store) -> (TestApp, TestUser, SoftKey, Browser) {
    let (app, mut key) = (TestApp::on(store).await, SoftKey::new(31));
    let ada = app.enrol("ada", &[]).await;
    let mut browser = Browser::on(&app);
    browser.sign_in(&ada).await;
    browser.step_up(&ada, "/account/factors").await;
    register(&mut browser, &mut key, "Blue key").await;
    assert_eq!(browser.at, "/account", "{}", browser.page);
    assert!(browser.page.contains("Blue key") && browser.page.contains("role=\"status\""), "{}", browser.page);
    (app, ada, key, browser)
}

/// The id of the factor with this name.
fn factor(page: &str, label: &str) -> String {
    let (_, after) = page.split_once(&format!("<strong>{label}</strong>")).unwrap_or_else(|| panic!("{label}: {page}"));
    between(after, "/account/factors/", "/").unwrap()
}

on_both! {
    async fn wan_08_a_key_without_a_pin_is_shown_as_what_it_is(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let (mut browser, mut key) = (Browser::on(&app), SoftKey::without_pin(33));
        browser.sign_in(&ada).await;
        browser.step_up(&ada, "/account/factors").await;
        register(&mut browser, &mut key, "Old key").await;
        let line = between(&browser.page, "<strong>Old key</strong>", "</div>").unwrap();
        assert!(line.contains("Security key"), "{line}");
        let mut second = Browser::on(&app);
        second.password(&ada).await;
        answer(&mut second, "get", &mut key).await;
        assert_eq!(second.at, "/account", "it is a second factor: {}", second.page);
        let mut alone = Browser::on(&app);
        alone.go("/sign-in").await;
        answer(&mut alone, "sign-in", &mut key).await;
        assert!(alone.path() == "/sign-in" && !alone.has("session"), "and no sign-in alone: {}", alone.page);
    }

    async fn wan_18_wan_26_a_passkey_is_the_whole_sign_in_and_leads_where_it_was_going(store) {
        let (app, _, mut key, _) = world(&store).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in?return_to=%2Faccount%2Fcodes").await;
        assert!(browser.page.contains("autocomplete=\"username webauthn\""), "{}", browser.page);
        let (at, fields) = asked(&mut browser, "sign-in", |options| key.answer(ISSUER, options)).await;
        let reply = browser.post(&at, &borrowed(&fields)).await;
        assert_eq!((reply.status.as_u16(), &reply.headers["location"]), (303, &"/account/codes".parse().unwrap()));
        browser.go("/account").await;
        assert_eq!(browser.at, "/account");
        // WAN-01: the same answer a second time.
        let mut copy = Browser::on(&app);
        copy.go("/sign-in").await;
        copy.submit(&at, &borrowed(&fields)).await;
        assert_eq!(copy.path(), "/sign-in");
        assert!(copy.page.contains("role=\"alert\"") && !copy.has("session"), "{}", copy.page);
    }

    async fn wan_19_a_passkey_is_the_second_factor_after_a_password(store) {
        let (app, ada, mut key, _) = world(&store).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let at = browser.at.clone();
        let wrong = |said: &mut Said| said.spoil = |signature| signature[9] ^= 1;
        prove(&mut browser, "get", |options| key.answer_saying(ISSUER, options, wrong)).await;
        assert_eq!(browser.at, at, "{}", browser.page);
        assert!(browser.page.contains("role=\"alert\""), "{}", browser.page);
        answer(&mut browser, "get", &mut key).await;
        assert_eq!(browser.at, "/account", "{}", browser.page);
    }

    async fn a_first_factor_may_be_a_passkey(store) {
        let (app, mut key) = (TestApp::on(&store).await, SoftKey::new(32));
        let asked = json!({ "name": "eve", "groups": [] });
        let made = app.admin(Method::POST, "/v1/admin/invites", Some(&asked)).await.ok();
        let invite = made["invite"].as_str().unwrap().to_owned();
        let mut browser = Browser::on(&app);
        browser.go("/invite").await;
        let password = "quite unguessable eve phrase";
        browser.submit("/invite", &[("invite", &invite), ("new_password", password), ("repeat", password)]).await;
        register(&mut browser, &mut key, "").await;
        assert_eq!(browser.at, "/account/codes", "{}", browser.page);
        browser.submit("/account/codes/saved", &[("saved", "yes")]).await;
        assert_eq!(browser.at, "/account");
        let mut next = Browser::on(&app);
        next.go("/sign-in").await;
        answer(&mut next, "sign-in", &mut key).await;
        assert_eq!(next.at, "/account", "{}", next.page);
    }

    async fn stp_06_a_passkey_alone_proves_both_for_a_change(store) {
        let (_, _, mut key, mut browser) = world(&store).await;
        let before = browser.cookie("session");
        browser.submit("/account/password", &[]).await;
        assert_eq!(browser.path(), "/account/step-up");
        answer(&mut browser, "get", &mut key).await;
        assert_eq!(browser.at, "/account/password/new", "{}", browser.page);
        assert_ne!(browser.cookie("session"), before, "stp_05");
        let next = "another unguessable phrase";
        browser.submit("/account/password/new", &[("new_password", next), ("repeat", next)]).await;
        assert_eq!(browser.at, "/account", "{}", browser.page);
    }

    async fn factors_are_renamed_and_removed_by_a_right_of_their_own(store) {
        let (_, _, mut key, mut browser) = world(&store).await;
        let blue = factor(&browser.page, "Blue key");
        browser.go(&format!("/account/factors/{blue}/name")).await;
        assert_eq!(browser.path(), "/account/step-up", "{}", browser.page);
        assert!(browser.page.contains("Blue key"), "it says what is renamed: {}", browser.page);
        answer(&mut browser, "get", &mut key).await;
        let page = format!("/account/factors/{blue}/name");
        assert_eq!(browser.at, page, "{}", browser.page);
        browser.submit(&page, &[("label", "a\u{202e}b")]).await;
        assert!(browser.at == page && browser.page.contains("label-error"), "{}", browser.page);
        browser.submit(&page, &[("label", "Green key")]).await;
        assert!(browser.at == "/account" && browser.page.contains("Green key"), "{}", browser.page);
        assert!(!browser.has("step_up"), "it was used");
        // The right for one factor's name is none for another's, nor for its removal.
        browser.submit(&page, &[("label", "Red key")]).await;
        assert_eq!(browser.path(), "/account/step-up");
        browser.go("/account").await;
        browser.submit(&format!("/account/factors/{blue}/remove"), &[]).await;
        assert!(browser.page.contains("Green key"), "{}", browser.page);
        answer(&mut browser, "get", &mut key).await;
        assert!(browser.at == "/account" && !browser.page.contains("Green key"), "{}: {}", browser.at, browser.page);
    }

    async fn wan_01_what_is_asked_on_a_page_is_answered_on_that_page(store) {
        let (app, ada, mut key, _) = world(&store).await;
        let (mut here, mut there) = (Browser::on(&app), Browser::on(&app));
        here.password(&ada).await;
        let (at, fields) = asked(&mut here, "get", |options| key.answer(ISSUER, options)).await;
        there.go("/sign-in").await;
        shows(&there.submit(&at, &borrowed(&fields)).await, 410, "This is over");
        let handle = here.cookie("login_");
        let body = json!({ "login": handle });
        assert_eq!(app.post("/v1/login/passkey/options", &body).await.status, 410, "neither is it the API's");
        let mut again = here.clone();
        here.submit(&at, &borrowed(&fields)).await;
        assert_eq!(here.at, "/account", "{}", here.page);
        shows(&again.submit(&at, &borrowed(&fields)).await, 410, "This is over");
    }

    async fn ses_13_wan_01_an_open_challenge_is_answered_by_the_browser_that_asked(store) {
        let (app, ada, mut key, _) = world(&store).await;
        let (mut here, mut there) = (Browser::on(&app), Browser::on(&app));
        here.go("/sign-in").await;
        there.go("/sign-in").await;
        let (at, fields) = asked(&mut here, "sign-in", |options| key.answer(ISSUER, options)).await;
        there.submit(&at, &borrowed(&fields)).await;
        assert!(there.path() == "/sign-in" && !there.has("session"), "{}", there.page);
        // Neither do the API's tokens come of what a page was asked.
        let said: Value = serde_json::from_str(field(&fields, "credential")).unwrap();
        let body = json!({ "login": field(&fields, "state"), "credential": said });
        assert_eq!(app.post("/v1/login/passkey", &body).await.refusal(), "passkey");
        // Nor is a login held by what stands in a form.
        here.password(&ada).await;
        let handle = here.cookie("login_");
        let (_, fields) = asked(&mut here, "get", |options| key.answer(ISSUER, options)).await;
        here.cookies.retain(|name, _| !name.contains("login_"));
        let stolen = [("credential", field(&fields, "credential")), ("state", handle.as_str())];
        shows(&here.post("/sign-in/passkey", &stolen).await, 400, "href=\"/sign-in\"");
        assert!(!here.has("session"));
    }

    async fn a_code_for_a_seed_that_a_passkey_has_replaced_leads_back_to_the_choice(store) {
        let (app, ada, ..) = world(&store).await;
        let mut browser = Browser::on(&app);
        browser.sign_in(&ada).await;
        browser.step_up(&ada, "/account/factors").await;
        let at = browser.at.clone();
        browser.submit(&at, &[("kind", "totp")]).await;
        assert!(browser.page.contains("name=\"code\""), "{}", browser.page);
        let asked = browser.post(&format!("{at}/passkey/options"), &[("credential", ""), ("state", "")]).await;
        assert_eq!(asked.status, 200, "{}", asked.body);
        browser.submit(&format!("{at}/totp"), &[("code", "123456")]).await;
        assert_eq!(browser.at, at);
        let page = &browser.page;
        assert!(page.contains("open for too long") && page.contains("value=\"totp\""), "{page}");
    }

    async fn what_is_no_answer_of_a_passkey_is_told(store) {
        let (app, ada, ..) = world(&store).await;
        let mut browser = Browser::on(&app);
        browser.password(&ada).await;
        let at = format!("{}/passkey", browser.at);
        for credential in ["", "{}", "[]", "null", "{\"id\":1}"] {
            let reply = browser.post(&at, &[("credential", credential), ("state", "")]).await;
            shows(&reply, 400, "href=\"/sign-in\"");
        }
        browser.code(&ada).await;
        assert_eq!(browser.at, "/account", "the login goes on: {}", browser.page);
    }
}
