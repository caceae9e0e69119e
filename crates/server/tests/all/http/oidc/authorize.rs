//! `/oauth/authorize`: from a link to a code, and every way in which there is none.

use http::{Method, StatusCode};
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use crate::http::behind::{ISSUER, part, records, text};
use crate::http::oidc::world::{
    Answer, BACK, Shop, code_for, consent, follow, form, left, redeem, register, request, second, sign_in, spec, submit,
};
use crate::http::pages::browser::Browser;

/// The page that names the client's fault, and goes nowhere.
async fn refused_on_a_page(app: &TestApp, path: &str) {
    let mut browser = Browser::on(app);
    let reply = browser.send(Method::GET, path, &[], "").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}: {}", reply.body);
    assert!(left(&reply).is_none() && !reply.headers.contains_key("location"), "{path}");
    assert!(reply.body.as_str().unwrap().contains("req_"), "a page with a reference");
}

async fn error_of(app: &TestApp, changes: &[(&str, &str)]) -> Answer {
    let answer = follow(&mut Browser::on(app), &request("shop", changes)).await;
    let answer = answer.unwrap_or_else(|at| panic!("a page: {at} {changes:?}"));
    assert!(answer.location.starts_with(&format!("{BACK}?")), "{}", answer.location);
    assert_eq!(answer.get("iss"), ISSUER, "oae_07");
    answer
}

