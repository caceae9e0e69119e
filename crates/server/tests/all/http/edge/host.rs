//! A request for another host is refused: DNS rebinding reaches nothing.

use std::net::IpAddr;

use axum::body::Body;
use http::Request;
use poundlock::testing::{Reply, TestApp};
use poundlock_store::on_both;

async fn ask(app: &TestApp, path: &str, hosts: &[&str]) -> Reply {
    let mut request = Request::builder().uri(path);
    for host in hosts {
        request = request.header("host", *host);
    }
    app.raw(IpAddr::from([127, 0, 0, 1]), request.body(Body::empty()).unwrap()).await
}

on_both! {
    async fn only_the_issuers_host_is_answered(store) {
        let app = TestApp::on(&store).await;
        for ours in ["localhost:8080", "LocalHost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert_eq!(ask(&app, "/.well-known/jwks.json", &[ours]).await.status, 200, "{ours}");
        }
        let foreign = ["evil.example", "evil.example:8080", "localhost", "localhost:80", "localhost:8080.evil.example", ""];
        for path in ["/.well-known/jwks.json", "/status/1", "/v1/account", "/no/such/path"] {
            for host in foreign {
                let reply = ask(&app, path, &[host]).await;
                assert_eq!((reply.status.as_u16(), reply.refusal()), (421, "misdirected"), "{host:?} {path}");
            }
            assert_eq!(ask(&app, path, &[]).await.status, 421, "no host at {path}");
        }
    }

    async fn every_name_that_a_request_gives_must_be_ours(store) {
        let app = TestApp::on(&store).await;
        let both = ask(&app, "/.well-known/jwks.json", &["localhost:8080", "evil.example"]).await;
        assert_eq!(both.status, 421);
        let twice = ask(&app, "/.well-known/jwks.json", &["localhost:8080", "localhost:8080"]).await;
        assert_eq!(twice.status, 421, "one line, one reader");
        let absolute = ask(&app, "http://evil.example/.well-known/jwks.json", &["localhost:8080"]).await;
        assert_eq!(absolute.status, 421);
        let ours = ask(&app, "http://localhost:8080/.well-known/jwks.json", &[]).await;
        assert_eq!(ours.status, 200, "as HTTP/2 says it");
    }

    async fn health_is_answered_by_any_name(store) {
        let app = TestApp::on(&store).await;
        for path in ["/health/live", "/health/ready"] {
            assert_ne!(ask(&app, path, &["10.0.0.7:8080"]).await.status, 421);
        }
        for path in ["/health/../v1/account", "/health//v1/account"] {
            assert_ne!(ask(&app, path, &["10.0.0.7:8080"]).await.status, 200);
        }
    }
}
