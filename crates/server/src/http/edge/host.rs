//! Refuses requests for another host. Attack: DNS rebinding, by which a page of another site would speak to a server on
//! this machine under its own name.

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::error::Problem;
use crate::app::SharedApp;

/// Answers 421 unless every name that the request gives is the issuer's, and unless it gives one line of them at most: two
/// lines are for two readers, of which each may heed another (RFC 9112 section 3.2).
pub(crate) async fn refuse_foreign_host(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    // Health checks come from machines that know only an address.
    if request.uri().path().starts_with("/health/") || is_for_us(&request, &app.issuer) {
        return next.run(request).await;
    }
    Problem::foreign_host(Problem::reference_of(&request)).into_response()
}

fn is_for_us(request: &Request, issuer: &str) -> bool {
    let hosts = request.headers().get_all(HOST).iter().map(|value| value.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let lines = request.headers().get_all(HOST).iter().count();
    let mut names = hosts.chain(authority).peekable();
    lines <= 1 && names.peek().is_some() && names.all(|name| is_ours(name, issuer))
}

pub(crate) fn is_ours(host: &str, issuer: &str) -> bool {
    let Some((scheme, rest)) = issuer.split_once("://") else { return false };
    let ours = rest.split('/').next().unwrap_or(rest);
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    let bare = |name: &str| name.strip_suffix(default_port).unwrap_or(name).to_ascii_lowercase();
    let (host, ours) = (bare(host), bare(ours));
    // An address cannot be rebound, so on this machine the loopback addresses are as good as the name.
    let port = ours.strip_prefix("localhost").unwrap_or("-");
    host == ours || ["127.0.0.1", "[::1]"].iter().any(|local| host.strip_prefix(local) == Some(port))
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_the_issuers_host_is_ours() {
        for ours in ["localhost:8080", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(is_ours(ours, "http://localhost:8080"), "{ours}");
        }
        for foreign in ["evil.example:8080", "localhost", "localhost:8081", "127.0.0.1", "localhost:8080.evil", ""] {
            assert!(!is_ours(foreign, "http://localhost:8080"), "{foreign}");
        }
        assert!(is_ours("login.example.org:443", "https://login.example.org"));
        assert!(!is_ours("127.0.0.1", "https://login.example.org"));
    }
}
