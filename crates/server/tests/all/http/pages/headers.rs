//! The headers of pages: nothing inline, nothing foreign, nothing kept, nothing framed.

use http::Method;
use poundlock::testing::{Reply, TestApp, pages};
use poundlock_store::on_both;

use super::browser::{Browser, between};

fn is_dressed(reply: &Reply, what: &str) {
    let header =
        |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.contains(part), "{what}: {part}: {policy}");
    }
    for never in ["unsafe-inline", "unsafe-eval", "*", "data:", "http:", "https:"] {
        assert!(!policy.contains(never), "{what}: {never}");
    }
    assert_eq!(header("cache-control"), "no-store", "{what}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("x-frame-options"), "DENY", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(header("content-type").starts_with("text/html; charset=utf-8"), "{what}");
    for part in ["publickey-credentials-get=(self)", "publickey-credentials-create=(self)", "camera=()"] {
        assert!(header("permissions-policy").contains(part), "{what}: {part}");
    }
}

fn has_nothing_inline(page: &str, what: &str) {
    let page = page.to_ascii_lowercase();
    for never in [
        "<style",
        " style=",
        "javascript:",
        "onclick",
        "onload",
        "onsubmit",
        "onerror",
        "<base",
        "<iframe",
        "<object",
        "srcdoc",
    ] {
        assert!(!page.contains(never), "{what}: {never}");
    }
    for script in page.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').unwrap();
        assert!(tag.contains(" src=\"/assets/"), "{what}: {tag}");
        assert!(rest.trim_start().starts_with("</script>"), "{what}: {tag}");
    }
    for address in page
        .split(" src=\"")
        .skip(1)
        .chain(page.split("<link").skip(1).filter_map(|link| link.split_once("href=\"").map(|(_, rest)| rest)))
    {
        assert!(address.starts_with("/assets/"), "ses_11: {what}: {}", &address[..address.len().min(80)]);
    }
}

on_both! {
    async fn ses_09_ses_10_ses_11_every_page_is_dressed(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        let mut seen = 0;
        for path in ["/sign-in", "/invite", "/sign-out/done", "/sign-in/lgn_1", "/nothing/here", "/account/codes"] {
            let reply = browser.go(path).await;
            is_dressed(&reply, path);
            has_nothing_inline(&browser.page, path);
        }
        browser.password(&ada).await;
        let at = browser.at.clone();
        is_dressed(&browser.go(&at).await, "second factor");
        has_nothing_inline(&browser.page, "second factor");
        browser.code(&ada).await;
        for (_, path) in pages().iter().filter(|(method, path)| *method == Method::GET && !path.contains('{')) {
            let path = if *path == "/account/step-up" { "/account/step-up?action=password.change" } else { *path };
            let reply = browser.go(path).await;
            is_dressed(&reply, path);
            has_nothing_inline(&browser.page, path);
            seen += 1;
        }
        assert!(seen >= 8, "{seen}");
        assert!(!browser.page.is_empty());
    }

    async fn assets_are_kept_and_pages_are_not(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in").await;
        let names: Vec<String> = browser.page.split("/assets/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        assert!(names.len() >= 2, "{names:?}");
        for name in names {
            let reply = browser.send(Method::GET, &format!("/assets/{name}"), &[], "").await;
            assert_eq!(reply.status, 200, "{name}");
            assert!(reply.headers["cache-control"].to_str().unwrap().contains("immutable"));
            assert_eq!(reply.headers["x-content-type-options"], "nosniff");
            assert_eq!(reply.headers["cross-origin-resource-policy"], "same-origin", "{name}");
        }
        for name in ["app.css", "app.000000000000.css", "..%2fCargo.toml", "%2e%2e"] {
            assert_eq!(browser.send(Method::GET, &format!("/assets/{name}"), &[], "").await.status, 404, "{name}");
        }
    }

    async fn ses_10_hsts_is_for_tls_alone(store) {
        let app = TestApp::on(&store).await;
        assert!(!Browser::on(&app).go("/sign-in").await.headers.contains_key("strict-transport-security"));
        let set = |settings: &mut poundlock::testing::Settings| settings.issuer = Some("https://login.example.org".to_owned());
        let over_tls = TestApp::with(&store, set).await;
        let request = http::Request::get("/sign-in").header("host", "login.example.org").header("accept", "text/html");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let reply = over_tls.raw(std::net::IpAddr::from([127, 0, 0, 1]), request).await;
        let hsts = reply.headers["strict-transport-security"].to_str().unwrap();
        assert_eq!(hsts, "max-age=31536000; includeSubDomains");
        let form = reply.headers["set-cookie"].to_str().unwrap();
        assert!(form.starts_with("__Host-pl_form=") && form.contains("; Secure"), "no port in the name: {form}");
    }

    async fn plain_cookies_are_for_development(store) {
        let app = TestApp::with(&store, |settings| settings.plain_cookies = true).await;
        let ada = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.sign_in(&ada).await;
        assert!(browser.cookies.keys().all(|name| name.starts_with("pl_") && name.ends_with("_8080")), "{:?}", browser.cookies.keys());
    }

    async fn the_language_is_chosen_and_kept(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in?return_to=/account/codes").await;
        assert!(browser.page.contains("<html lang=\"en\">"));
        let german = between(&browser.page, "<a href=\"", "\" hreflang=\"de\"").unwrap();
        let german = german.rsplit("<a href=\"").next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
        assert!(german.contains("return_to"), "the rest of the address stays: {german}");
        browser.go(&german).await;
        assert!(browser.page.contains("<html lang=\"de\">"));
        browser.go("/invite").await;
        assert!(browser.page.contains("<html lang=\"de\">"), "kept");
        let reply = browser.go("/nothing").await;
        assert!(reply.status == 404 && browser.page.contains("<html lang=\"de\">"), "error pages too");
        browser.go("/invite?ui_locales=xx").await;
        assert!(browser.page.contains("<html lang=\"de\">"));
    }
}
