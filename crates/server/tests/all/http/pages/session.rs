//! The session of a browser: fixed by nobody, ended when it is ended, and no longer than it may be.

use http::Method;
use poundlock::testing::{TestApp, TestUser};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use super::browser::{Browser, between};

async fn signed_in(app: &TestApp, user: &TestUser) -> Browser {
    let mut browser = Browser::on(app);
    browser.sign_in(user).await;
    browser
}

async fn is_in(browser: &mut Browser) -> bool {
    browser.go("/account").await;
    browser.at == "/account"
}

/// The id of a session, from its cookie.
fn id_of(cookie: &str) -> Vec<u8> {
    use base64::Engine;
    let text = cookie.strip_prefix("plb_").unwrap();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()[..16].to_vec()
}

on_both! {
    async fn ses_01_each_login_has_a_new_session_and_ends_the_one_before_it(store) {
        let app = TestApp::on(&store).await;
        let (ada, bob) = (app.enrol("ada", &[]).await, app.enrol("bob", &[]).await);
        let mut browser = signed_in(&app, &ada).await;
        let mut copy = browser.clone();
        let old = browser.cookie("session");
        assert!(is_in(&mut copy).await);
        // An application asks for a new login; the same person, then another.
        for user in [&ada, &bob] {
            browser.go("/sign-in?request=abc").await;
            let fields = [("name", user.name.as_str()), ("password", &user.password), ("request", "abc")];
            let reply = browser.post("/sign-in", &fields).await;
            let at = reply.headers["location"].to_str().unwrap().to_owned();
            browser.go(&at).await;
            let code = app.code(&user.totp_uri);
            let done = browser.post(&format!("{at}/totp"), &[("code", &code)]).await;
            assert_eq!(done.headers["location"], "/oauth/authorize/continue?request=abc");
            app.advance(Span::from_seconds(30));
            assert!(!is_in(&mut copy).await, "the one before has ended");
            copy = browser.clone();
            assert!(is_in(&mut copy).await);
        }
        assert_ne!(id_of(&old), id_of(&browser.cookie("session")));
    }

    /// Fixation: what was in the browser before the login does not become the session.
    async fn ses_01_a_planted_cookie_does_not_become_the_session(store) {
        let app = TestApp::on(&store).await;
        let (ada, eve) = (app.enrol("ada", &[]).await, app.enrol("eve", &[]).await);
        let mut thief = signed_in(&app, &eve).await;
        let planted = thief.cookie("session");
        for value in [planted.clone(), "plb_AAAA".to_owned(), "nonsense".to_owned()] {
            let mut browser = Browser::on(&app);
            browser.cookies.insert("__Host-pl_session_8080".to_owned(), value.clone());
            // Planted before the page was got, so that no form is stale.
            browser.go("/sign-in?request=abc").await;
            let fields = [("name", "ada"), ("password", ada.password.as_str())];
            let reply = browser.post("/sign-in", &fields).await;
            let at = reply.headers["location"].to_str().unwrap().to_owned();
            browser.go(&at).await;
            browser.code(&ada).await;
            assert_eq!(browser.at, "/account");
            assert_ne!(browser.cookie("session"), value);
        }
        assert!(!is_in(&mut thief).await, "and who planted it has nothing left to share");
    }

    async fn ses_02_cookies_are_locked_to_this_host_and_kept_from_scripts(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in").await;
        let first = browser.post("/sign-in", &[("name", "ada"), ("password", &ada.password)]).await;
        let at = first.headers["location"].to_str().unwrap().to_owned();
        browser.go(&at).await;
        let code = app.code(&ada.totp_uri);
        let second = browser.post(&format!("{at}/totp"), &[("code", &code)]).await;
        let lines: Vec<String> = [&first, &second]
            .iter()
            .flat_map(|reply| reply.headers.get_all("set-cookie").iter())
            .map(|line| line.to_str().unwrap().to_owned())
            .collect();
        assert!(lines.len() >= 4, "{lines:?}");
        for line in &lines {
            assert!(line.starts_with("__Host-pl_") && line.split('=').next().unwrap().ends_with("_8080"), "{line}");
            for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                assert!(line.contains(part), "{line}: {part}");
            }
            assert!(!line.contains("Domain") && line.len() <= 4096, "{line}");
        }
        let session = lines.iter().find(|line| line.contains("pl_session")).unwrap();
        assert!(!session.contains("Max-Age") && !session.contains("Expires"), "ses_03: {session}");
        assert!(browser.cookies.keys().all(|name| !name.contains("login_")), "the login's cookie goes with it");
    }

    async fn ses_04_signing_out_ends_the_session_of_every_copy(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = signed_in(&app, &ada).await;
        let mut copy = browser.clone();
        browser.go("/sign-out").await;
        browser.submit("/sign-out", &[]).await;
        assert!(!is_in(&mut copy).await);
        assert!(!browser.has("session") && browser.has("device"));
        assert_ne!(browser.cookie("form"), copy.cookie("form"), "no token of then is good");
        // Once more, from a page that was left open: nothing to end, and no error.
        browser.go("/sign-in").await;
        copy.go("/sign-in").await;
        assert_eq!(browser.go("/sign-out").await.status, 200);
        assert_eq!(browser.path(), "/sign-out/done");
    }

    async fn ses_04_stp_08_a_session_rests_an_hour_and_lives_a_day(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = signed_in(&app, &ada).await;
        for _ in 0..26 {
            app.advance(Span::from_minutes(55));
            assert!(is_in(&mut browser).await, "used within the hour");
        }
        app.advance(Span::from_minutes(55));
        assert!(!is_in(&mut browser).await, "a day is over");
        let mut idle = signed_in(&app, &ada).await;
        app.advance(Span::from_minutes(60));
        assert!(!is_in(&mut idle).await, "rested for an hour");
    }

    async fn the_last_use_is_written_once_a_minute(store) {
        let app = TestApp::alone(&store, "counts what one node writes").await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = signed_in(&app, &ada).await;
        app.advance(Span::from_minutes(2));
        is_in(&mut browser).await;
        poundlock_store::testing::start_trace(app.store());
        for _ in 0..20 {
            assert!(is_in(&mut browser).await);
            app.advance(Span::from_millis(100));
        }
        let written = |trace: &[&str]| trace.iter().filter(|sql| sql.trim_start().starts_with("UPDATE session")).count();
        let within = poundlock_store::testing::take_trace(app.store());
        assert_eq!(written(&within), 0, "within the minute");
        app.advance(Span::from_minutes(1));
        poundlock_store::testing::start_trace(app.store());
        is_in(&mut browser).await;
        is_in(&mut browser).await;
        let after = poundlock_store::testing::take_trace(app.store());
        assert_eq!(written(&after), 1, "and once after it");
    }

    async fn stp_11_a_disabled_user_is_out_at_once(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = signed_in(&app, &ada).await;
        app.disable("ada").await;
        assert!(!is_in(&mut browser).await);
    }

    async fn ses_05_the_account_page_lists_and_ends_sessions_and_devices(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let (mut here, mut there) = (signed_in(&app, &ada).await, signed_in(&app, &ada).await);
        assert!(is_in(&mut here).await);
        let id = id_of(&there.cookie("session")).iter().fold("ses_".to_owned(), |id, byte| format!("{id}{byte:02x}"));
        assert!(here.page.contains(&id), "{}", here.page);
        // What ends is named as what it is: another's use of the account, or one's own.
        let ends = |mark: &str| here.page.matches(&format!("<button class=\"button second small\">{mark}<span")).count();
        assert_eq!((ends("Sign out"), ends("End") >= 1), (1, true), "{}", here.page);
        here.submit(&format!("/account/sessions/{id}/end"), &[]).await;
        assert!(here.at == "/account" && here.page.contains("role=\"status\""), "{}", here.page);
        assert!(!is_in(&mut there).await);
        there.sign_in(&ada).await;
        is_in(&mut here).await;
        here.submit("/account/sessions/end-others", &[]).await;
        assert!(!is_in(&mut there).await && is_in(&mut here).await);
        let bob = app.enrol("bob", &[]).await;
        let mut foreign = signed_in(&app, &bob).await;
        let of_bob = id_of(&foreign.cookie("session")).iter().fold("ses_".to_owned(), |id, b| format!("{id}{b:02x}"));
        assert_eq!(here.post(&format!("/account/sessions/{of_bob}/end"), &[]).await.status, 410);
        assert!(is_in(&mut foreign).await, "another's session is not there");
        assert_eq!(here.post("/account/sessions/nonsense/end", &[]).await.status, 404);
        let device = between(&here.page, "/account/devices/", "/forget").unwrap();
        is_in(&mut here).await;
        here.submit(&format!("/account/devices/{device}/forget"), &[]).await;
        assert!(!here.page.contains(&device), "{}", here.page);
        // One's own is a sign-out.
        let own = id_of(&here.cookie("session")).iter().fold("ses_".to_owned(), |id, byte| format!("{id}{byte:02x}"));
        here.submit(&format!("/account/sessions/{own}/end"), &[]).await;
        assert!(here.at == "/sign-out/done" && !here.has("session"), "{} {:?}", here.at, here.cookies);
    }

    async fn an_account_token_lists_and_ends_the_sessions_of_browsers_too(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = signed_in(&app, &ada).await;
        let tokens = app.log_in(&ada, Some(crate::attempt::ACCOUNT)).await;
        let token = crate::attempt::text(&tokens, "access_token");
        assert_eq!(crate::attempt::sessions(&app, &token).await, 3);
        assert_eq!(app.bearer(Method::DELETE, "/v1/sessions", None, &token).await.status, 204);
        assert!(!is_in(&mut browser).await);
        app.post("/v1/login", &json!({ "name": "ada", "password": ada.password })).await.ok();
    }
}

