//! Refresh at the token endpoint: by the client that has proved itself, with less than was granted, never more.

use http::StatusCode;
use poundlock::testing::{Reply, TestApp};
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use crate::http::behind::{part, records, text};
use crate::http::oidc::world::{Shop, error, follow, register, request, spec, token};

async fn refresh(app: &TestApp, client: &str, token_text: &Value, more: &[(&str, &str)]) -> Reply {
    let mut pairs =
        vec![("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token_text.as_str().unwrap())];
    pairs.extend_from_slice(more);
    token(app, &pairs, &[]).await
}

on_both! {
    async fn rft_01_a_refresh_gives_all_three_tokens_of_the_same_login(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        shop.app.advance(Span::from_minutes(1));
        let next = refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[]).await.ok();
        let (before, after) = (part(&text(&shop.tokens, "id_token"), 1), part(&text(&next, "id_token"), 1));
        for stays in ["iss", "sub", "aud", "azp", "sid", "auth_time", "acr", "amr"] {
            assert_eq!(before[stays], after[stays], "{stays}");
        }
        assert!(after["iat"].as_i64() > before["iat"].as_i64() && after.get("nonce").is_none());
        assert_ne!(next["refresh_token"], shop.tokens["refresh_token"]);
        assert_eq!(next["scope"], shop.tokens["scope"]);
    }

    async fn rft_06_another_client_gets_nothing_and_ends_nothing(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        register(&shop.app, &spec("other", "public")).await;
        assert_eq!(error(&refresh(&shop.app, "other", &shop.tokens["refresh_token"], &[]).await), "invalid_grant");
        refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[]).await.ok();
    }

    async fn rft_07_less_may_be_asked_for_and_more_not(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        let less = refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[("scope", "openid")]).await.ok();
        assert_eq!((&less["scope"], &part(&text(&less, "access_token"), 1)["scope"]), (&json!("openid"), &json!("openid")));
        for more in [("scope", "openid orders.read"), ("scope", "admin"), ("audience", "http://localhost:8080/account")] {
            let refused = refresh(&shop.app, "shop", &less["refresh_token"], &[more]).await;
            assert_eq!(error(&refused), "invalid_scope", "{more:?}");
        }
        let all = refresh(&shop.app, "shop", &less["refresh_token"], &[]).await.ok();
        assert_eq!(all["scope"], "openid profile groups", "the grant has not shrunk");
    }

    async fn rft_02_a_used_token_is_a_theft_here_too(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        let second = refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[]).await.ok();
        let again = refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[]).await.ok();
        assert_eq!(again["refresh_token"], second["refresh_token"], "rft_03: a lost answer is given again");
        refresh(&shop.app, "shop", &second["refresh_token"], &[]).await.ok();
        assert_eq!(error(&refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[]).await), "invalid_grant");
        assert_eq!(records(&shop.app, "refresh.theft").await.len(), 1);
    }

    async fn rft_03_too_many_repeats_are_told_to_wait(store) {
        let shop = Shop::open(TestApp::on(&store).await).await;
        for _ in 0..4 {
            refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[]).await.ok();
        }
        let slow = refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[]).await;
        assert_eq!((slow.status, error(&slow).as_str()), (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"));
        assert!(slow.headers.contains_key("retry-after"));
    }

    async fn a_stale_second_factor_sends_the_user_back_and_a_new_code_mends_it(store) {
        let app = TestApp::on(&store).await;
        let mut shop = Shop::open(app).await;
        let mut token = shop.tokens["refresh_token"].clone();
        // The session of the browser is used on the way, so that it does not rest too long.
        for _ in 0..25 {
            shop.app.advance(Span::from_minutes(29));
            let reply = refresh(&shop.app, "shop", &token, &[]).await;
            if reply.status != StatusCode::OK {
                assert_eq!(error(&reply), "insufficient_user_authentication");
                let at = follow(&mut shop.browser, &request("shop", &[])).await.err().unwrap();
                assert!(at.starts_with("/account/step-up"), "{at}");
                return;
            }
            token = reply.body["refresh_token"].clone();
        }
        panic!("never asked again");
    }

    async fn rft_04_the_clients_own_limits_hold_in_a_shared_session(store) {
        let app = TestApp::on(&store).await;
        let mut short = spec("short", "first_party");
        short["idle_seconds"] = json!(600);
        register(&app, &short).await;
        let mut shop = Shop::open(app).await;
        let answer = follow(&mut shop.browser, &request("short", &[])).await.ok().unwrap();
        let tokens = crate::http::oidc::world::redeem(&shop.app, "short", &answer.get("code")).await.ok();
        shop.app.advance(Span::from_minutes(11));
        assert_eq!(error(&refresh(&shop.app, "short", &tokens["refresh_token"], &[]).await), "invalid_grant");
        refresh(&shop.app, "shop", &shop.tokens["refresh_token"], &[]).await.ok();
    }

    async fn a_client_without_refresh_tokens_gets_none(store) {
        let app = TestApp::on(&store).await;
        let mut plain = spec("plain", "first_party");
        plain["refresh_tokens"] = json!(false);
        register(&app, &plain).await;
        let mut shop = Shop::open(app).await;
        let answer = follow(&mut shop.browser, &request("plain", &[])).await.ok().unwrap();
        let tokens = crate::http::oidc::world::redeem(&shop.app, "plain", &answer.get("code")).await.ok();
        assert!(tokens.get("refresh_token").is_none() && tokens["id_token"].is_string());
    }
}
