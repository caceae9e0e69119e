//! Reads the header of the PROXY protocol, version 2: what a proxy in front that passes bytes says about the client.
//! Values only: nothing is read from a socket here, and whether the sender may be believed is asked elsewhere. Attack: a
//! header from anybody makes its sender any address.

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes before the addresses: signature, version and command, family, length.
pub(crate) const HEAD_BYTES: usize = 16;

/// Most bytes after them. Addresses take at most 216; what proxies add to them is some hundred.
pub(crate) const REST_BYTES_MAX: usize = 2048;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The type of the addition that tells about TLS, and the bit in it that says there was TLS.
const TLS_TYPE: u8 = 0x20;
const TLS_BIT: u8 = 0x01;

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The proxy speaks for itself: a health check.
    Local,
    /// The proxy speaks for a client.
    Client {
        /// None where the client is a process on the proxy's own machine.
        address: Option<SocketAddr>,
        /// Whether the client came to the proxy over TLS, as the proxy vouches.
        tls: bool,
    },
}

/// Why a header is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("it speaks version 1 of the PROXY protocol: have it send version 2 (HAProxy: send-proxy-v2)")]
    Version1,
    #[error("it sends no PROXY header, and listen.proxy_protocol asks for one (HAProxy: send-proxy-v2)")]
    Absent,
    #[error("the PROXY header has an unknown version or command")]
    Command,
    #[error("the PROXY header names no address of a client that came over TCP or a Unix socket")]
    Family,
    #[error("the PROXY header is longer than {REST_BYTES_MAX} bytes")]
    TooLong,
    #[error("the PROXY header is shorter than what it announces")]
    Short,
    #[error("the PROXY header tells about TLS twice")]
    Twice,
}

/// How many bytes follow a head. Whatever is wrong with the head is said before anything more is waited for.
pub(crate) fn rest_bytes(head: &[u8; HEAD_BYTES]) -> Result<usize, Malformed> {
    let [signature @ .., command, _family, high, low] = head;
    if head.starts_with(b"PROXY ") {
        return Err(Malformed::Version1);
    }
    if *signature != SIGNATURE {
        return Err(Malformed::Absent);
    }
    if !matches!(command, 0x20 | 0x21) {
        return Err(Malformed::Command);
    }
    let rest = usize::from(u16::from_be_bytes([*high, *low]));
    if rest > REST_BYTES_MAX { Err(Malformed::TooLong) } else { Ok(rest) }
}

/// Reads a head and all that follows it.
pub(crate) fn parse(head: &[u8; HEAD_BYTES], rest: &[u8]) -> Result<Told, Malformed> {
    if rest_bytes(head)? != rest.len() {
        return Err(Malformed::Short);
    }
    let [.., command, family, _, _] = *head;
    if command == 0x20 {
        return Ok(Told::Local);
    }
    let (address, additions) = match family {
        0x11 => v4(rest)?,
        0x21 => v6(rest)?,
        // Both paths of 108 bytes are skipped: they name files on another machine.
        0x31 => (None, rest.get(216..).ok_or(Malformed::Short)?),
        // Without an address the limits would fall on the proxy, and its word would be taken for the client's.
        _ => return Err(Malformed::Family),
    };
    Ok(Told::Client { address, tls: told_of_tls(additions)? })
}

fn v4(rest: &[u8]) -> Result<(Option<SocketAddr>, &[u8]), Malformed> {
    let (&[a, b, c, d, _, _, _, _, high, low, _, _], additions) = rest.split_first_chunk().ok_or(Malformed::Short)?;
    let port = u16::from_be_bytes([high, low]);
    Ok((Some(SocketAddr::from((Ipv4Addr::new(a, b, c, d), port))), additions))
}

fn v6(rest: &[u8]) -> Result<(Option<SocketAddr>, &[u8]), Malformed> {
    let (address, rest) = rest.split_first_chunk::<16>().ok_or(Malformed::Short)?;
    let (_, rest) = rest.split_first_chunk::<16>().ok_or(Malformed::Short)?;
    let (&[high, low, _, _], additions) = rest.split_first_chunk().ok_or(Malformed::Short)?;
    let port = u16::from_be_bytes([high, low]);
    Ok((Some(SocketAddr::from((Ipv6Addr::from(*address), port))), additions))
}

/// Walks the additions: each a type, a length and so many bytes. All but one are skipped, and that one may stand once:
/// of two words on TLS nobody could say which is the proxy's.
fn told_of_tls(mut additions: &[u8]) -> Result<bool, Malformed> {
    let mut tls = None;
    while !additions.is_empty() {
        let (&[kind, high, low], rest) = additions.split_first_chunk().ok_or(Malformed::Short)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (value, rest) = rest.split_at_checked(length).ok_or(Malformed::Short)?;
        if kind == TLS_TYPE {
            // One byte of bits, four of the check of a client certificate, then additions of its own.
            let (&[bits, _, _, _, _], _) = value.split_first_chunk().ok_or(Malformed::Short)?;
            if tls.replace(bits & TLS_BIT != 0).is_some() {
                return Err(Malformed::Twice);
            }
        }
        additions = rest;
    }
    Ok(tls.unwrap_or(false))
}
