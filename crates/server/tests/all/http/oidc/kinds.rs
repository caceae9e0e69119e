//! Every secret and token at every endpoint that takes another one (OAE-23, TOK-06, TOK-08, T-26).

use http::Method;
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

use crate::http::behind::{ACCOUNT, at_service, text};
use crate::http::oidc::world::{BACK, Shop, VERIFIER, error, follow, request, token};

on_both! {
    async fn oae_23_no_secret_of_one_kind_is_taken_for_another(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let code = shop.code().await;
        let api = shop.app.log_in(&shop.user, Some(ACCOUNT)).await;
        let login = shop.app.password_step(&shop.user).await;
        let asked = shop.app.post("/v1/login/passkey/options", &json!({})).await.ok();
        let all = [
            ("passkey challenge", text(&asked, "login")),
            ("code", code),
            ("access_token", text(&shop.tokens, "access_token")),
            ("id_token", text(&shop.tokens, "id_token")),
            ("refresh_token", text(&shop.tokens, "refresh_token")),
            ("account token", text(&api, "access_token")),
            ("device", text(&api, "device")),
            ("login", login),
            ("session cookie", shop.browser.cookie("session")),
        ];
        let app = shop.app.clone();
        for (kind, secret) in &all {
            if *kind != "code" {
                let pairs = [
                    ("grant_type", "authorization_code"),
                    ("client_id", "shop"),
                    ("code", secret.as_str()),
                    ("redirect_uri", BACK),
                    ("code_verifier", VERIFIER),
                ];
                assert_eq!(error(&token(&app, &pairs, &[]).await), "invalid_grant", "{kind} as a code");
            }
            if *kind != "refresh_token" {
                let pairs = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", secret)];
                assert_eq!(error(&token(&app, &pairs, &[]).await), "invalid_grant", "{kind} as a refresh token");
            }
            if !["access_token", "account token"].contains(kind) {
                let told = app.bearer(Method::GET, "/oidc/userinfo", None, secret).await;
                assert_eq!(error(&told), "invalid_token", "{kind} at userinfo");
            }
            if *kind != "account token" {
                let told = app.bearer(Method::GET, "/v1/account", None, secret).await;
                assert_eq!(told.refusal(), "unauthenticated", "{kind} at the account");
            }
            if !kind.contains("challenge") {
                let told = shop.app.post("/v1/login/passkey/options", &json!({ "login": secret })).await;
                assert!(["gone", "wrong_step"].contains(&told.refusal()), "{kind} as a login: {}", told.body);
            }
            if *kind != "request" {
                let at = follow(&mut shop.browser, &format!("/oauth/authorize/continue?request={secret}")).await;
                assert!(at.is_err(), "{kind} as a request");
            }
        }
        // What is right still is.
        follow(&mut shop.browser, &request("shop", &[])).await.ok().unwrap();
    }

    async fn tok_08_no_service_takes_an_id_token(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        at_service(&shop.app, &text(&shop.tokens, "access_token"), "api").await.unwrap();
        let now = crate::http::behind::seconds(&shop.app);
        for audience in ["api", "shop", ACCOUNT] {
            let verifier = poundlock_verify::Verifier::new(crate::http::behind::ISSUER, audience);
            let verifier = verifier.with_keys(crate::http::behind::jwks(&shop.app).await);
            assert!(verifier.check(&text(&shop.tokens, "id_token"), now).is_err(), "{audience}");
        }
    }
}
