//! Which origins of browsers may read answers: registered ones, exactly, and anyone what is public anyway.

use http::Method;
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::json;

use crate::http::behind::change_client;

const APP: &str = "https://app.example";

on_both! {
    async fn a_registered_origin_reads_the_answers_of_the_api(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| spec.origins = vec![APP.to_owned()]).await;
        let body = json!({ "refresh_token": "x" });
        let reply = app.send(Method::POST, "/v1/session/refresh", Some(&body), &[("origin", APP)]).await;
        assert_eq!((reply.refusal(), &reply.headers["access-control-allow-origin"]), ("bad_refresh", &APP.parse().unwrap()));
        assert_eq!(reply.headers["vary"], "Origin");
        assert!(!reply.headers.contains_key("access-control-allow-credentials"));
        let asks = [("origin", APP), ("access-control-request-method", "POST")];
        let preflight = app.send(Method::OPTIONS, "/v1/session/refresh", None, &asks).await;
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.headers["access-control-allow-origin"], APP);
        assert_eq!(preflight.headers["access-control-allow-headers"], "authorization, content-type");
        assert_eq!(preflight.headers["access-control-allow-methods"], "GET, POST, PATCH, DELETE");
        assert_eq!(preflight.headers["x-content-type-options"], "nosniff");
    }

    async fn no_other_origin_does(store) {
        let app = TestApp::on(&store).await;
        change_client(&app, |spec| spec.origins = vec![APP.to_owned()]).await;
        let others = [
            "https://app.example.evil", "https://evil.example", "http://app.example", "https://app.example:8443",
            "https://app.example/", "https://APP.example", "https://a.app.example", "null", "", "*", "https://app.example, x",
        ];
        for origin in others {
            let reply = app.send(Method::GET, "/v1/account", None, &[("origin", origin)]).await;
            assert!(!reply.headers.contains_key("access-control-allow-origin"), "{origin:?}");
            let asks = [("origin", origin), ("access-control-request-method", "GET")];
            let preflight = app.send(Method::OPTIONS, "/v1/account", None, &asks).await;
            assert_eq!(preflight.status, 405, "{origin:?}");
            assert!(!preflight.headers.contains_key("access-control-allow-origin"), "{origin:?}");
        }
    }

    async fn what_is_public_is_so_for_every_origin_and_every_cache(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        for path in ["/.well-known/jwks.json", "/status/1"] {
            for headers in [[].as_slice(), &[("origin", "https://anyone.example")]] {
                let reply = app.send(Method::GET, path, None, headers).await;
                assert_eq!(reply.headers["access-control-allow-origin"], "*", "{path}");
                assert!(!reply.headers.contains_key("vary"), "one copy for all: {path}");
            }
        }
        let health = app.send(Method::GET, "/health/live", None, &[("origin", APP)]).await;
        assert!(!health.headers.contains_key("access-control-allow-origin"));
    }
}
