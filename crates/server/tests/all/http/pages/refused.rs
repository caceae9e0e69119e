//! Refusals as a browser meets them: a page with the problem's reference and a way on, and for programs the problem.

use http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_store::on_both;
use serde_json::json;

use super::browser::{Browser, OWN, between};

async fn as_program(app: &TestApp, path: &str, accept: &str) -> Reply {
    app.send(Method::GET, path, None, &[("accept", accept)]).await
}

on_both! {
    async fn a_browser_gets_a_page_and_a_program_the_problem(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        let reply = browser.go("/nothing").await;
        assert_eq!(reply.status, 404);
        assert!(browser.page.contains("There is nothing here") && browser.page.contains("href=\"/sign-in\""));
        let reference = between(&browser.page, "<code>", "</code>").unwrap();
        assert_eq!(reply.headers["x-request-id"], reference.as_str());
        assert!(reply.headers["vary"].to_str().unwrap().contains("Accept"));
        for accept in ["*/*", "application/json", "application/problem+json", "text/plain, */*;q=0.1", ""] {
            let reply = as_program(&app, "/nothing", accept).await;
            assert_eq!((reply.status.as_u16(), reply.refusal()), (404, "not_found"), "{accept}");
            assert_eq!(reply.headers["content-type"], "application/problem+json");
        }
    }

    async fn the_api_speaks_json_to_whoever_asks(store) {
        let app = TestApp::on(&store).await;
        for path in ["/v1/account", "/v1/nothing", "/.well-known/nothing", "/status/999"] {
            let reply = as_program(&app, path, "text/html").await;
            assert_eq!(reply.headers["content-type"], "application/problem+json", "{path}");
        }
        let html = [("accept", "text/html"), ("content-type", "application/json")];
        let reply = app.send(Method::POST, "/v1/login", Some(&json!({ "name": "ada", "password": "x" })), &html).await;
        assert_eq!(reply.refusal(), "credentials");
    }

    async fn the_reference_of_a_wrong_password_explains_itself(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        browser.go("/sign-in").await;
        browser.submit("/sign-in", &[("name", "ada"), ("password", "wrong")]).await;
        let reference = between(&browser.page, "<code>", "</code>").unwrap();
        assert!(reference.starts_with("ref_"), "{reference}");
        let explained = app.admin(Method::GET, &format!("/v1/admin/audit/records/{reference}"), None).await;
        assert_eq!(explained.status, 200, "{}", explained.body);
    }

    async fn what_a_page_is_told_to_say_is_closed_words(store) {
        let app = TestApp::on(&store).await;
        let mut browser = Browser::on(&app);
        use base64::Engine;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        for (word, reference) in [("<script>", ""), ("credentials", "<script>alert(1)</script>"), ("notice-99", ""), ("", "")] {
            let value = ["/sign-in", word, reference, "<b>"].map(encode).join(".");
            browser.cookies.insert("__Host-pl_said_8080".to_owned(), value);
            browser.go("/sign-in").await;
            assert!(!browser.page.contains("form-error") && !browser.page.contains("<b>"), "{word}");
        }
        let value = ["/sign-in", "credentials", "ref_1", "\"><script>"].map(encode).join(".");
        browser.cookies.insert("__Host-pl_said_8080".to_owned(), value);
        browser.go("/sign-in").await;
        assert!(browser.page.contains("form-error") && !browser.page.contains("\"><script>"), "what was typed is escaped");
    }

    async fn a_refused_form_of_a_program_is_a_problem_too(store) {
        let app = TestApp::on(&store).await;
        let headers = [OWN[0], OWN[1], ("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded")];
        let reply = app.send(Method::POST, "/sign-in", None, &headers).await;
        assert_eq!((reply.status.as_u16(), reply.refusal()), (403, "no_cookies"));
    }
}