on_both! {
    async fn a_user_signs_in_consents_and_the_app_gets_tokens(store) {
        let app = TestApp::on(&store).await;
        register(&app, &spec("shop", "public")).await;
        let user = app.enrol("ada", &["staff"]).await;
        let mut browser = Browser::on(&app);
        let at = follow(&mut browser, &request("shop", &[("login_hint", "ada")])).await.err().unwrap();
        assert!(at.starts_with("/sign-in?request="), "{at}");
        assert!(browser.page.contains("The Shop") && browser.page.contains("value=\"ada\""), "{}", browser.page);
        let at = sign_in(&mut browser, &user).await.err().unwrap();
        assert!(at.starts_with("/oauth/authorize/continue"), "{at}");
        assert!(browser.page.contains("shop.example"), "oae_17: the host is shown");
        let answer = consent(&mut browser, "allow").await.ok().unwrap();
        assert!(answer.location.starts_with(&format!("{BACK}?code=plc_")), "{}", answer.location);
        assert_eq!((answer.get("state"), answer.get("iss")), ("st".to_owned(), ISSUER.to_owned()), "oae_07");
        let tokens = redeem(&app, "shop", &answer.get("code")).await.ok();
        assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("Bearer"), &json!("openid profile groups")));
        let (id, access) = (part(&text(&tokens, "id_token"), 1), part(&text(&tokens, "access_token"), 1));
        assert_eq!((&id["aud"], &id["nonce"], &id["iss"]), (&json!("shop"), &json!("no"), &json!(ISSUER)));
        assert_eq!((&id["sub"], &id["sid"]), (&access["sub"], &access["sid"]));
        assert_eq!((&access["aud"], &access["client_id"]), (&json!("api"), &json!("shop")));
        assert_eq!((&access["acr"], &access["scope"]), (&json!("aal2"), &json!("openid profile groups")));
        for (event, count) in [("consent.given", 1), ("code.issued", 1), ("code.redeemed", 1)] {
            assert_eq!(records(&app, event).await.len(), count, "{event}");
        }
        // The next time nothing is asked.
        let again = follow(&mut browser, &request("shop", &[("prompt", "none")])).await.ok().unwrap();
        redeem(&app, "shop", &again.get("code")).await.ok();
    }

    async fn oae_02_faults_of_client_and_address_are_shown_and_sent_nowhere(store) {
        let app = TestApp::on(&store).await;
        register(&app, &spec("shop", "public")).await;
        for changes in [
            vec![("client_id", "nobody")],
            vec![("client_id", "")],
            vec![("redirect_uri", "")],
            vec![("redirect_uri", "https://evil.example/cb")],
            vec![("redirect_uri", "https://shop.example/cb/")],
            vec![("redirect_uri", "https://shop.example/cb?x")],
            vec![("redirect_uri", "http://127.0.0.1:1/cb/../x")],
            vec![("redirect_uri", "https://evil.example/cb"), ("prompt", "none")],
            vec![("redirect_uri", "https://evil.example/cb"), ("response_type", "token")],
        ] {
            refused_on_a_page(&app, &request("shop", &changes)).await;
        }
        refused_on_a_page(&app, &format!("{}&redirect_uri=x", request("shop", &[]))).await;
        refused_on_a_page(&app, &format!("{}&client_id=shop", request("shop", &[]))).await;
        refused_on_a_page(&app, "/oauth/authorize").await;
        refused_on_a_page(&app, "/oauth/authorize?client_id=%zz").await;
        refused_on_a_page(&app, "/oauth/authorize/continue?request=x").await;
    }

    /// OAE-05: no token in the front channel. OAE-06: no response mode or scope but the client's.
    async fn oae_07_every_other_fault_goes_back_with_issuer_and_state(store) {
        let app = TestApp::on(&store).await;
        register(&app, &spec("shop", "public")).await;
        for (change, error) in [
            (("response_type", "token"), "unsupported_response_type"),
            (("response_type", "id_token token"), "unsupported_response_type"),
            (("response_mode", "fragment"), "invalid_request"),
            (("scope", "admin"), "invalid_scope"),
            (("code_challenge", ""), "invalid_request"),
            (("code_challenge_method", "plain"), "invalid_request"),
            (("code_challenge_method", ""), "invalid_request"),
            (("audience", "http://localhost:8080/account"), "invalid_target"),
            (("request", "eyJhbGciOiJub25lIn0.e30."), "request_not_supported"),
            (("request_uri", "https://evil.example/r"), "request_uri_not_supported"),
            (("prompt", "none login"), "invalid_request"),
            (("prompt", "none"), "login_required"),
            (("max_age", "x"), "invalid_request"),
        ] {
            let answer = error_of(&app, &[change]).await;
            assert_eq!((answer.error(), answer.get("state")), (error.to_owned(), "st".to_owned()), "{change:?}");
        }
        assert_eq!(records(&app, "code.issued").await.len(), 0);
    }

    async fn oae_17_no_is_told_and_nothing_is_remembered(store) {
        let app = TestApp::on(&store).await;
        register(&app, &spec("shop", "public")).await;
        let user = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        follow(&mut browser, &request("shop", &[])).await.err().unwrap();
        sign_in(&mut browser, &user).await.err().unwrap();
        let question = crate::http::oidc::world::hidden(&browser, "question");
        let answer = consent(&mut browser, "deny").await.ok().unwrap();
        assert_eq!((answer.error(), answer.get("iss")), ("access_denied".to_owned(), ISSUER.to_owned()));
        let silent = follow(&mut browser, &request("shop", &[("prompt", "none")])).await.ok().unwrap();
        assert_eq!(silent.error(), "consent_required");
        // Another's question cannot be answered.
        let eve = app.enrol("eve", &[]).await;
        let mut other = Browser::on(&app);
        other.sign_in(&eve).await;
        let fields = [("question", question.as_str()), ("answer", "allow")];
        other.go("/account").await;
        let refused = other.post("/oauth/authorize/consent", &fields).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
        assert_eq!(records(&app, "consent.given").await.len(), 0);
    }

    async fn oae_17_first_party_and_trusted_clients_ask_nobody(store) {
        let app = TestApp::on(&store).await;
        register(&app, &spec("own", "first_party")).await;
        let mut trusted = spec("web", "confidential");
        trusted["trusted"] = json!(true);
        register(&app, &trusted).await;
        let user = app.enrol("ada", &[]).await;
        for client in ["own", "web"] {
            let mut browser = Browser::on(&app);
            follow(&mut browser, &request(client, &[])).await.err().unwrap();
            assert!(sign_in(&mut browser, &user).await.is_ok(), "{client}");
        }
        assert_eq!(records(&app, "consent.given").await.len(), 0);
    }

    async fn oae_18_a_new_login_is_real_and_keeps_the_session_where_it_can(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let before = part(&text(&shop.tokens, "id_token"), 1);
        shop.app.advance(Span::from_minutes(10));
        let silent = follow(&mut shop.browser, &request("shop", &[("max_age", "60"), ("prompt", "none")])).await;
        assert_eq!(silent.ok().unwrap().error(), "login_required");
        // Inside the session both factors are proved again.
        let at = follow(&mut shop.browser, &request("shop", &[("max_age", "60")])).await.err().unwrap();
        assert!(at.starts_with("/account/step-up?action=authorize"), "{at}");
        let target = crate::http::oidc::world::hidden(&shop.browser, "target");
        let fields = [("password", shop.user.password.as_str()), ("action", "authorize"), ("target", &target)];
        submit(&mut shop.browser, "/account/step-up", &fields).await.err().unwrap();
        let answer = second(&mut shop.browser, &shop.user).await.ok().unwrap();
        let tokens = redeem(&shop.app, "shop", &answer.get("code")).await.ok();
        let after = part(&text(&tokens, "id_token"), 1);
        assert_eq!(before["sid"], after["sid"]);
        assert!(after["auth_time"].as_i64() > before["auth_time"].as_i64());
        // A login that is asked for is one at the front door.
        let at = follow(&mut shop.browser, &request("shop", &[("prompt", "login")])).await.err().unwrap();
        assert!(at.starts_with("/sign-in?request="), "{at}");
        assert!(sign_in(&mut shop.browser, &shop.user).await.is_ok());
    }

    async fn stp_03_a_strength_that_is_not_reached_is_told_and_does_not_loop(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        shop.app.advance(Span::from_minutes(1));
        let at = follow(&mut shop.browser, &request("shop", &[("acr_values", "phr")])).await.err().unwrap();
        assert!(at.starts_with("/account/step-up"), "{at}");
        let target = crate::http::oidc::world::hidden(&shop.browser, "target");
        let fields = [("password", shop.user.password.as_str()), ("action", "authorize"), ("target", &target)];
        submit(&mut shop.browser, "/account/step-up", &fields).await.err().unwrap();
        let answer = second(&mut shop.browser, &shop.user).await.ok().unwrap();
        assert_eq!(answer.error(), "unmet_authentication_requirements");
    }

    async fn oae_01_a_native_app_comes_back_to_the_port_it_has(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let back = "http://127.0.0.1:49731/cb";
        let silent = request("shop", &[("redirect_uri", back), ("prompt", "none")]);
        assert_eq!(follow(&mut shop.browser, &silent).await.ok().unwrap().error(), "consent_required");
        // Allowed before, and asked all the same: who listens there is anybody (RFC 8252 section 8.6).
        follow(&mut shop.browser, &request("shop", &[("redirect_uri", back)])).await.err().unwrap();
        let answer = consent(&mut shop.browser, "allow").await.ok().unwrap();
        assert!(answer.location.starts_with("http://127.0.0.1:49731/cb?code="), "{}", answer.location);
        let pairs = |uri| form(&[("redirect_uri", uri)]);
        assert_ne!(pairs(back), pairs(BACK));
        let refused = redeem(&shop.app, "shop", &answer.get("code")).await;
        assert_eq!(crate::http::oidc::world::error(&refused), "invalid_grant", "redeemed with another address");
    }

    async fn oae_22_redirects_after_a_form_are_303_and_leave_by_a_page(store) {
        let app = TestApp::on(&store).await;
        register(&app, &spec("own", "first_party")).await;
        let user = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        // A form of the application's own page comes without our cookies; it goes on all the same.
        let query = request("own", &[]);
        let body = query.split_once('?').unwrap().1.to_owned();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://shop.example")];
        let reply = browser.send(Method::POST, "/oauth/authorize", &headers, &body).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER);
        let answer = code_for(&mut browser, &user, &query).await;
        assert!(!answer.get("code").is_empty());
        assert!(!reply.headers.contains_key("access-control-allow-origin"), "oae_21");
    }

    /// Core section 3.1.2.1: a request may come by a form, and then it comes without our cookies.
    async fn a_form_of_an_application_finds_the_session_by_a_link(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let cookies = shop.browser.cookies.clone();
        for (change, done) in [(("prompt", "none"), true), (("redirect_uri", "https://evil.example/cb"), false)] {
            let query = request("shop", &[change]);
            let reply = shop.browser.foreign("/oauth/authorize", query.split_once('?').unwrap().1).await;
            assert_eq!(shop.browser.cookies, cookies, "ses_06: whatever another site posts, our open pages stay good");
            let Some(to) = reply.headers.get("location") else {
                assert!(!done && reply.status == StatusCode::BAD_REQUEST, "{}", reply.body);
                continue;
            };
            let to = to.to_str().unwrap().to_owned();
            assert!(done && to.starts_with("/oauth/authorize/continue?request="), "{to}");
            let answer = follow(&mut shop.browser, &to).await.ok().unwrap();
            redeem(&shop.app, "shop", &answer.get("code")).await.ok();
        }
        shop.browser.foreign("/sign-in", "name=eve&password=x").await;
        assert_eq!(shop.browser.cookies, cookies);
    }
}
