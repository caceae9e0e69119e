//! Whether a form comes from a page of ours (SES-06, SES-07): first by what the browser says of it, then by its token.
//!
//! Our pages are sent with `Referrer-Policy: no-referrer`, and under it browsers send `Origin: null` with our own forms
//! (Fetch standard, "append a request Origin header"). So `null` is taken where `Sec-Fetch-Site` says `same-origin`, and
//! only there.

#[cfg(test)]
mod tests;

use axum::http::HeaderMap;
use axum::http::header::ORIGIN;

/// What the browser said in these headers is ours, and it said something.
pub(crate) fn is_ours(headers: &HeaderMap, issuer: &str) -> bool {
    let site = one(headers, "sec-fetch-site");
    let origin = one(headers, ORIGIN.as_str());
    match (site, origin) {
        (Said::Once("same-origin"), Said::Nothing | Said::Once("null")) => true,
        (Said::Once("same-origin") | Said::Nothing, Said::Once(origin)) => is_origin(origin, issuer),
        _ => false,
    }
}

/// A header as it came.
#[derive(Clone, Copy)]
enum Said<'a> {
    Nothing,
    Once(&'a str),
    /// Twice, or unreadable.
    Unclear,
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Said<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Said::Nothing,
        (Some(value), None) => value.to_str().map_or(Said::Unclear, Said::Once),
        _ => Said::Unclear,
    }
}

/// The issuer's origin, or the same server on this machine by another name of it.
fn is_origin(origin: &str, issuer: &str) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    let same_scheme = issuer.split_once("://").is_some_and(|(ours, _)| ours == scheme);
    same_scheme && !host.contains(['/', '@', '?', '#']) && super::host::is_ours(host, issuer)
}
