//! Real sockets, a real TLS client, and headers of the PROXY protocol as a proxy writes them.

use std::net::SocketAddr;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::tls::tests::Made;
use crate::tls::{Certificates, acceptor};

/// 203.0.113.9:49153 to 10.0.0.1:443.
const HEADER: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x09\x0a\0\0\x01\xc0\x01\x01\xbb";
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
const CLIENT: &str = "203.0.113.9:49153";

fn settings(change: impl FnOnce(&mut ArrivalSettings)) -> ArrivalSettings {
    let mut settings = ArrivalSettings { deadline: Duration::from_secs(20), ..ArrivalSettings::default() };
    change(&mut settings);
    settings
}

fn behind_proxies(networks: &[&str]) -> ArrivalSettings {
    settings(|settings| {
        settings.proxy_protocol = true;
        settings.behind = networks.iter().map(|text| Network::parse(text).unwrap()).collect();
    })
}

async fn tcp() -> (TcpStream, RawStream, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = listener.accept().await.unwrap();
    (client, RawStream::Tcp(stream), Peer::Tcp(peer))
}

/// What becomes of a connection from 127.0.0.1 that begins with these bytes.
async fn sent(bytes: &[u8], settings: &ArrivalSettings) -> Option<Arrived> {
    let (mut client, stream, peer) = tcp().await;
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    prepare(stream, peer, settings).await
}

fn address(text: &str) -> Peer {
    Peer::Tcp(text.parse::<SocketAddr>().unwrap())
}

#[tokio::test]
async fn t_20_a_proxy_header_is_heard_from_named_proxies_alone() {
    let strangers = behind_proxies(&["10.0.0.0/8"]);
    assert!(sent(HEADER, &strangers).await.is_none(), "127.0.0.1 was not named");
    assert!(sent(LOCAL, &strangers).await.is_none());
    assert_eq!(strangers.refused.count(), 2);
    let arrived = sent(HEADER, &behind_proxies(&["127.0.0.1"])).await.unwrap();
    assert_eq!((arrived.peer, arrived.protocol, arrived.secure), (address(CLIENT), Protocol::Http1, false));
}

#[tokio::test]
async fn t_20_without_the_setting_a_header_is_no_header() {
    let (mut client, stream, peer) = tcp().await;
    client.write_all(HEADER).await.unwrap();
    let mut arrived = prepare(stream, peer, &settings(|_| ())).await.unwrap();
    assert_eq!(arrived.peer, peer, "the bytes name nobody");
    let mut first = [0; 4];
    arrived.io.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"\r\n\r\n", "and are left to HTTP, which refuses them");
}

#[tokio::test]
async fn thr_07_every_connection_must_bring_a_header_of_version_2() {
    let settings = behind_proxies(&["127.0.0.1"]);
    for bad in [
        &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..],
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
    ] {
        assert!(sent(bad, &settings).await.is_none(), "{bad:?}");
    }
    assert_eq!(settings.refused.count(), 4);
    for cut in [&HEADER[..0], &HEADER[..15], &HEADER[..20]] {
        assert!(sent(cut, &settings).await.is_none(), "a client that hangs up is no news");
    }
    assert_eq!(settings.refused.count(), 4);
}

#[tokio::test]
async fn a_header_takes_not_a_byte_of_what_follows() {
    let settings = behind_proxies(&["127.0.0.1"]);
    for (header, who) in [(HEADER, Some(CLIENT)), (LOCAL, None)] {
        let (mut client, stream, peer) = tcp().await;
        client.write_all(&[header, b"GET"].concat()).await.unwrap();
        let mut arrived = prepare(stream, peer, &settings).await.unwrap();
        assert_eq!(arrived.peer, who.map_or(peer, address));
        let mut next = [0; 3];
        arrived.io.read_exact(&mut next).await.unwrap();
        assert_eq!(&next, b"GET");
    }
}

#[tokio::test]
async fn a_unix_socket_may_introduce_and_stands_for_itself_otherwise() {
    let (mut client, stream) = UnixStream::pair().unwrap();
    client.write_all(HEADER).await.unwrap();
    let arrived = prepare(RawStream::Unix(stream), Peer::Unix, &behind_proxies(&[])).await.unwrap();
    assert_eq!(arrived.peer, address(CLIENT));
    let (_client, stream) = UnixStream::pair().unwrap();
    let arrived = prepare(RawStream::Unix(stream), Peer::Unix, &settings(|_| ())).await.unwrap();
    assert_eq!((arrived.peer, arrived.secure), (Peer::Unix, false));
}

#[tokio::test]
async fn the_word_of_a_proxy_on_tls_counts_as_tls() {
    let mut header = HEADER.to_vec();
    header[15] += 8;
    header.extend([0x20, 0, 5, 1, 0, 0, 0, 0]);
    assert!(sent(&header, &behind_proxies(&["127.0.0.1"])).await.unwrap().secure);
}

