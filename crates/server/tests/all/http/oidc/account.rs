//! What a user has allowed whom, and takes back (RFT-12, OAE-17).

use http::Method;
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

use crate::http::behind::{ACCOUNT, records, text};
use crate::http::oidc::world::{Shop, error, follow, redeem, request, token};

on_both! {
    async fn rft_12_grants_are_listed_and_revoked_with_their_tokens_and_codes(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let account = text(&shop.app.log_in(&shop.user, Some(ACCOUNT)).await, "access_token");
        let listed = shop.app.bearer(Method::GET, "/v1/grants", None, &account).await.ok();
        let grants = listed["grants"].as_array().unwrap();
        let shops = grants.iter().find(|grant| grant["client"] == "shop").unwrap();
        assert_eq!((&shops["name"], &shops["signed_in"]), (&json!("The Shop"), &json!(true)));
        assert_eq!((&shops["scope"], &shops["audiences"]), (&json!("openid profile groups"), &json!(["api"])));
        let code = shop.code().await;
        let ended = shop.app.bearer(Method::DELETE, "/v1/grants/shop", None, &account).await;
        assert_eq!(ended.status, 204, "{}", ended.body);
        let refresh = text(&shop.tokens, "refresh_token");
        let pairs = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", refresh.as_str())];
        assert_eq!(error(&token(&shop.app, &pairs, &[]).await), "invalid_grant");
        assert_eq!(error(&redeem(&shop.app, "shop", &code).await), "invalid_grant");
        let silent = follow(&mut shop.browser, &request("shop", &[("prompt", "none")])).await.ok().unwrap();
        assert_eq!(silent.error(), "consent_required");
        assert_eq!(records(&shop.app, "consent.revoked").await.len(), 1);
        let again = shop.app.bearer(Method::DELETE, "/v1/grants/shop", None, &account).await;
        assert_eq!(again.refusal(), "gone");
    }

    async fn rft_12_the_account_page_shows_grants_and_takes_them_back(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        shop.browser.go("/account").await;
        assert!(shop.browser.page.contains("The Shop") && shop.browser.page.contains("learn your name"), "{}", shop.browser.page);
        let reply = shop.browser.submit("/account/grants/shop/withdraw", &[]).await;
        assert!(shop.browser.page.contains("The app may no longer do this."), "{} {}", reply.status, shop.browser.page);
        assert!(!shop.browser.page.contains("The Shop"), "{}", shop.browser.page);
        let refresh = text(&shop.tokens, "refresh_token");
        let pairs = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", refresh.as_str())];
        assert_eq!(error(&token(&shop.app, &pairs, &[]).await), "invalid_grant");
        let silent = follow(&mut shop.browser, &request("shop", &[("prompt", "none")])).await.ok().unwrap();
        assert_eq!(silent.error(), "consent_required");
    }

    async fn rft_12_removing_a_client_ends_all_that_it_has(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let code = shop.code().await;
        assert_eq!(shop.app.admin(Method::DELETE, "/v1/admin/clients/shop", None).await.status, 204);
        shop.app.take_over_changes().await;
        assert_eq!(error(&redeem(&shop.app, "shop", &code).await), "invalid_client");
        // One of the same name is another client.
        crate::http::oidc::world::register(&shop.app, &crate::http::oidc::world::spec("shop", "public")).await;
        let refresh = text(&shop.tokens, "refresh_token");
        let pairs = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", refresh.as_str())];
        assert_eq!(error(&token(&shop.app, &pairs, &[]).await), "invalid_grant");
        let silent = follow(&mut shop.browser, &request("shop", &[("prompt", "none")])).await.ok().unwrap();
        assert_eq!(silent.error(), "consent_required");
    }
}
