//! What an operator takes from an application, it has no more: not by a request that was sealed before, nor by a code.

use http::{Method, StatusCode};
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::{Value, json};

use crate::http::behind::{add_audience, part, records, text};
use crate::http::oidc::world::{
    BACK, Shop, code_for, consent, error, follow, redeem, register, request, sign_in, spec, token,
};
use crate::http::pages::browser::Browser;

/// Registers the application anew, changed.
async fn change(app: &TestApp, change: impl FnOnce(&mut Value)) {
    let mut spec = spec("shop", "public");
    change(&mut spec);
    app.admin(Method::PUT, "/v1/admin/clients/shop", Some(&spec)).await.ok();
    app.take_over_changes().await;
}

/// The changes that take something away, and what is told of them; none where the address itself is gone.
fn taken_away() -> Vec<(&'static str, Value, Option<&'static str>)> {
    vec![
        ("redirect_uris", json!(["https://shop.example/other"]), None),
        ("scopes", json!(["openid"]), Some("invalid_scope")),
        ("audiences", json!(["orders"]), Some("invalid_target")),
        ("dpop_required", json!(true), None),
    ]
}

/// A page that tells a fault, from which nothing leads to the application.
fn is_told_here(browser: &Browser, answered: Result<String, String>) {
    let at = answered.expect_err("stays here");
    assert!(browser.page.contains("req_") && !browser.page.contains("code="), "{at}: {}", browser.page);
}

on_both! {
    async fn oae_01_a_request_on_its_way_does_not_outlive_a_change(store) {
        let app = TestApp::on(&store).await;
        add_audience(&app, "orders", "ES256").await;
        register(&app, &spec("shop", "public")).await;
        let user = app.enrol("ada", &[]).await;
        for (field, value, told) in taken_away() {
            // At the sign-in page, and again at the question for consent.
            for asks_consent in [false, true] {
                change(&app, |_| ()).await;
                let mut browser = Browser::on(&app);
                follow(&mut browser, &request("shop", &[])).await.err().unwrap();
                if asks_consent {
                    sign_in(&mut browser, &user).await.err().unwrap();
                }
                change(&app, |spec| spec[field] = value.clone()).await;
                let answered = match asks_consent {
                    false => sign_in(&mut browser, &user).await,
                    true => consent(&mut browser, if field == "scopes" { "deny" } else { "allow" }).await,
                };
                match told {
                    None => is_told_here(&browser, answered.map(|answer| answer.location)),
                    Some(error) => assert_eq!(answered.ok().unwrap().error(), error, "{field} {asks_consent}"),
                }
            }
        }
        assert_eq!(records(&app, "code.issued").await.len() + records(&app, "consent.given").await.len(), 0);
    }

    async fn a_client_that_is_removed_on_the_way_is_sent_nothing(store) {
        let app = TestApp::on(&store).await;
        register(&app, &spec("shop", "public")).await;
        let user = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        follow(&mut browser, &request("shop", &[])).await.err().unwrap();
        assert_eq!(app.admin(Method::DELETE, "/v1/admin/clients/shop", None).await.status, 204);
        app.take_over_changes().await;
        let answered = sign_in(&mut browser, &user).await;
        is_told_here(&browser, answered.map(|answer| answer.location));
    }

    /// RFC 9449 section 5.2: the operator asked for tokens that a thief cannot use.
    async fn rft_11_a_client_whose_tokens_must_be_bound_gets_none_here(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let code = shop.code().await;
        change(&shop.app, |spec| spec["dpop_required"] = json!(true)).await;
        assert_eq!(error(&redeem(&shop.app, "shop", &code).await), "invalid_grant");
        let refresh = text(&shop.tokens, "refresh_token");
        let pairs = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", refresh.as_str())];
        assert_eq!(error(&token(&shop.app, &pairs, &[]).await), "invalid_grant");
        let reply = shop.browser.send(Method::GET, &request("shop", &[]), &[], "").await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        change(&shop.app, |_| ()).await;
        let next = token(&shop.app, &pairs, &[]).await.ok();
        assert!(next["refresh_token"].is_string());
    }

    async fn oae_17_consent_is_for_the_service_that_was_named(store) {
        let app = TestApp::on(&store).await;
        add_audience(&app, "orders", "ES256").await;
        let both = |id: &str, kind: &str| {
            let mut spec = spec(id, kind);
            spec["audiences"] = json!(["api", "orders"]);
            spec
        };
        register(&app, &both("shop", "public")).await;
        register(&app, &both("own", "first_party")).await;
        let user = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        let refresh = async |client: &str, tokens: &Value, audience: &str| {
            let refresh = text(tokens, "refresh_token");
            let pairs = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", refresh.as_str())];
            token(&app, &[pairs.as_slice(), &[("audience", audience)]].concat(), &[]).await
        };
        let code = code_for(&mut browser, &user, &request("shop", &[])).await.get("code");
        let tokens = redeem(&app, "shop", &code).await.ok();
        assert_eq!(error(&refresh("shop", &tokens, "orders").await), "invalid_scope");
        // Asked about the other one too, and after that not again.
        let silent = [("audience", "orders"), ("prompt", "none")];
        assert_eq!(follow(&mut browser, &request("shop", &silent)).await.ok().unwrap().error(), "consent_required");
        follow(&mut browser, &request("shop", &[("audience", "orders")])).await.err().unwrap();
        let answer = consent(&mut browser, "allow").await.ok().unwrap();
        let tokens = redeem(&app, "shop", &answer.get("code")).await.ok();
        assert_eq!(part(&text(&tokens, "access_token"), 1)["aud"], "orders");
        for audience in ["orders", "api"] {
            let answer = follow(&mut browser, &request("shop", &[("audience", audience), ("prompt", "none")])).await;
            assert!(answer.ok().unwrap().location.starts_with(&format!("{BACK}?code=")), "{audience}");
        }
        // The operator's own asks nobody, and has what it is registered for.
        let answer = follow(&mut browser, &request("own", &[])).await.ok().unwrap();
        let tokens = redeem(&app, "own", &answer.get("code")).await.ok();
        let next = refresh("own", &tokens, "orders").await.ok();
        assert_eq!(part(&text(&next, "access_token"), 1)["aud"], "orders");
    }
}