#[tokio::test]
async fn t_20_a_process_beside_the_proxy_is_no_proxy_of_ours() {
    let header = [b"\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8".as_slice(), &[0; 216]].concat();
    let arrived = sent(&header, &behind_proxies(&["127.0.0.1"])).await.unwrap();
    assert_eq!((arrived.peer, arrived.secure), (Peer::Unnamed, false));
}

#[tokio::test]
async fn t_20_a_strangers_word_on_tls_counts_for_nothing() {
    let mut header = HEADER.to_vec();
    header[15] += 8;
    header.extend([0x20, 0, 5, 1, 0, 0, 0, 0]);
    assert!(sent(&header, &behind_proxies(&["10.0.0.0/8"])).await.is_none(), "it was not named");
    // A second header is the client's own, sent through the proxy: the bytes are left to HTTP.
    let (mut client, stream, peer) = tcp().await;
    client.write_all(&[HEADER, &header].concat()).await.unwrap();
    let mut arrived = prepare(stream, peer, &behind_proxies(&["127.0.0.1"])).await.unwrap();
    assert!(!arrived.secure);
    let mut next = [0; 4];
    arrived.io.read_exact(&mut next).await.unwrap();
    assert_eq!(&next, b"\r\n\r\n");
}

#[tokio::test]
async fn a_header_may_come_byte_by_byte() {
    let (mut client, stream, peer) = tcp().await;
    client.set_nodelay(true).unwrap();
    let settings = behind_proxies(&["127.0.0.1"]);
    let drip = async {
        for byte in [HEADER, b"GET"].concat() {
            client.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        client
    };
    let (arrived, _client) = tokio::join!(prepare(stream, peer, &settings), drip);
    let mut arrived = arrived.unwrap();
    assert_eq!(arrived.peer, address(CLIENT));
    let mut next = [0; 3];
    arrived.io.read_exact(&mut next).await.unwrap();
    assert_eq!(&next, b"GET");
}

#[tokio::test]
async fn what_does_not_come_is_not_waited_for() {
    let made = Made::new();
    let hasty = [behind_proxies(&["127.0.0.1"]), with_tls(&made)];
    for mut settings in hasty {
        settings.deadline = Duration::from_millis(20);
        let (_client, stream, peer) = tcp().await;
        assert!(prepare(stream, peer, &settings).await.is_none());
    }
}

fn with_tls(made: &Made) -> ArrivalSettings {
    let certificates = Certificates::load(&made.files, "https://login.example.org").unwrap();
    settings(|settings| settings.tls = Some(acceptor(certificates).unwrap()))
}

/// A client that trusts the pair's certificate alone.
async fn handshake(
    client: TcpStream,
    made: &Made,
    protocols: &[&str],
    version: &'static rustls::SupportedProtocolVersion,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&made.files.certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("login.example.org").unwrap(), client).await
}

#[tokio::test]
async fn ops_01_the_protocol_is_agreed_on_and_never_guessed() {
    let made = Made::new();
    let settings = with_tls(&made);
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    for version in versions {
        for (offered, spoken) in [
            (&["h2", "http/1.1"][..], Some(Protocol::Http2)),
            (&["http/1.1"], Some(Protocol::Http1)),
            (&[], Some(Protocol::Http1)),
            (&["ftp"], None),
        ] {
            let (client, stream, peer) = tcp().await;
            let (arrived, client) =
                tokio::join!(prepare(stream, peer, &settings), handshake(client, &made, offered, version));
            assert_eq!(arrived.as_ref().map(|arrived| arrived.protocol), spoken, "{offered:?}");
            assert!(arrived.is_none_or(|arrived| arrived.secure && arrived.peer == peer));
            assert!(client.is_ok() || spoken.is_none(), "{offered:?}");
        }
    }
}

#[tokio::test]
async fn ops_01_plain_http_on_a_port_of_tls_is_closed() {
    let made = Made::new();
    assert!(sent(b"GET / HTTP/1.1\r\nhost: login.example.org\r\n\r\n", &with_tls(&made)).await.is_none());
}

#[tokio::test]
async fn a_proxy_header_may_come_before_tls() {
    let made = Made::new();
    let mut settings = with_tls(&made);
    (settings.proxy_protocol, settings.behind) = (true, vec![Network::parse("127.0.0.1").unwrap()]);
    let (mut client, stream, peer) = tcp().await;
    client.write_all(HEADER).await.unwrap();
    let client = handshake(client, &made, &["h2"], &rustls::version::TLS13);
    let (arrived, client) = tokio::join!(prepare(stream, peer, &settings), client);
    let arrived = arrived.unwrap();
    client.unwrap();
    assert_eq!((arrived.peer, arrived.protocol, arrived.secure), (address(CLIENT), Protocol::Http2, true));
}
