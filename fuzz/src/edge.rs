//! What the server reads before it knows who is there: its configuration, headers of proxies, hosts and bodies.

use std::net::{IpAddr, SocketAddr};

use poundlock::testing::fuzz::{self, Introduced};
use url::Url;

/// Values in pairs: what is told of one must be told of the other, or the message repeats it. A search for a text would
/// not do, since a name may spell it too, in capitals or in escapes, and names are told.
const PAIRS: [(&str, &str); 2] = [("hunter2-7f3a9c", "passw0rd-51bb2"), ("712300", "712400")];

/// Any text as a file, and the name of a variable before the first NUL: a refusal never repeats the variable's value,
/// what is read is written back the same, and an issuer that is accepted is read the same by browsers.
pub(crate) fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (name, text) = text.split_once('\0').unwrap_or(("", text));
    for (one, other) in PAIRS {
        let with = |value| fuzz::config(text, (!name.is_empty()).then_some((name, value)));
        match (with(one), with(other)) {
            (Err(told), Err(of_other)) => assert_eq!(told, of_other, "the value of a setting is told"),
            (Ok(read), Ok(_)) => reads_again(&read),
            (one, other) => assert!(one.is_err() == other.is_err(), "two values of one kind: {one:?}, {other:?}"),
        }
    }
}

fn reads_again(read: &fuzz::Read) {
    let again = fuzz::config(&read.written, None).map(|again| again.written);
    assert_eq!(again.as_ref(), Ok(&read.written), "the file that was written reads otherwise");
    if read.is_safe {
        issuer_is_plain(&read.issuer);
    }
}

fn issuer_is_plain(issuer: &str) {
    let Ok(url) = Url::parse(issuer) else {
        return assert!(issuer.contains("xn--"), "no browser reads this issuer: {issuer}");
    };
    let (scheme, rest) = issuer.split_once("://").unwrap_or_default();
    let authority = rest.split('/').next().unwrap_or_default();
    let host = if authority.starts_with('[') {
        authority.split_inclusive(']').next().unwrap_or_default()
    } else {
        authority.split(':').next().unwrap_or_default()
    };
    assert_eq!(url.scheme(), scheme);
    assert_eq!(url.host_str(), Some(host), "a browser goes to another host: {issuer}");
    assert!(url.query().is_none() && url.fragment().is_none() && url.username().is_empty());
    assert!(scheme == "https" || matches!(host, "localhost" | "127.0.0.1" | "[::1]"), "plain http: {issuer}");
}

/// Lines: peer, trusted networks, then header lines. What comes out is never a proxy of ours, and nothing that a client
/// writes to the left changes it.
pub(crate) fn forwarded(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let text = |line: Option<&[u8]>| String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    let peer: Option<IpAddr> = text(lines.next()).parse().ok();
    let trusted = text(lines.next());
    let trusted: Vec<&str> = trusted.split(',').collect();
    let headers: Vec<&[u8]> = lines.take(8).collect();
    let found = fuzz::client_ip(peer, &headers, &trusted);
    let ours = |address: IpAddr| trusted.iter().any(|network| fuzz::lies_in(network, address) == Some(true));
    let Some(peer) = peer else { return assert_eq!(found, None) };
    if !ours(peer) {
        return assert_eq!(found, Some(peer.to_canonical()), "a stranger's header counted");
    }
    let Some(found) = found else { return };
    assert!(!ours(found), "the client's address is a proxy of ours");
    assert_eq!(found, found.to_canonical());
    let more = [&[b"203.0.113.9, nonsense".as_slice()], headers.as_slice()].concat();
    assert_eq!(fuzz::client_ip(Some(peer), &more, &trusted), Some(found), "what a client writes to the left counts");
}

/// Lines of `Forwarded`, where they begin with F, and of `X-Forwarded-Proto`. Https is believed only if something said
/// so, and one hop that says otherwise takes it back, wherever it stands.
pub(crate) fn proto(bytes: &[u8]) {
    let lines: Vec<(bool, &[u8])> = bytes.split(|byte| *byte == b'\n').take(8).map(proto_line).collect();
    if !fuzz::is_https(&lines) {
        return;
    }
    assert!(lines.iter().any(|(_, line)| line.to_ascii_lowercase().windows(5).any(|five| five == b"https")));
    for plain in [(false, b"http".as_slice()), (true, b"for=192.0.2.1;proto=http"), (false, b"\xff"), (true, b"\xff")] {
        for at in 0..=lines.len() {
            let mut lines = lines.clone();
            lines.insert(at, plain);
            assert!(!fuzz::is_https(&lines), "a plain hop is forgotten: {lines:?}");
        }
    }
}

