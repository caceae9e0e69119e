//! An https issuer behind a proxy: what the proxy must say, and what browsers are told to remember.

use std::net::IpAddr;

use http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_store::{Store, on_both};

const PROXY: [u8; 4] = [10, 0, 0, 1];
const YEAR: &str = "max-age=31536000; includeSubDomains";

async fn behind_proxy(store: &Store) -> TestApp {
    TestApp::with(store, |settings| {
        settings.issuer = Some("https://localhost:8080".to_owned());
        settings.trusted_proxies = vec!["10.0.0.0/8".to_owned()];
    })
    .await
}

async fn ask(app: &TestApp, from: [u8; 4], path: &str, headers: &[(&str, &str)]) -> Reply {
    app.send_from(IpAddr::from(from), Method::GET, path, (None, headers)).await
}

on_both! {
    async fn t_20_a_proxy_must_say_that_the_client_came_over_https(store) {
        let app = behind_proxy(&store).await;
        let keys = "/.well-known/jwks.json";
        for good in [("x-forwarded-proto", "https"), ("forwarded", "for=192.0.2.1;proto=https")] {
            assert_eq!(ask(&app, PROXY, keys, &[good]).await.status, 200, "{good:?}");
        }
        for bad in [&[][..], &[("x-forwarded-proto", "http")], &[("x-forwarded-for", "192.0.2.1")]] {
            let refused = ask(&app, PROXY, keys, bad).await;
            assert_eq!((refused.status.as_u16(), refused.refusal()), (403, "not_https"), "{bad:?}");
            assert!(refused.body["detail"].as_str().unwrap().contains("X-Forwarded-Proto"));
        }
        assert_eq!(ask(&app, PROXY, "/health/live", &[]).await.status, 200, "health is asked without a client");
        assert_eq!(app.get(keys).await.status, 200, "this machine's own processes are no proxy");
    }

    async fn ses_10_an_https_issuer_is_remembered_by_browsers(store) {
        let app = behind_proxy(&store).await;
        for (path, headers) in [
            ("/.well-known/jwks.json", &[("x-forwarded-proto", "https")][..]),
            ("/nothing", &[("x-forwarded-proto", "https")]),
            ("/.well-known/jwks.json", &[]),
            ("/.well-known/jwks.json", &[("x-forwarded-proto", "https"), ("host", "evil.example")]),
        ] {
            let reply = ask(&app, PROXY, path, headers).await;
            assert_eq!(reply.headers["strict-transport-security"], YEAR, "{path} {headers:?}");
        }
    }

    async fn ses_10_a_plain_issuer_says_nothing_of_the_kind(store) {
        let app = TestApp::on(&store).await;
        assert!(!app.get("/.well-known/jwks.json").await.headers.contains_key("strict-transport-security"));
    }
}
