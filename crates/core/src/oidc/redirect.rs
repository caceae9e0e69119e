//! Which redirect address a request may name (OAE-01, RFC 9700 §2.1): one that is registered, byte for byte. The port of
//! a native application's loopback address alone may differ, since its operating system chose it (RFC 8252 §7.3).

use super::encode;
use crate::client::{Client, ClientKind};

/// Whether `uri` is one of this client's redirect addresses.
#[must_use]
pub fn is_registered(client: &Client, uri: &str) -> bool {
    client.redirect_uris.iter().any(|known| known == uri || differs_by_loopback_port(client, known, uri))
}

/// Both are the same loopback address but for the port, and the client is one that runs on its user's machine.
/// `localhost` is not among them: it is a name, and a name server may have its own idea of it (RFC 8252 §8.3).
fn differs_by_loopback_port(client: &Client, known: &str, uri: &str) -> bool {
    if !matches!(client.kind, ClientKind::Public | ClientKind::FirstParty) {
        return false;
    }
    match (split_loopback(known), split_loopback(uri)) {
        (Some(known), Some(asked)) => known == asked,
        _ => false,
    }
}

/// Host and path of a loopback address, without its port. The port, where there is one, is a plain number.
fn split_loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (host, rest) = ["127.0.0.1", "[::1]"].iter().find_map(|host| Some((*host, rest.strip_prefix(host)?)))?;
    let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (port, path) = rest.split_at(path_at);
    let plain = |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    (port.is_empty() || port.strip_prefix(':').is_some_and(plain)).then_some((host, path))
}

/// `uri` with parameters in its query, behind those it was registered with.
#[must_use]
pub fn with_query<'a>(uri: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = uri.to_owned();
    text.push(if uri.contains('?') { '&' } else { '?' });
    encode(&mut text, pairs);
    text
}
