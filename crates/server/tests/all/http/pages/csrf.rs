//! Every route of a page that changes something, against every way to send a form that is not the page's own. The routes
//! come from the URL table: a new one is in here by itself.

use http::Method;
use poundlock::testing::{TestApp, TestUser, pages};
use poundlock_store::on_both;

use super::browser::{Browser, OWN, between};

/// A browser that is signed in and holds a login, and the routes with ids that are its own.
async fn everything(app: &TestApp, user: &TestUser) -> (Browser, Vec<(Method, String)>) {
    let mut browser = Browser::on(app);
    browser.sign_in(user).await;
    browser.go("/sign-in?request=abc").await;
    let fields = [("name", user.name.as_str()), ("password", &user.password), ("request", "abc")];
    let login = browser.post("/sign-in", &fields).await.headers["location"].to_str().unwrap().to_owned();
    let login = login.rsplit('/').next().unwrap().to_owned();
    browser.go("/account").await;
    let of = |before: &str, after: &str| between(&browser.page, before, after).unwrap();
    let (factor, session) = (of("/account/factors/", "/name"), of("/account/sessions/", "/end"));
    let device = of("/account/devices/", "/forget");
    let asset = of("/assets/", "\"");
    let filled = |path: &str| {
        let id = match path {
            path if path.contains("factors") => &factor,
            path if path.contains("sessions") => &session,
            _ => &device,
        };
        path.replace("{client}", "shop").replace("{login}", &login).replace("{id}", id).replace("{name}", &asset)
    };
    let routes = pages().into_iter().map(|(method, path)| (method, filled(path))).collect();
    (browser, routes)
}

/// Fields that the routes know, right ones where that is possible.
fn fields(user: &TestUser, path: &str) -> Vec<(&'static str, String)> {
    let password = user.password.clone();
    match path {
        "/sign-in" => vec![("name", user.name.clone()), ("password", password)],
        "/invite" => vec![("invite", "pli_x".to_owned()), ("new_password", password.clone()), ("repeat", password)],
        "/account/password/new" => vec![("new_password", password.clone()), ("repeat", password)],
        "/account/step-up" => vec![("password", password), ("action", "password.change".to_owned())],
        "/account/codes/saved" => vec![("saved", "yes".to_owned())],
        path if path.ends_with("/totp") => vec![("code", "123456".to_owned())],
        path if path.ends_with("/recovery-code") => vec![("recovery_code", user.recovery_codes[0].clone())],
        path if path.starts_with("/sign-in/lgn") => vec![("kind", "totp".to_owned())],
        _ => Vec::new(),
    }
}

/// A page on which the token for this path stands.
fn page_of(path: &str) -> &'static str {
    if path.starts_with("/sign-in") || path.starts_with("/invite") { "/invite" } else { "/account" }
}

/// Where the page of an application posts to, by the standards: what begins there asks the user before it does anything.
fn is_for_apps(path: &str) -> bool {
    ["/oauth/authorize", "/oidc/logout"].contains(&path)
}

