//! Turns away who comes past the proxy to a port that other machines reach: plain HTTP is for the networks in
//! `listen.behind` and for this machine. Attack: a client that was told the wrong port sends its password in the clear.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::error::Problem;
use super::client_ip::Network;
use super::connection::Secured;
use super::request_id::trusted;
use crate::app::SharedApp;

/// Answers 403 to other machines than the proxies.
pub(crate) async fn refuse_past_the_proxy(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // Health is asked by machines that are no proxies, and holds no secret.
    let is_health = request.uri().path().starts_with("/health/");
    let is_secure = request.extensions().get::<Secured>().is_some();
    if is_health
        || is_secure
        || !peer.is_some_and(|peer| is_past_the_proxy(peer, app.config.listen.address, &trusted(&app)))
    {
        return next.run(request).await;
    }
    Problem::past_the_proxy(Problem::reference_of(&request)).into_response()
}

fn is_past_the_proxy(peer: IpAddr, listening: SocketAddr, trusted: &[Network]) -> bool {
    let local = listening.ip().is_loopback() || peer.to_canonical().is_loopback();
    !local && !trusted.iter().any(|network| network.contains(peer))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use poundlock_store::on_both;
    use tower::ServiceExt;

    use super::*;
    use crate::testing::TestApp;

    on_both! {
        async fn who_comes_over_tls_that_ends_here_needs_no_proxy(store) {
            let app = TestApp::with(&store, |settings| settings.listen = "0.0.0.0:8080".parse().unwrap()).await;
            let peer = ConnectInfo(SocketAddr::from(([203, 0, 113, 9], 1234)));
            for (secure, status) in [(false, StatusCode::FORBIDDEN), (true, StatusCode::OK)] {
                let request = Request::get("/.well-known/jwks.json").header("host", "localhost:8080").extension(peer);
                let request = if secure { request.extension(Secured) } else { request };
                let response = app.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
                assert_eq!(response.status(), status, "secure: {secure}");
            }
        }
    }

    #[test]
    fn only_proxies_and_this_machine_speak_plain_http_to_an_open_port() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let past = |peer: &str, listening: &str| {
            is_past_the_proxy(peer.parse().unwrap(), listening.parse().unwrap(), &trusted)
        };
        for open in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
            assert!(past("203.0.113.9", open), "{open}");
            assert!(past("2001:db8::9", open), "{open}");
            for good in ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "::1", "::ffff:127.0.0.1"] {
                assert!(!past(good, open), "{good} on {open}");
            }
        }
        assert!(!past("203.0.113.9", "127.0.0.1:8080"));
    }
}
