//! Redirect addresses and browser origins as an operator may register them. Registered once, compared byte for byte
//! afterwards (OAE-01, T-27): so the forms taken here are few, and every odd spelling is refused.

use std::net::Ipv4Addr;

/// Why an address cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Another character than visible ASCII, or a backslash, quote, angle bracket or star.
    #[error("it holds a character that is not allowed (no patterns, no spaces, printable ASCII only)")]
    Character,
    /// A fragment (RFC 6749 §3.1.2).
    #[error("it has a fragment (#)")]
    Fragment,
    /// No scheme, or one that a browser runs, such as `javascript:`.
    #[error("it must begin with https://, http:// on loopback, or a reverse-domain scheme such as com.example.app:/")]
    Scheme,
    /// Plain http to another host than this machine.
    #[error("plain http is allowed for 127.0.0.1, [::1] and localhost only")]
    PlainHttp,
    /// A host with user info, other characters, capitals or a bad port.
    #[error("its host or port is not plain (lower case, no user name, no escapes)")]
    Host,
    /// Dot segments or escaped slashes in the path, which servers read in more than one way.
    #[error("its path holds . or .. segments, or an escaped slash or dot")]
    Path,
    /// An origin with a path, or a trailing slash.
    #[error("an origin is scheme, host and port alone, such as https://app.example")]
    NotOrigin,
}

/// Checks a redirect address: https; http on loopback (RFC 8252 §7.3); or a private scheme of a native app that is a
/// reversed domain name (RFC 8252 §7.1).
pub(super) fn refuse_bad_redirect(uri: &str) -> Result<(), BadAddress> {
    refuse_odd_characters(uri)?;
    let (scheme, rest) = uri.split_once(':').ok_or(BadAddress::Scheme)?;
    match (scheme, rest.strip_prefix("//")) {
        ("https" | "http", Some(rest)) => {
            let (host, tail) = split_host(rest);
            refuse_bad_host(scheme, host)?;
            refuse_odd_path(tail)
        }
        ("https" | "http", None) => Err(BadAddress::Scheme),
        (private, _) if is_reverse_domain(private) => refuse_odd_path(rest),
        _ => Err(BadAddress::Scheme),
    }
}

/// Checks the address of a server such as an issuer (RFC 8414 §2): https, or http on loopback, with a plain host and
/// path and without a query. A browser must read it as we do, since its host is compared with what browsers send.
///
/// # Errors
/// [`BadAddress`].
pub fn refuse_bad_issuer(issuer: &str) -> Result<(), BadAddress> {
    if !issuer.starts_with("https://") && !issuer.starts_with("http://") {
        return Err(BadAddress::Scheme);
    }
    if issuer.contains('?') {
        return Err(BadAddress::Path);
    }
    refuse_bad_redirect(issuer)
}

/// Checks where word of a logout is posted to: as a redirect address, but never a private scheme.
pub(super) fn refuse_bad_backchannel(uri: &str) -> Result<(), BadAddress> {
    if uri.starts_with("https://") || uri.starts_with("http://") {
        refuse_bad_redirect(uri)
    } else {
        Err(BadAddress::Scheme)
    }
}

/// Checks a browser origin (RFC 6454 §6.2): what CORS answers are given to, exactly.
pub(super) fn refuse_bad_origin(origin: &str) -> Result<(), BadAddress> {
    refuse_odd_characters(origin)?;
    let (scheme, rest) = origin.split_once("://").ok_or(BadAddress::NotOrigin)?;
    if !matches!(scheme, "https" | "http") {
        return Err(BadAddress::NotOrigin);
    }
    let (host, tail) = split_host(rest);
    refuse_bad_host(scheme, host)?;
    // A browser never sends the default port, so such an origin would never match.
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    if tail.is_empty() && !host.ends_with(default_port) { Ok(()) } else { Err(BadAddress::NotOrigin) }
}

fn refuse_odd_characters(text: &str) -> Result<(), BadAddress> {
    if text.contains('#') {
        return Err(BadAddress::Fragment);
    }
    let odd = |byte: u8| {
        !byte.is_ascii_graphic()
            || matches!(byte, b'\\' | b'"' | b'\'' | b'<' | b'>' | b'*' | b'`' | b'{' | b'}' | b'|' | b'^')
    };
    if text.bytes().any(odd) { Err(BadAddress::Character) } else { Ok(()) }
}

fn split_host(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()))
}

fn refuse_bad_host(scheme: &str, authority: &str) -> Result<(), BadAddress> {
    let (host, port) = match authority.strip_prefix("[::1]") {
        Some("") => ("[::1]", None),
        Some(rest) => ("[::1]", Some(rest.strip_prefix(':').ok_or(BadAddress::Host)?)),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let named = host.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    let named = named && (!ends_in_number(host) || is_plain_v4(host));
    // Written back, a port has one spelling: no sign, no leading zero.
    let port_is_plain = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == port));
    if !(named || host == "[::1]") || !port_is_plain {
        return Err(BadAddress::Host);
    }
    if scheme == "http" && !matches!(host, "127.0.0.1" | "[::1]" | "localhost") {
        return Err(BadAddress::PlainHttp);
    }
    Ok(())
}

