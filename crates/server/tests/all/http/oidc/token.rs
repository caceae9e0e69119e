//! `/oauth/token`: what a code gives, to whom, and once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::json;

use crate::http::behind::{disable, part, records, text};
use crate::http::oidc::world::{
    BACK, Shop, VERIFIER, code_for, error, post_form, redeem, register, request, spec, token,
};
use crate::http::pages::browser::Browser;

/// A redemption, with other parameters than it should have.
async fn redeem_with(app: &TestApp, code: &str, changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("client_id", "shop"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    for change in changes {
        pairs.retain(|(name, _)| *name != change.0);
        pairs.push(*change);
    }
    error(&token(app, &pairs, &[]).await)
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

on_both! {
    /// OAE-05, OAE-06: no grant type but those of the flow.
    async fn t_28_and_oae_04_a_code_is_for_one_client_address_and_verifier(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        register(&shop.app, &spec("other", "public")).await;
        let code = shop.code().await;
        for (change, expected) in [
            (("code_verifier", ""), "invalid_grant"),
            (("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), "invalid_grant"),
            (("code_verifier", "wrong"), "invalid_grant"),
            (("redirect_uri", ""), "invalid_grant"),
            (("redirect_uri", "http://127.0.0.1/cb"), "invalid_grant"),
            (("client_id", "other"), "invalid_grant"),
            (("client_id", "nobody"), "invalid_client"),
            (("client_id", ""), "invalid_client"),
            (("code", ""), "invalid_request"),
            (("code", "plc_x"), "invalid_grant"),
            (("grant_type", "password"), "unsupported_grant_type"),
            (("grant_type", "client_credentials"), "unsupported_grant_type"),
            (("grant_type", "implicit"), "unsupported_grant_type"),
            (("grant_type", ""), "invalid_request"),
            (("client_secret", "pls_x"), "invalid_client"),
        ] {
            assert_eq!(redeem_with(&shop.app, &code, &[change]).await, expected, "{change:?}");
        }
        // None of these was a valid replay: the code still works.
        redeem(&shop.app, "shop", &code).await.ok();
        assert_eq!(records(&shop.app, "code.reused").await.len(), 0);
        assert!(records(&shop.app, "code.refused").await.len() >= 2);
    }

    async fn aud_01_codes_that_were_never_given_share_a_few_records(store) {
        let app = TestApp::on(&store).await;
        register(&app, &spec("shop", "public")).await;
        for n in 0..30_u8 {
            let code = format!("plc_{}", poundlock_verify::b64::encode(&[n; 32]));
            assert_eq!(error(&redeem(&app, "shop", &code).await), "invalid_grant");
        }
        let written = records(&app, "code.refused").await.len();
        // Of thirty, five at each node: what is shared is each node's own.
        assert!((1..=10).contains(&written), "{written} records of one stranger");
    }

    async fn oae_04_a_code_lives_a_minute(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let code = shop.code().await;
        shop.app.advance(Span::from_seconds(60));
        assert_eq!(error(&redeem(&shop.app, "shop", &code).await), "invalid_grant");
    }

    async fn oae_04_a_valid_replay_ends_what_the_code_became(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let code = shop.code().await;
        let tokens = redeem(&shop.app, "shop", &code).await.ok();
        // Whoever lacks the verifier ends nothing.
        assert_eq!(redeem_with(&shop.app, &code, &[("code_verifier", "wrong")]).await, "invalid_grant");
        let refresh = text(&tokens, "refresh_token");
        let pairs = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", refresh.as_str())];
        let next = token(&shop.app, &pairs, &[]).await.ok();
        assert_eq!(error(&redeem(&shop.app, "shop", &code).await), "invalid_grant");
        assert_eq!(records(&shop.app, "code.reused").await.len(), 1);
        let refresh = text(&next, "refresh_token");
        let pairs = [("grant_type", "refresh_token"), ("client_id", "shop"), ("refresh_token", refresh.as_str())];
        assert_eq!(error(&token(&shop.app, &pairs, &[]).await), "invalid_grant");
        let access = text(&next, "access_token");
        let told = shop.app.bearer(Method::GET, "/oidc/userinfo", None, &access).await;
        assert_eq!(error(&told), "invalid_token");
        // The session goes on: other applications keep theirs.
        shop.code().await;
    }

    /// T-16: together with the wrong client and the wrong verifier of the tests beside it.
    async fn oae_04_of_64_redemptions_at_once_one_succeeds(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let code = shop.code().await;
        let all = join_all((0..64).map(|_| redeem(&shop.app, "shop", &code))).await;
        let granted = all.iter().filter(|reply| reply.status == StatusCode::OK).count();
        assert_eq!(granted, 1);
        assert_eq!(records(&shop.app, "code.redeemed").await.len(), 2, "one before, and one now");
    }

    async fn oae_10_a_confidential_client_proves_itself_by_one_method(store) {
        let app = TestApp::on(&store).await;
        let secret = register(&app, &spec("web", "confidential")).await.unwrap();
        let user = app.enrol("ada", &[]).await;
        let mut browser = Browser::on(&app);
        let code = code_for(&mut browser, &user, &request("web", &[])).await.get("code");
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
            pairs.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let send = async |more: &[(&'static str, &str)], header: Option<String>| {
            let pairs = with(more);
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let headers: Vec<(&str, &str)> = header.iter().map(|value| ("authorization", value.as_str())).collect();
            token(&app, &pairs, &headers).await
        };
        assert_eq!(error(&send(&[("client_id", "web")], None).await), "invalid_client");
        assert_eq!(error(&send(&[("client_id", "web"), ("client_secret", "pls_x")], None).await), "invalid_client");
        assert_eq!(error(&send(&[("client_secret", &secret)], Some(basic("web", &secret))).await), "invalid_request");
        let wrong = send(&[], Some(basic("web", "pls_wrong"))).await;
        assert_eq!((error(&wrong).as_str(), wrong.status), ("invalid_client", StatusCode::UNAUTHORIZED));
        assert!(wrong.headers["www-authenticate"].to_str().unwrap().starts_with("Basic "));
        // A client that is known is told what is wrong, and not how to show itself.
        let unknown = [("grant_type", "authorization_code"), ("code", "plc_none"), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
        let known = basic("web", &secret);
        let refused = token(&app, &unknown, &[("authorization", known.as_str())]).await;
        assert_eq!((error(&refused).as_str(), refused.headers.contains_key("www-authenticate")), ("invalid_grant", false));
        let tokens = send(&[], Some(basic("web", &secret))).await.ok();
        assert_eq!(part(&text(&tokens, "id_token"), 1)["aud"], "web");
        // By the form as well, with a secret that was rotated and kept for an hour.
        let body = json!({ "keep_seconds": 3600 });
        let rotated = app.admin(Method::POST, "/v1/admin/clients/web/secret", Some(&body)).await.ok();
        let newer = rotated["secret"].as_str().unwrap().to_owned();
        assert_ne!(newer, secret);
        let refresh = text(&tokens, "refresh_token");
        let by_form = async |secret: &str, refresh: &str| {
            let pairs = [
                ("grant_type", "refresh_token"),
                ("client_id", "web"),
                ("client_secret", secret),
                ("refresh_token", refresh),
            ];
            token(&app, &pairs, &[]).await
        };
        let next = by_form(&secret, &refresh).await.ok();
        app.advance(Span::from_minutes(59));
        let next = by_form(&newer, &text(&next, "refresh_token")).await.ok();
        app.advance(Span::from_minutes(1));
        assert_eq!(error(&by_form(&secret, &text(&next, "refresh_token")).await), "invalid_client");
        assert!(!records(&app, "client.refused").await.is_empty());
        let dump = format!("{:?}", store.dump().await);
        assert!(!dump.contains(&secret[4..]) && !dump.contains(&newer[4..]), "car_05: stored as digests");
    }

    async fn a_code_of_an_ended_session_or_a_shut_account_gives_nothing(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let code = shop.code().await;
        disable(&shop.app, "ada").await;
        assert_eq!(error(&redeem(&shop.app, "shop", &code).await), "invalid_grant");
        assert_eq!(records(&shop.app, "code.reused").await.len(), 0);
    }

    /// OAE-24: a body that does not read is a problem, all else is said in the words of OAuth.
    async fn oae_09_repeated_parameters_and_other_bodies_are_refused(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let code = shop.code().await;
        let pairs = [("grant_type", "authorization_code"), ("grant_type", "refresh_token"), ("client_id", "shop")];
        assert_eq!(error(&token(&shop.app, &pairs, &[]).await), "invalid_request");
        let json = post_form(&shop.app, "/oauth/token", &[], &[("content-type", "application/json")]).await;
        assert_eq!(json.refusal(), "bad_request");
        redeem(&shop.app, "shop", &code).await.ok();
    }
}
