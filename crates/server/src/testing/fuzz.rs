//! The readers of the edge, opened to the fuzz targets: bytes in, and what they were taken for out. Never anything but
//! the readers themselves.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::config::Config;
use crate::http::body;
use crate::http::edge::client_ip::{Network, client_ip as read_client_ip};
use crate::http::edge::cookie::{Kind, Names};
use crate::http::edge::forwarded;
use crate::http::edge::host::is_ours;
use crate::http::edge::proxy_header::{self, HEAD_BYTES, Told};
use crate::http::login::Begin;

/// A configuration that was read.
#[derive(Debug)]
pub struct Read {
    /// It, written as a file.
    pub written: String,
    /// Its issuer.
    pub issuer: String,
    /// Whether the server would start with it.
    pub is_safe: bool,
}

/// Reads a configuration file, with one variable `POUNDLOCK_…` over it.
///
/// # Errors
/// What the operator is told.
pub fn config(text: &str, variable: Option<(&str, &str)>) -> Result<Read, String> {
    let variable = variable.map(|(name, value)| (format!("POUNDLOCK_{name}"), value.to_owned()));
    let told = |error: anyhow::Error| format!("{error:#}");
    let config = Config::read(text, Path::new("-"), variable.into_iter()).map_err(told)?;
    let written = toml::to_string(&config).map_err(|error| error.to_string())?;
    Ok(Read { written, issuer: config.issuer(), is_safe: config.check().is_ok() })
}

/// The client's address behind proxies. Header lines that cannot be sent are left out.
#[must_use]
pub fn client_ip(peer: Option<IpAddr>, lines: &[&[u8]], trusted: &[&str]) -> Option<IpAddr> {
    let mut headers = HeaderMap::new();
    for value in lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append("x-forwarded-for", value);
    }
    let trusted: Vec<Network> = trusted.iter().filter_map(|text| Network::parse(text)).collect();
    read_client_ip(peer, &headers, &trusted)
}

/// Whether proxies vouch for https, by lines of `Forwarded` where the name says so, else of `X-Forwarded-Proto`. Lines that
/// cannot be sent are left out.
#[must_use]
pub fn is_https(lines: &[(bool, &[u8])]) -> bool {
    let mut headers = HeaderMap::new();
    for (is_standard, line) in lines {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(if *is_standard { "forwarded" } else { "x-forwarded-proto" }, value);
        }
    }
    forwarded::is_https(&headers)
}

/// What a PROXY header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introduced {
    /// The proxy speaks for itself.
    Proxy,
    /// A client, at an address if it has one, and whether the proxy vouches for TLS.
    Client(Option<SocketAddr>, bool),
}

/// Reads bytes as the edge reads the begin of a connection behind a proxy. Gives what is said and what is left over.
///
/// # Errors
/// What the log says; `None` where more bytes would be waited for.
pub fn proxy_header(bytes: &[u8]) -> Result<(Introduced, &[u8]), Option<String>> {
    let (head, after) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(None)?;
    let told = |malformed: proxy_header::Malformed| Some(malformed.to_string());
    let length = proxy_header::rest_bytes(head).map_err(told)?;
    let (rest, after) = after.split_at_checked(length).ok_or(None)?;
    let said = match proxy_header::parse(head, rest).map_err(told)? {
        Told::Local => Introduced::Proxy,
        Told::Client { address, tls } => Introduced::Client(address, tls),
    };
    Ok((said, after))
}

/// Whether an address lies in a network; `None` when the text is no network.
#[must_use]
pub fn lies_in(network: &str, address: IpAddr) -> Option<bool> {
    Network::parse(network).map(|network| network.contains(address))
}

/// Whether a request for `host` is for the server of `issuer`.
#[must_use]
pub fn is_our_host(host: &str, issuer: &str) -> bool {
    is_ours(host, issuer)
}

/// Reads the body of a login.
///
/// # Errors
/// What the caller is told.
pub fn login_body(bytes: &[u8]) -> Result<(), String> {
    body::parse::<Begin>(bytes).map(|_| ())
}

/// What the cookie of a browser's session is called at `http://localhost:8080`.
pub const SESSION_COOKIE: &str = "__Host-pl_session_8080";

/// The value of that cookie in `Cookie` lines. Lines that cannot be sent are left out.
#[must_use]
pub fn session_cookie(lines: &[&[u8]]) -> Option<String> {
    let mut headers = HeaderMap::new();
    for value in lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append(COOKIE, value);
    }
    let read = Names::new("http://localhost:8080", false).read(&headers, Kind::Session);
    read.map(|value| value.reveal().clone())
}
