//! What an access token says, and that others than us can read it.

use jsonwebtoken::jwk::JwkSet as OtherSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use poundlock::testing::TestApp;
use poundlock_core::client::ClientKind;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use serde_json::{Value, json};

use crate::http::behind::{
    ACCOUNT, ISSUER, account, add_audience, at_service, change_client, claims, part, refresh, text,
};

const WITHOUT_SCOPE: [&str; 15] = [
    "acr",
    "amr",
    "aud",
    "auth_time",
    "client_id",
    "exp",
    "groups",
    "iat",
    "iss",
    "jti",
    "mfa_time",
    "scope",
    "sid",
    "status",
    "sub",
];

fn names(claims: &Value) -> Vec<&str> {
    let mut names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

on_both! {
    async fn tok_02_a_token_says_what_is_listed_and_nothing_else(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| {
            spec.scopes = vec!["read".to_owned()];
            spec.groups_released = vec!["ops".to_owned()];
        })
        .await;
        let ada = app.enrol("ada", &["ops", "secret-project"]).await;
        app.advance(Span::from_seconds(30));
        let answer = app.log_in(&ada, None).await;
        let (token, said) = (text(&answer, "access_token"), claims(&answer));
        assert_eq!(names(&said), WITHOUT_SCOPE);
        assert_eq!(part(&token, 0)["typ"], "at+jwt");
        assert_eq!(names(&part(&token, 0)), ["alg", "kid", "typ"]);
        assert_eq!((&said["iss"], &said["aud"], &said["client_id"]), (&json!(ISSUER), &json!("api"), &json!("app")));
        assert_eq!((&said["acr"], &said["amr"]), (&json!("aal2"), &json!(["pwd", "otp", "mfa"])));
        assert_eq!(said["groups"], json!(["ops"]), "tok_12: released as registered");
        assert_eq!((&said["auth_time"], &said["mfa_time"]), (&said["iat"], &said["iat"]));
        assert!(text(&said["status"]["status_list"], "uri").starts_with("http://localhost:8080/status/"));
        assert!(at_service(&app, &token, "api").await.unwrap().in_group("ops"));
    }

    async fn tok_09_the_subject_is_random_and_tells_no_name(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada.lovelace", &[]).await;
        let user = account(&app, "ada.lovelace").await.user;
        let said = claims(&ada.tokens);
        let sub = text(&said, "sub");
        assert!(sub.len() >= 22 && sub.is_ascii() && !sub.contains("ada.lovelace"));
        assert!(!said.to_string().contains(&user.id.to_string()), "the row's id tells when the account was made");
        assert_ne!(sub, text(&claims(&app.enrol("bob", &[]).await.tokens), "sub"));
        // What was not asked for and not released is not there, rather than empty.
        assert!(said.get("scope").is_none() && said.get("groups").is_none() && said.get("cnf").is_none());
    }

    async fn key_01_every_algorithm_is_read_by_others(store) {
        let app = TestApp::on(&store).await;
        for (name, alg) in [("elliptic", "ES256"), ("edwards", "EdDSA"), ("rivest", "RS256")] {
            add_audience(&app, name, alg).await;
        }
        let ada = app.enrol("ada", &[]).await;
        let served = app.get("/.well-known/jwks.json").await.ok();
        let set: OtherSet = serde_json::from_value(served).unwrap();
        let kinds = [("elliptic", Algorithm::ES256), ("edwards", Algorithm::EdDSA), ("rivest", Algorithm::RS256)];
        let mut kids = Vec::new();
        for (name, alg) in kinds {
            let token = text(&app.log_in(&ada, Some(name)).await, "access_token");
            assert!(at_service(&app, &token, name).await.is_ok(), "{name}");
            let header = jsonwebtoken::decode_header(&token).unwrap();
            assert_eq!((header.alg, header.typ.as_deref()), (alg, Some("at+jwt")));
            let kid = header.kid.unwrap();
            let key = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
            let mut wanted = Validation::new(alg);
            wanted.validate_exp = false;
            wanted.set_audience(&[name]);
            wanted.set_issuer(&[ISSUER]);
            assert_eq!(jsonwebtoken::decode::<Value>(&token, &key, &wanted).unwrap().claims["aud"], name);
            for other in ["api", ACCOUNT] {
                assert!(at_service(&app, &token, other).await.is_err());
            }
            kids.push(kid);
        }
        kids.sort();
        kids.dedup();
        assert_eq!(kids.len(), 3, "key_03: one key has one algorithm");
    }

    async fn rft_06_a_client_that_must_show_a_secret_or_a_key_gets_nothing_without_it(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        for (kind, bound) in
            [(ClientKind::Confidential, false), (ClientKind::Service, false), (ClientKind::FirstParty, true)]
        {
            change_client(&app, |spec| {
                (spec.kind, spec.dpop_required) = (kind, bound);
                // A service has none.
                spec.redirect_uris.retain(|_| kind != ClientKind::Service);
            })
            .await;
            let login = app.post("/v1/login", &json!({ "name": "ada", "password": ada.password })).await;
            assert_eq!(login.refusal(), "not_allowed", "{kind:?} {bound}");
            assert_eq!(refresh(&app, &ada.tokens["refresh_token"]).await.refusal(), "bad_refresh", "{kind:?} {bound}");
        }
        change_client(&app, |spec| (spec.kind, spec.dpop_required) = (ClientKind::Public, false)).await;
        refresh(&app, &ada.tokens["refresh_token"]).await.ok();
    }

    async fn tok_11_an_answer_with_tokens_is_stored_nowhere(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let login = app.password_step(&ada).await;
        let code = app.code(&ada.totp_uri);
        let answered = app.post("/v1/login/totp", &json!({ "login": login, "code": code })).await;
        assert_eq!(answered.headers["cache-control"], "no-store");
        let refreshed = app.post("/v1/session/refresh", &json!({ "refresh_token": answered.body["refresh_token"] })).await;
        assert_eq!(refreshed.headers["cache-control"], "no-store");
        // Nowhere but in the body may one be sent, and nowhere but in the header shown.
        let path = format!("/v1/account?access_token={}", text(&refreshed.body, "access_token"));
        assert_eq!(app.get(&path).await.refusal(), "unauthenticated");
    }
}
