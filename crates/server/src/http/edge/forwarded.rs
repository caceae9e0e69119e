//! What a trusted proxy says about the client's connection to it: whether that was https. Asked only of a peer that was
//! named, since anybody can write these headers (T-20).

use axum::http::HeaderMap;

/// Whether the proxies vouch for https, by `X-Forwarded-Proto` or by the `proto` of `Forwarded` (RFC 7239 section 5.4).
/// Every hop that says something must say https: one plain hop is enough for a listener.
pub(crate) fn is_https(headers: &HeaderMap) -> bool {
    let plain = headers.get_all("x-forwarded-proto").iter().map(|value| value.to_str().unwrap_or("?"));
    let plain = plain.flat_map(|line| line.split(',')).map(str::trim);
    let standard = headers.get_all("forwarded").iter().map(|value| value.to_str().unwrap_or("proto=?"));
    let standard = standard.flat_map(|line| line.split([',', ';'])).filter_map(proto);
    let mut said = plain.chain(standard).peekable();
    said.peek().is_some() && said.all(|proto| proto.eq_ignore_ascii_case("https"))
}

/// The value of a `proto` parameter. A quoted comma or semicolon elsewhere splits into pieces that name no proto, or one
/// that the client put there: which can only be against it.
fn proto(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("proto").then(|| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn https(headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        is_https(&map)
    }

    #[test]
    fn t_20_https_is_believed_only_where_every_hop_says_so() {
        for good in [
            &[("x-forwarded-proto", "https")][..],
            &[("x-forwarded-proto", "HTTPS, https")],
            &[("forwarded", "for=192.0.2.60;proto=https;by=203.0.113.43")],
            &[("forwarded", "For=\"[2001:db8::1]\"; Proto=\"https\""), ("x-forwarded-proto", "https")],
            &[("forwarded", "for=192.0.2.43, for=198.51.100.17;proto=https")],
        ] {
            assert!(https(good), "{good:?}");
        }
        for bad in [
            &[][..],
            &[("x-forwarded-proto", "")],
            &[("x-forwarded-proto", "http")],
            &[("x-forwarded-proto", "https,http")],
            &[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")],
            &[("x-forwarded-proto", "https"), ("forwarded", "proto=http")],
            &[("forwarded", "for=192.0.2.60")],
            &[("forwarded", "proto=http, proto=https")],
            &[("x-forwarded-proto", "httpsx")],
        ] {
            assert!(!https(bad), "{bad:?}");
        }
    }
}