/// What browsers take for an address and not for a name (WHATWG URL, "ends in a number"): `1.2` is 1.0.0.2 to them.
fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || last.bytes().all(|b| b.is_ascii_digit())
}

fn is_plain_v4(host: &str) -> bool {
    host.parse::<Ipv4Addr>().is_ok_and(|address| address.to_string() == host)
}

/// Keycloak CVE-2026-3872 was `..;/`: a path that the check and the browser read differently.
fn refuse_odd_path(tail: &str) -> Result<(), BadAddress> {
    let path = tail.split('?').next().unwrap_or_default();
    let lower = path.to_ascii_lowercase();
    let escaped = ["%2e", "%2f", "%5c", "%00"].iter().any(|escape| lower.contains(escape));
    let dots = path.split('/').any(|segment| matches!(segment.split(';').next(), Some("." | "..")));
    if escaped || dots { Err(BadAddress::Path) } else { Ok(()) }
}

fn is_reverse_domain(scheme: &str) -> bool {
    let labels = scheme.split('.');
    scheme.contains('.')
        && scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && labels.into_iter().all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oae_01_plain_redirects_are_taken() {
        for good in [
            "https://app.example/callback",
            "https://app.example",
            "https://app.example:8443/cb?tenant=a%20b",
            "https://10.0.0.1/cb",
            "https://4.example/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:7000/cb",
            "http://localhost:3000/cb",
            "com.example.app:/oauth/cb",
        ] {
            assert_eq!(refuse_bad_redirect(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn t_27_odd_redirects_are_refused() {
        for (bad, why) in [
            ("https://app.example/cb#x", BadAddress::Fragment),
            ("https://app.example/*", BadAddress::Character),
            ("https://app.example/a b", BadAddress::Character),
            ("https://app.example\\@evil.example/", BadAddress::Character),
            ("https://app.example/\n", BadAddress::Character),
            ("https://äpp.example/", BadAddress::Character),
            ("https://good@evil.example/cb", BadAddress::Host),
            ("https://a@b@c/cb", BadAddress::Host),
            ("https://App.example/cb", BadAddress::Host),
            ("https://app%2eexample/cb", BadAddress::Host),
            ("https:///cb", BadAddress::Host),
            ("https://app..example/cb", BadAddress::Host),
            ("https://app.example:/cb", BadAddress::Host),
            ("https://app.example:0/cb", BadAddress::Host),
            ("https://app.example:0443/cb", BadAddress::Host),
            ("https://app.example:+443/cb", BadAddress::Host),
            ("https://app.example:65536/cb", BadAddress::Host),
            ("https://[::1].evil.example/cb", BadAddress::Host),
            ("https://[::2]/cb", BadAddress::Host),
            // Browsers read these as 1.0.0.2, 127.0.0.1 and nothing at all.
            ("https://1.2/cb", BadAddress::Host),
            ("https://0x7f.0x1/cb", BadAddress::Host),
            ("https://010.0.0.1/cb", BadAddress::Host),
            ("https://app.256/cb", BadAddress::Host),
            ("http://app.example/cb", BadAddress::PlainHttp),
            ("http://127.0.0.1.evil.example/cb", BadAddress::PlainHttp),
            ("https://app.example/a/../cb", BadAddress::Path),
            ("https://app.example/a/..;/cb", BadAddress::Path),
            ("https://app.example/a/..", BadAddress::Path),
            ("https://app.example/%2E%2e/cb", BadAddress::Path),
            ("https://app.example/a%2fcb", BadAddress::Path),
            ("javascript:alert(1)", BadAddress::Scheme),
            ("data:text/html,x", BadAddress::Scheme),
            ("myapp://cb", BadAddress::Scheme),
            ("HTTPS://app.example/cb", BadAddress::Scheme),
            ("https:app.example", BadAddress::Scheme),
            ("//app.example/cb", BadAddress::Scheme),
            ("/cb", BadAddress::Scheme),
            ("", BadAddress::Scheme),
        ] {
            assert_eq!(refuse_bad_redirect(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn ops_02_an_issuer_is_read_the_same_by_browsers() {
        for good in ["https://login.example", "https://login.example:8443/a", "http://localhost:8080"] {
            assert_eq!(refuse_bad_issuer(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("https://login.exampLe", BadAddress::Host),
            ("http://localhost:evil", BadAddress::Host),
            ("https://", BadAddress::Host),
            ("https:// login.example", BadAddress::Character),
            ("https://login.example/a?b", BadAddress::Path),
            ("https://login.example/../a", BadAddress::Path),
            ("com.example.app:/a", BadAddress::Scheme),
        ] {
            assert_eq!(refuse_bad_issuer(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn oae_21_an_origin_is_exact() {
        for good in ["https://app.example", "https://app.example:8443", "http://localhost:3000"] {
            assert_eq!(refuse_bad_origin(good), Ok(()), "{good}");
        }
        for bad in [
            "*",
            "null",
            "https://app.example/",
            "https://app.example?x",
            "https://app.example:443",
            "http://localhost:80",
            "http://app.example",
            "https://*.example",
            "app.example",
            "file://x",
            "https://",
        ] {
            assert!(refuse_bad_origin(bad).is_err(), "{bad}");
        }
    }
}
