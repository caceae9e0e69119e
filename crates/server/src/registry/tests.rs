//! What the registry makes of stored rows, good ones and edited ones.

use poundlock_core::client::ClientKind;
use poundlock_core::time::Time;
use poundlock_store::{Batch, client, on_both};
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://login.example.org";
const NOW: Time = Time::from_millis(1_800_000_000_000);

/// A specification with nothing but what it must have.
fn spec(id: &str, audiences: &[&str]) -> Value {
    json!({ "id": id, "kind": "first_party", "audiences": audiences })
}

async fn put(store: &Store, audiences: &[(&str, &str)], clients: &[(&str, String)]) {
    let mut batch = Batch::new();
    for (name, alg) in audiences {
        client::put_audience(&mut batch, name, alg, NOW);
    }
    for (id, spec) in clients {
        client::insert(&mut batch, id, spec, NOW);
    }
    store.commit(batch).await.unwrap();
}

fn ids(registry: &Registry) -> Vec<&str> {
    registry.clients().map(|client| client.id.as_str()).collect()
}

on_both! {
    async fn a_broken_client_is_left_out_and_the_others_work(store) {
        let mut typo = spec("typo", &["api"]);
        typo["acess_life_seconds"] = json!(300);
        let mut long = spec("long", &["api"]);
        long["access_life_seconds"] = json!(3_601);
        let clients = [
            ("app", spec("app", &["api"]).to_string()),
            ("cut", "{\"id\":\"cut\"".to_owned()),
            ("lost", spec("lost", &["gone"]).to_string()),
            ("long", long.to_string()),
            ("none", String::new()),
            ("shop", spec("shop", &["api", "orders"]).to_string()),
            ("typo", typo.to_string()),
        ];
        put(&store, &[("api", "ES256"), ("orders", "RS256")], &clients).await;
        let registry = Registry::load(&store, ISSUER).await.unwrap();
        assert_eq!(ids(&registry), ["app", "shop"]);
        let shop = registry.client(Some("shop")).unwrap();
        assert_eq!(shop.kind, ClientKind::FirstParty);
        assert_eq!(shop.audience_for(Some("orders")).unwrap().alg, Alg::Rs256);
        for broken in ["cut", "lost", "long", "none", "typo"] {
            assert!(registry.client(Some(broken)).is_none(), "{broken}");
        }
    }

    async fn a_row_that_speaks_for_another_client_is_left_out(store) {
        let clients = [("app", spec("app", &["api"]).to_string()), ("low", spec("app", &["api"]).to_string())];
        put(&store, &[("api", "ES256")], &clients).await;
        let registry = Registry::load(&store, ISSUER).await.unwrap();
        assert!(registry.client(Some("low")).is_none(), "a session of `low` would be one of `app`");
        assert!(registry.client(Some("app")).is_some());
    }

    async fn who_names_no_client_gets_the_default_one(store) {
        put(&store, &[("api", "ES256")], &[("shop", spec("shop", &["api"]).to_string())]).await;
        let registry = Registry::load(&store, ISSUER).await.unwrap();
        assert!(registry.client(None).is_none(), "another client does not stand in for it");
        put(&store, &[], &[("app", spec("app", &["api"]).to_string())]).await;
        let registry = Registry::load(&store, ISSUER).await.unwrap();
        assert_eq!(registry.client(None).unwrap().id.as_str(), "app");
        for unknown in ["", "App", "app ", "nobody"] {
            assert!(registry.client(Some(unknown)).is_none(), "{unknown:?}");
        }
    }

    async fn an_audience_that_does_not_read_is_told_by_name(store) {
        put(&store, &[("api", "ES256"), ("orders", "none")], &[]).await;
        let why = format!("{:#}", Registry::load(&store, ISSUER).await.unwrap_err());
        assert!(why.contains("orders") && why.contains("algorithm"), "{why}");
    }

    async fn no_stored_audience_is_the_account_api(store) {
        put(&store, &[(&format!("{ISSUER}/account"), "ES256")], &[]).await;
        assert!(Registry::load(&store, ISSUER).await.is_err());
        // Of another issuer it is a service like any.
        Registry::load(&store, "https://other.example.org").await.unwrap();
    }

    async fn keys_are_wanted_once_for_each_algorithm_and_always_for_es256(store) {
        assert_eq!(Registry::load(&store, ISSUER).await.unwrap().algs(), [Alg::Es256]);
        put(&store, &[("a", "EdDSA"), ("b", "RS256"), ("c", "EdDSA"), ("d", "ES256")], &[]).await;
        assert_eq!(Registry::load(&store, ISSUER).await.unwrap().algs(), [Alg::Es256, Alg::EdDsa, Alg::Rs256]);
    }
}

#[test]
fn every_problem_of_a_client_is_told_at_once() {
    let mut spec = spec("app", &["gone"]);
    spec["access_life_seconds"] = json!(3_601);
    let why = format!("{:#}", build(&spec.to_string(), ISSUER, &[]).unwrap_err());
    assert!(why.contains("gone") && why.contains("; "), "{why}");
}
