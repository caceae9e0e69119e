//! Which pages may call with scripts (OAE-21).

use http::{Method, StatusCode};
use poundlock::testing::TestApp;
use poundlock_store::on_both;

use crate::http::behind::text;
use crate::http::oidc::world::{BACK, Shop, VERIFIER, error, register, spec, token};

on_both! {
    async fn oae_21_a_registered_page_may_call_for_its_own_client_alone(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let mut other = spec("other", "public");
        other["origins"] = serde_json::json!(["https://other.example"]);
        register(&shop.app, &other).await;
        let code = shop.code().await;
        let pairs = [
            ("grant_type", "authorization_code"),
            ("client_id", "shop"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        for origin in ["https://other.example", "https://evil.example", "null"] {
            let refused = token(&shop.app, &pairs, &[("origin", origin)]).await;
            assert_eq!(error(&refused), "invalid_request", "{origin}");
        }
        let granted = token(&shop.app, &pairs, &[("origin", "https://shop.example")]).await;
        assert_eq!(granted.headers["access-control-allow-origin"], "https://shop.example");
        granted.ok();
    }

    async fn oae_21_preflights_name_exact_origins_and_never_the_authorization_endpoint(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        for (path, origin, allowed) in [
            ("/oauth/token", "https://shop.example", true),
            ("/oauth/token", "https://shop.example.evil.example", false),
            ("/oauth/token", "https://evil.example", false),
            ("/oauth/token", "null", false),
            ("/oidc/userinfo", "https://shop.example", true),
            ("/oauth/authorize", "https://shop.example", false),
            ("/oauth/authorize/continue", "https://shop.example", false),
            ("/oidc/logout", "https://shop.example", false),
        ] {
            let asks = [("origin", origin), ("access-control-request-method", "POST")];
            let reply = shop.app.send(Method::OPTIONS, path, None, &asks).await;
            let named = reply.headers.get("access-control-allow-origin");
            assert_eq!(named.is_some_and(|named| named == origin), allowed, "{path} {origin}");
            assert_eq!(reply.status == StatusCode::NO_CONTENT, allowed, "{path} {origin}");
            assert!(!reply.headers.contains_key("access-control-allow-credentials"));
        }
        let access = text(&shop.tokens, "access_token");
        let headers = [("origin", "https://shop.example"), ("authorization", &*format!("Bearer {access}"))];
        let told = shop.app.send(Method::GET, "/oidc/userinfo", None, &headers).await;
        assert_eq!(told.headers["access-control-allow-origin"], "https://shop.example");
    }
}
