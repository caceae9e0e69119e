//! `/oidc/userinfo` and the documents that say what there is.

use http::{Method, StatusCode};
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

use crate::http::behind::{ISSUER, claims, disable, text};
use crate::http::oidc::world::{Shop, error};

on_both! {
    async fn userinfo_says_what_the_scope_opens_by_get_and_post(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        let access = text(&shop.tokens, "access_token");
        let sub = claims(&shop.tokens)["sub"].clone();
        let expected = json!({ "sub": sub, "name": "ada", "preferred_username": "ada", "groups": ["staff"] });
        for method in [Method::GET, Method::POST] {
            assert_eq!(shop.app.bearer(method, "/oidc/userinfo", None, &access).await.ok(), expected);
        }
    }

    async fn userinfo_wants_a_live_token_with_openid(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        let (app, access) = (&shop.app, text(&shop.tokens, "access_token"));
        let bare = app.get("/oidc/userinfo").await;
        assert_eq!((error(&bare).as_str(), bare.status), ("invalid_token", StatusCode::UNAUTHORIZED));
        assert!(bare.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
        let in_query = app.get(&format!("/oidc/userinfo?access_token={}", &access[..500.min(access.len())])).await;
        assert_eq!(error(&in_query), "invalid_token", "bnd_08");
        let api = app.log_in(&shop.user, None).await;
        let plain = app.bearer(Method::GET, "/oidc/userinfo", None, &text(&api, "access_token")).await;
        assert_eq!((error(&plain).as_str(), plain.status), ("insufficient_scope", StatusCode::FORBIDDEN));
        disable(app, "ada").await;
        assert_eq!(error(&app.bearer(Method::GET, "/oidc/userinfo", None, &access).await), "invalid_token");
    }

    async fn oae_08_the_documents_are_true_at_both_addresses(store) {
        let app = TestApp::on(&store).await;
        let reply = app.get("/.well-known/openid-configuration").await;
        assert_eq!(reply.headers["cache-control"], "public, max-age=300");
        assert_eq!(reply.headers["access-control-allow-origin"], "*");
        let told = reply.ok();
        assert_eq!(told, app.get("/.well-known/oauth-authorization-server").await.ok());
        assert_eq!(told["issuer"], ISSUER);
        for (name, url) in told.as_object().unwrap() {
            if !(name.ends_with("_endpoint") || name == "jwks_uri") {
                continue;
            }
            let path = url.as_str().unwrap().strip_prefix(ISSUER).unwrap();
            let there = app.get(path).await.status;
            assert_ne!(there, StatusCode::NOT_FOUND, "{name}");
        }
    }
}