/// Behind the server's back: a digest of the thief's own in the table.
#[tokio::test]
async fn a_browser_row_edited_in_the_database_opens_nothing() {
    let store = poundlock_store::testing::TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let (ada, eve) = (app.enrol("ada", &[]).await, app.enrol("eve", &[]).await);
    let (mut of_ada, mut of_eve) = (signed_in(&app, &ada).await, signed_in(&app, &eve).await);
    let (ada_id, eve_id) = (id_of(&of_ada.cookie("session")), id_of(&of_eve.cookie("session")));
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let sql = format!(
        "UPDATE browser SET (digest, sealed) = (SELECT digest, sealed FROM browser WHERE session = x'{}') WHERE session = x'{}'",
        hex(&eve_id),
        hex(&ada_id)
    );
    let poundlock_store::StoreUrl::Sqlite(path) = store.url() else { panic!("not a file") };
    poundlock_store::testing::edit_file(path, &sql);
    // Eve's secret under ada's session id.
    let mut bytes = ada_id.clone();
    bytes.extend(raw(&of_eve.cookie("session")).split_off(16));
    let forged = format!("plb_{}", base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes));
    of_eve.cookies.insert("__Host-pl_session_8080".to_owned(), forged);
    of_eve.go("/account").await;
    assert_eq!(of_eve.path(), "/sign-in");
    assert!(!of_eve.page.contains("ada"));
    of_ada.go("/account").await;
    assert_eq!(of_ada.path(), "/sign-in", "its owner signs in again");
    of_ada.sign_in(&ada).await;
}

fn raw(cookie: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cookie.strip_prefix("plb_").unwrap()).unwrap()
}
