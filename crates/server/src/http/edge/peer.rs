//! Turns away what did not come over TLS: plain HTTP is for the networks in `listen.behind`, which must vouch for https
//! when the issuer is https, and for this machine. Attack: a client that was told the wrong port or scheme sends its
//! password in the clear.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::error::Problem;
use super::client_ip::Network;
use super::forwarded;
use super::via::Via;
use crate::app::SharedApp;
use crate::config::Config;

/// What is wrong with the way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// It came past the proxies, from another machine.
    PastTheProxy,
    /// A proxy sent it on, and does not say that the client came over https.
    NotHttps,
}

/// Answers 403 to what came in the clear and may not.
pub(crate) async fn refuse_in_the_clear(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    // Health is asked by machines that are no proxies, and holds no secret.
    let is_health = request.uri().path().starts_with("/health/");
    let via = Via::of(request.extensions()).filter(|_| !is_health);
    let wrong = via.and_then(|via| wrong(via, request.headers(), &app.config));
    let reference = || Problem::reference_of(&request);
    match wrong {
        None => next.run(request).await,
        Some(Wrong::PastTheProxy) => Problem::past_the_proxy(reference()).into_response(),
        Some(Wrong::NotHttps) => Problem::not_https(reference()).into_response(),
    }
}

fn wrong(via: Via, headers: &HeaderMap, config: &Config) -> Option<Wrong> {
    let (listen, trusted) = (&config.listen, config.listen.networks());
    if via.secure {
        return None;
    }
    if via.is_behind(&trusted) {
        return (config.is_https() && !forwarded::is_https(headers)).then_some(Wrong::NotHttps);
    }
    if listen.proxy_protocol {
        // The peer is whom the PROXY header names: even with an address of loopback it is not on this machine.
        return config.is_https().then_some(Wrong::NotHttps);
    }
    is_past_the_proxy(via.peer_ip()?, listen.address, &trusted).then_some(Wrong::PastTheProxy)
}

fn is_past_the_proxy(peer: IpAddr, listening: SocketAddr, trusted: &[Network]) -> bool {
    let local = listening.ip().is_loopback() || peer.to_canonical().is_loopback();
    !local && !trusted.iter().any(|network| network.contains(peer))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::ConnectInfo;
    use axum::http::StatusCode;
    use poundlock_store::on_both;
    use tower::ServiceExt;

    use super::super::arrived::Peer;
    use super::super::connection::Secured;
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

    fn config(change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config { issuer: Some("https://login.example.org".to_owned()), ..Config::default() };
        config.listen.behind = vec!["10.0.0.0/8".to_owned(), "127.0.0.1".to_owned()];
        change(&mut config);
        config
    }

    fn tcp(peer: &str, secure: bool) -> Via {
        Via { peer: Peer::Tcp(SocketAddr::new(peer.parse().unwrap(), 1)), secure }
    }

    #[test]
    fn t_20_a_proxy_of_an_https_issuer_vouches_for_https_or_is_refused() {
        let (https, nothing) = (
            HeaderMap::from_iter([("x-forwarded-proto".parse().unwrap(), "https".parse().unwrap())]),
            HeaderMap::new(),
        );
        let socket = Via { peer: Peer::Unix, secure: false };
        let here = config(|_| ());
        for behind in [tcp("10.1.1.1", false), tcp("127.0.0.1", false), socket] {
            assert_eq!(wrong(behind, &nothing, &here), Some(Wrong::NotHttps), "{behind:?}");
            assert_eq!(wrong(behind, &https, &here), None, "{behind:?}");
            let local = config(|config| config.issuer = None);
            assert_eq!(wrong(behind, &nothing, &local), None, "an http issuer asks for no https: {behind:?}");
        }
        assert_eq!(wrong(tcp("10.1.1.1", true), &nothing, &here), None, "TLS came to us");
    }

    #[test]
    fn t_20_a_stranger_cannot_vouch_for_itself() {
        let https = HeaderMap::from_iter([("x-forwarded-proto".parse().unwrap(), "https".parse().unwrap())]);
        let open = config(|config| config.listen.address = "0.0.0.0:80".parse().unwrap());
        assert_eq!(wrong(tcp("203.0.113.9", false), &https, &open), Some(Wrong::PastTheProxy));
        assert_eq!(wrong(tcp("203.0.113.9", true), &https, &open), None);
        // Behind the PROXY protocol it is the header of that protocol that counts, also on a port of loopback.
        let passed = config(|config| config.listen.proxy_protocol = true);
        assert_eq!(wrong(tcp("203.0.113.9", false), &https, &passed), Some(Wrong::NotHttps));
        assert_eq!(wrong(tcp("203.0.113.9", true), &https, &passed), None);
        let passed = config(|config| (config.listen.behind, config.listen.proxy_protocol) = (Vec::new(), true));
        let unnamed = Via { peer: Peer::Unnamed, secure: false };
        for proxys_own in [tcp("127.0.0.1", false), tcp("::1", false), unnamed] {
            assert_eq!(wrong(proxys_own, &https, &passed), Some(Wrong::NotHttps), "{proxys_own:?}");
        }
    }
}
