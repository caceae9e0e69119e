//! `/v1/admin/clients` and `/v1/admin/audiences`.

use axum::http::{Method, StatusCode};
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::{act, claims, read, recorded, refresh, send, shown_as_ended};

fn spec(id: &str, audiences: &[&str]) -> Value {
    json!({ "id": id, "kind": "public", "audiences": audiences, "origins": ["https://shop.example"] })
}

on_both! {
    async fn a_new_client_and_audience_work_without_a_restart(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &["admins"]).await;
        send(&app, Method::PUT, "audiences/https%3A%2F%2Forders.example", &json!({ "alg": "EdDSA" })).await.ok();
        let added = send(&app, Method::POST, "clients", &spec("shop", &["https://orders.example"])).await.ok();
        recorded(&app, "client.changed").await;
        assert_eq!((&added["version"], &added["client"]["id"], &added["warnings"]), (&json!(1), &json!("shop"), &json!([])));
        let body = json!({ "name": "ada", "password": ada.password, "client": "shop" });
        let login = app.post("/v1/login", &body).await.ok()["login"].clone();
        let step = json!({ "login": login, "code": app.code(&ada.totp_uri) });
        let tokens = app.post("/v1/login/totp", &step).await.ok();
        assert_eq!(claims(&tokens)["aud"], "https://orders.example");
        assert!(read(&app, "keys").await["keys"].as_array().unwrap().iter().any(|key| key["alg"] == "EdDSA"));
        // Removing it ends its sessions and nobody else's.
        act(&app, Method::DELETE, "clients/shop").await.ok();
        assert!(!refresh(&app, &tokens).await.status.is_success());
        assert!(shown_as_ended(&app, &tokens).await);
        refresh(&app, &ada.tokens).await.ok();
        assert_eq!(act(&app, Method::GET, "clients/shop").await.refusal(), "missing");
    }

    async fn every_problem_of_a_client_is_told_at_once(store) {
        let app = TestApp::on(&store).await;
        let bad = json!({
            "id": "usr_1", "kind": "service", "audiences": ["nowhere", "http://localhost:8080/account"],
            "origins": ["https://*.example"], "access_life_seconds": 999_999,
        });
        let reply = send(&app, Method::POST, "clients", &bad).await;
        assert_eq!((reply.status, reply.refusal()), (StatusCode::UNPROCESSABLE_ENTITY, "unusable"));
        let told = reply.body["detail"].as_str().unwrap();
        for problem in ["id:", "\"nowhere\"", "account API", "origins:", "access_life_seconds:", "browser"] {
            assert!(told.contains(problem), "{problem} in {told}");
        }
        let long = json!({ "id": "phone", "kind": "public", "audiences": ["api"], "absolute_seconds": 2_000_000 });
        assert_eq!(send(&app, Method::POST, "clients", &long).await.ok()["warnings"].as_array().unwrap().len(), 1);
        let unknown = json!({ "id": "x", "kind": "public", "audiences": ["api"], "secret": "x" });
        assert_eq!(send(&app, Method::POST, "clients", &unknown).await.refusal(), "bad_request");
    }

    async fn a_change_over_another_ones_change_is_refused(store) {
        let app = TestApp::on(&store).await;
        send(&app, Method::POST, "clients", &spec("shop", &["api"])).await.ok();
        assert_eq!(send(&app, Method::POST, "clients", &spec("shop", &["api"])).await.refusal(), "conflict");
        assert_eq!(send(&app, Method::PUT, "clients/shop?version=1", &spec("shop", &["api"])).await.ok()["version"], 2);
        assert_eq!(send(&app, Method::PUT, "clients/shop?version=1", &spec("shop", &["api"])).await.refusal(), "conflict");
        assert_eq!(send(&app, Method::PUT, "clients/shop", &spec("other", &["api"])).await.refusal(), "unusable");
        assert_eq!(send(&app, Method::PUT, "clients/other", &spec("other", &["api"])).await.refusal(), "missing");
        let new = spec("shop", &["api"]);
        let all = (0..16).map(|_| send(&app, Method::PUT, "clients/shop?version=2", &new));
        let replies = futures_util::future::join_all(all).await;
        assert_eq!(replies.iter().filter(|reply| reply.status.is_success()).count(), 1);
    }

    async fn an_audience_stays_while_a_client_names_it_also_under_race(store) {
        let app = TestApp::on(&store).await;
        let put = json!({ "alg": "ES256" });
        for round in 0..8 {
            let audience = format!("service{round}");
            let path = format!("audiences/{audience}");
            send(&app, Method::PUT, &path, &put).await.ok();
            let both = |number: usize| {
                let named = spec(&format!("client{round}-{number}"), &[&audience]);
                let (app, path) = (&app, &path);
                async move {
                    let added = async { send(app, Method::POST, "clients", &named).await.status.is_success() };
                    let removed = async { act(app, Method::DELETE, path).await.status.is_success() };
                    tokio::join!(added, removed)
                }
            };
            let won = futures_util::future::join_all((0..8).map(both)).await;
            let (added, removed) = (won.iter().any(|won| won.0), won.iter().any(|won| won.1));
            assert!(!(added && removed), "{won:?}");
        }
        for client in read(&app, "clients").await["clients"].as_array().unwrap() {
            assert_eq!(client["warnings"], json!([]), "{client}");
        }
        let reply = act(&app, Method::DELETE, "audiences/api").await;
        assert_eq!(reply.refusal(), "conflict");
        assert!(reply.body["detail"].as_str().unwrap().contains("app"), "{}", reply.body);
        assert_eq!(act(&app, Method::DELETE, "audiences/nothing").await.refusal(), "missing");
    }

    async fn an_audience_has_a_known_algorithm_and_is_never_the_account_api(store) {
        let app = TestApp::on(&store).await;
        let account = "audiences/http%3A%2F%2Flocalhost%3A8080%2Faccount";
        assert_eq!(send(&app, Method::PUT, account, &json!({ "alg": "ES256" })).await.refusal(), "unusable");
        for alg in ["none", "HS256", "RS512", ""] {
            assert_eq!(send(&app, Method::PUT, "audiences/x", &json!({ "alg": alg })).await.refusal(), "unusable");
        }
        assert_eq!(send(&app, Method::PUT, "audiences/%2A", &json!({ "alg": "ES256" })).await.refusal(), "unusable");
        assert_eq!(read(&app, "audiences").await["audiences"], json!([{ "name": "api", "alg": "ES256" }]));
    }
}
