//! What browsers say of our own forms, and of others.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::is_ours;

const ISSUER: &str = "https://login.example.org";

fn said(lines: &[(&'static str, &'static str)]) -> bool {
    let headers: HeaderMap =
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    is_ours(&headers, ISSUER)
}

#[test]
fn ses_07_our_own_forms_pass() {
    assert!(said(&[("sec-fetch-site", "same-origin"), ("origin", "https://login.example.org")]));
    assert!(said(&[("sec-fetch-site", "same-origin"), ("origin", "null")]), "under no-referrer");
    assert!(said(&[("sec-fetch-site", "same-origin")]));
    assert!(said(&[("origin", "https://login.example.org")]), "a browser without fetch metadata");
    assert!(said(&[("origin", "https://login.example.org:443")]));
}

#[test]
fn ses_07_what_comes_from_elsewhere_or_says_nothing_does_not() {
    for site in ["cross-site", "same-site", "none", "", "Same-Origin", "same-origin, cross-site"] {
        assert!(!said(&[("sec-fetch-site", site), ("origin", "https://login.example.org")]), "{site}");
        assert!(!said(&[("sec-fetch-site", site)]), "{site}");
    }
    let foreign = [
        "https://evil.example",
        "http://login.example.org",
        "https://login.example.org.evil.example",
        "https://login.example.org@evil.example",
        "https://login.example.org:8443",
        "https://login.example.org/",
        "null",
        "",
        "login.example.org",
    ];
    for origin in foreign {
        assert!(!said(&[("origin", origin)]), "{origin}");
        assert!(origin == "null" || !said(&[("sec-fetch-site", "same-origin"), ("origin", origin)]), "{origin}");
    }
    assert!(!said(&[]));
    let twice = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")];
    let mut headers = HeaderMap::new();
    for (name, value) in twice {
        headers.append(name, HeaderValue::from_static(value));
    }
    assert!(!is_ours(&headers, ISSUER));
}
