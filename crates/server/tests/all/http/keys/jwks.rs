//! The key set as it is served.

use poundlock::testing::TestApp;
use poundlock_store::on_both;

use crate::http::behind::add_audience;

on_both! {
    async fn key_05_only_public_parts_are_served_and_each_key_says_what_it_is(store) {
        let app = TestApp::on(&store).await;
        for (name, alg) in [("edwards", "EdDSA"), ("rivest", "RS256")] {
            add_audience(&app, name, alg).await;
        }
        let served = app.get("/.well-known/jwks.json").await;
        assert_eq!(served.headers["content-type"], "application/jwk-set+json");
        assert_eq!(served.headers["cache-control"], "public, max-age=60");
        assert_eq!(served.headers["access-control-allow-origin"], "*");
        let set = served.ok();
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 3);
        for key in keys {
            let names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert!(!names.contains(&private), "{private} in {key}");
            }
            assert_eq!(key["use"], "sig");
            assert!(key["kid"].as_str().unwrap().len() >= 43 && key["alg"].is_string());
            if key["alg"] == "RS256" {
                let modulus = key["n"].as_str().unwrap();
                assert_eq!(modulus.len(), 512, "key_02: 3,072 bits");
            }
        }
    }

    async fn rsa_keys_are_made_only_when_an_audience_asks(store) {
        let app = TestApp::on(&store).await;
        let algs = async || {
            let set = app.get("/.well-known/jwks.json").await.ok();
            let keys = set["keys"].as_array().unwrap().clone();
            keys.iter().map(|key| key["alg"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(algs().await, ["ES256"]);
        add_audience(&app, "edwards", "EdDSA").await;
        assert_eq!(algs().await.len(), 2);
        assert!(!algs().await.contains(&"RS256".to_owned()));
    }

    async fn all_nodes_serve_and_sign_with_the_same_keys(store) {
        let app = TestApp::on(&store).await;
        let other = app.again().await;
        let set = app.get("/.well-known/jwks.json").await.body;
        assert_eq!(set, other.get("/.well-known/jwks.json").await.body);
    }
}