on_both! {
    async fn ses_06_ses_07_no_route_takes_a_form_that_is_not_the_pages_own(store) {
        let app = TestApp::on(&store).await;
        let (ada, eve) = (app.enrol("ada", &[]).await, app.enrol("eve", &[]).await);
        let (browser, routes) = everything(&app, &ada).await;
        let (eves, _) = everything(&app, &eve).await;
        // The use of a page is marked once a minute; not in between.
        browser.clone().go("/account").await;
        let before = store.dump().await;
        let mut tried = 0;
        for (_, path) in routes.iter().filter(|(method, path)| *method == Method::POST && !is_for_apps(path)) {
            let mut page = browser.clone();
            page.go(page_of(path)).await;
            let own = page.token();
            assert!(!own.is_empty(), "{path}");
            let mut foreign_page = eves.clone();
            foreign_page.go(page_of(path)).await;
            let foreign = foreign_page.token();
            let same = ("sec-fetch-site", "same-origin");
            type Case<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)], &'a str);
            let cases: [Case<'_>; 13] = [
                ("no token", None, &OWN, "stale_form"),
                ("an empty token", Some(""), &OWN, "stale_form"),
                ("another browser's token", Some(&foreign), &OWN, "stale_form"),
                ("a token cut short", Some(&own[..own.len() - 1]), &OWN, "stale_form"),
                ("a foreign origin", Some(&own), &[same, ("origin", "https://evil.example")], "foreign_form"),
                ("a foreign origin, no fetch metadata", Some(&own), &[("origin", "https://evil.example")], "foreign_form"),
                ("null, no fetch metadata", Some(&own), &[("origin", "null")], "foreign_form"),
                ("cross-site", Some(&own), &[("sec-fetch-site", "cross-site"), ("origin", "null")], "foreign_form"),
                ("cross-site with our origin", Some(&own), &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8080")], "foreign_form"),
                ("same-site", Some(&own), &[("sec-fetch-site", "same-site")], "foreign_form"),
                ("typed", Some(&own), &[("sec-fetch-site", "none")], "foreign_form"),
                ("another port of this machine", Some(&own), &[("origin", "http://localhost:9090")], "foreign_form"),
                ("neither", Some(&own), &[], "foreign_form"),
            ];
            for (case, token, said, problem) in cases {
                let own_fields = fields(&ada, path);
                let mut fields: Vec<(&str, &str)> = own_fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                fields.extend(token.map(|token| ("csrf", token)));
                let mut headers = said.to_vec();
                headers.push(("accept", "application/json"));
                let reply = browser.clone().post_as(path, &fields, &headers).await;
                assert_eq!(reply.status, 403, "{path}: {case}: {}", reply.body);
                let shown = ["This page is out of date", "This did not come from our page"];
                let text = if problem == "stale_form" { shown[0] } else { shown[1] };
                assert!(reply.body.as_str().unwrap_or_default().contains(text), "{path}: {case}: {}", reply.body);
                tried += 1;
            }
            // The token twice, and bodies that are no form.
            let twice = [("csrf", own.as_str()), ("csrf", own.as_str())];
            assert_eq!(browser.clone().post_as(path, &twice, &OWN).await.status, 403, "{path}: twice");
            for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
                let headers = [OWN[0], OWN[1], ("content-type", kind)];
                let reply = browser.clone().send(Method::POST, path, &headers, &format!("csrf={own}")).await;
                assert_eq!(reply.status, 400, "{path}: {kind}");
            }
        }
        assert!(tried >= 15 * 13, "{tried}");
        assert!(store.dump().await == before, "something was done");
    }

    /// The token of one session is none of the next: bound to it, not only to the browser.
    async fn ses_07_a_token_goes_with_its_session(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.sign_in(&ada).await;
        let old = browser.token();
        browser.go("/sign-in?request=abc").await;
        let fields = [("name", "ada"), ("password", ada.password.as_str())];
        let at = browser.post("/sign-in", &fields).await.headers["location"].to_str().unwrap().to_owned();
        browser.go(&at).await;
        browser.code(&ada).await;
        assert_ne!(browser.token(), old);
        let reply = browser.post_as("/account/sessions/end-others", &[("csrf", &old)], &OWN).await;
        assert_eq!(reply.status, 403);
        assert_eq!(browser.submit("/account/sessions/end-others", &[]).await.status, 200);
    }

    async fn ses_08_getting_a_page_changes_nothing(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let (browser, routes) = everything(&app, &ada).await;
        let before = store.dump().await;
        for (_, path) in routes.iter().filter(|(method, _)| *method == Method::GET) {
            let reply = browser.clone().send(Method::GET, path, &[], "").await;
            // Without its action a step-up is for nothing.
            let bare = ["/account/step-up", "/oauth/authorize", "/oauth/authorize/continue"].contains(&path.as_str());
            let fits = reply.status.is_success() || reply.status.is_redirection() || bare;
            assert!(fits, "{path}: {}", reply.status);
        }
        for (method, path) in &routes {
            let other = if *method == Method::POST { Method::DELETE } else { Method::PUT };
            let reply = browser.clone().send(other.clone(), path, &OWN, "").await;
            assert_eq!(reply.status, 405, "{other} {path}");
        }
        assert!(store.dump().await == before, "something was changed");
    }

    async fn fields_that_a_form_does_not_have_are_refused(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in").await;
        let good = [("name", "ada"), ("password", "x")];
        for more in [("admin", "1"), ("name", "eve"), ("password", "y")] {
            let fields = [good[0], good[1], more];
            assert_eq!(browser.post("/sign-in", &fields).await.status, 400, "{more:?}");
        }
        assert_eq!(browser.post("/sign-in", &good[..1]).await.status, 400);
        let long = "x".repeat(17_000);
        assert_eq!(browser.post("/sign-in", &[good[0], ("password", &long)]).await.status, 413);
    }
}