fn proto_line(line: &[u8]) -> (bool, &[u8]) {
    match line {
        [b'F', rest @ ..] => (true, rest),
        rest => (false, rest),
    }
}

/// The begin of a connection behind a proxy. What is read is what a proxy would have written for that client, cut short
/// nothing is read, and what follows the header stays.
pub(crate) fn proxy_header(bytes: &[u8]) {
    let (said, after) = match fuzz::proxy_header(bytes) {
        Ok(read) => read,
        Err(told) => return assert!(told.is_none_or(|told| told.len() < 200)),
    };
    assert!(bytes.starts_with(b"\r\n\r\n\0\r\nQUIT\n") && bytes.ends_with(after));
    let header = bytes.strip_suffix(after).unwrap_or_default();
    assert_eq!(fuzz::proxy_header(header), Ok((said, b"".as_slice())));
    for short in [0, 15, 16, header.len() - 1] {
        assert_eq!(fuzz::proxy_header(header.get(..short.min(header.len() - 1)).unwrap_or_default()), Err(None));
    }
    if let Introduced::Client(Some(address), tls) = said {
        assert_eq!(
            header.get(16..).and_then(|rest| rest.get(..octets(address).len())),
            Some(octets(address).as_slice())
        );
        let written = written(address, tls);
        assert_eq!(fuzz::proxy_header(&written), Ok((said, b"".as_slice())), "another header says the same");
    }
}

fn octets(address: SocketAddr) -> Vec<u8> {
    match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// A header as the protocol's text has it (section 2.2), with one word on TLS.
fn written(address: SocketAddr, tls: bool) -> Vec<u8> {
    let own = octets(address);
    let (family, length) = if own.len() == 4 { (0x11, 12 + 8) } else { (0x21, 36 + 8) };
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21".to_vec();
    bytes.extend([family, 0, length]);
    bytes.extend(&own);
    bytes.extend(vec![0; own.len()]);
    bytes.extend(address.port().to_be_bytes());
    bytes.extend([0, 0, 0x20, 0, 5, u8::from(tls), 0, 0, 0, 0]);
    bytes
}

/// Two lines: host and issuer. A host that is ours leads a browser to the issuer's host and port.
pub(crate) fn host(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (host, issuer) = text.split_once('\n').unwrap_or((text, "http://localhost:8080"));
    let issuer_read = fuzz::config(&format!("issuer = {issuer:?}"), None);
    if !issuer_read.is_ok_and(|read| read.is_safe) || !fuzz::is_our_host(host, issuer) {
        return;
    }
    let (Ok(ours), Some((scheme, _))) = (Url::parse(issuer), issuer.split_once("://")) else { return };
    let Ok(named) = Url::parse(&format!("{scheme}://{host}/")) else {
        return assert_eq!(host, "", "no browser sends this");
    };
    assert_eq!(named.port_or_known_default(), ours.port_or_known_default(), "another port: {host} for {issuer}");
    let here = matches!(named.host_str(), Some("127.0.0.1" | "[::1]")) && ours.host_str() == Some("localhost");
    assert!(here || named.host_str() == ours.host_str(), "another host: {host} for {issuer}");
    assert!(named.username().is_empty() && named.path() == "/" && named.query().is_none());
}

/// Any bytes as the body of a login: one object and no other JSON, and a refusal repeats none of it.
pub(crate) fn body(bytes: &[u8]) {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match fuzz::login_body(bytes) {
        Ok(()) => {
            assert_eq!(first, Some(&b'{'));
            let value = serde_json::from_slice::<serde_json::Value>(bytes);
            assert!(value.is_ok_and(|value| value.get("name").is_some_and(serde_json::Value::is_string)));
        }
        Err(told) => assert!(told.len() <= 800 && !told.chars().any(char::is_control)),
    }
    let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(bytes) else { return };
    for (name, value) in &members {
        let told = |with| {
            let mut members = members.clone();
            members.insert(name.clone(), with);
            fuzz::login_body(&serde_json::to_vec(&members).unwrap_or_default())
        };
        // Two values of one kind and length: a message that differs repeats one of them.
        let (one, other) = match value {
            serde_json::Value::String(_) => ("hunter2-7f3a9c".into(), "passw0rd-51bb2".into()),
            serde_json::Value::Number(_) => (712_300.into(), 712_400.into()),
            _ => continue,
        };
        assert_eq!(told(one), told(other), "a refusal tells the value of {name:?}");
    }
}
