//! Connections that a proxy introduces or that come over TLS, from their first byte to a handler.

use super::*;
use crate::tls::tests::Made;
use crate::tls::{Certificates, acceptor};

const HOST: &str = "login.example.org";

/// A PROXY header of version 2 for a client at `address`, as a proxy writes it.
fn header(address: &str) -> Vec<u8> {
    let address: SocketAddr = address.parse().unwrap();
    let (family, ips) = match address {
        SocketAddr::V4(v4) => (0x11, [&v4.ip().octets()[..], &[0; 4]].concat()),
        SocketAddr::V6(v6) => (0x21, [&v6.ip().octets()[..], &[0; 16]].concat()),
    };
    let length = u8::try_from(ips.len() + 4).unwrap();
    [b"\r\n\r\n\0\r\nQUIT\n\x21", &[family, 0, length][..], &ips, &address.port().to_be_bytes(), &[0, 0]].concat()
}

async fn behind(limits: Limits, places: Arc<Places>, proxies: &str) -> Listening {
    let behind = vec![Network::parse(proxies).unwrap()];
    let deadline = limits.header;
    Listening::asking(limits, places, ArrivalSettings { behind, proxy_protocol: true, deadline, ..Default::default() })
        .await
}

/// What a client at `address` gets of `path`, through a proxy.
async fn through(listening: &Listening, address: &str, path: &str) -> (String, TcpStream) {
    let mut stream = listening.connect().await;
    stream.write_all(&header(address)).await.unwrap();
    (ask(&mut stream, &request(path)).await, stream)
}

#[tokio::test]
async fn thr_07_handlers_see_the_client_that_the_proxy_names() {
    let places = Places::new(&limits(), &[], Default::default());
    let listening = behind(limits(), places, "127.0.0.1").await;
    for client in ["203.0.113.9:49153", "[2001:db8::7]:443"] {
        let (answer, _stream) = through(&listening, client, "/peer").await;
        assert!(answer.ends_with(client), "{answer}");
    }
    let (mut stream, local) = (listening.connect().await, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
    stream.write_all(local).await.unwrap();
    let answer = ask(&mut stream, &request("/peer")).await;
    assert!(answer.ends_with(&stream.local_addr().unwrap().to_string()), "a check is the proxy's own: {answer}");
    listening.end().await;
}

#[tokio::test]
async fn t_20_a_stranger_who_names_another_is_not_answered() {
    let places = Places::new(&limits(), &[], Default::default());
    let listening = behind(limits(), places, "10.0.0.0/8").await;
    assert_eq!(through(&listening, "203.0.113.9:1", "/").await.0, "");
    listening.end().await;
}

#[tokio::test]
async fn ops_04_behind_a_proxy_each_client_has_its_own_share_of_places() {
    let few = Limits { connections_per_source_max: 1, ..limits() };
    let places = Places::new(&few, &["127.0.0.1".to_owned()], Default::default());
    let listening = behind(few, places, "127.0.0.1").await;
    let (answer, _held) = through(&listening, "203.0.113.9:1", "/").await;
    assert!(answer.ends_with("here"), "{answer}");
    assert_eq!(through(&listening, "203.0.113.9:2", "/").await.0, "", "one too many");
    let (answer, _held) = through(&listening, "203.0.113.10:1", "/").await;
    assert!(answer.ends_with("here"), "another client does not suffer: {answer}");
    listening.end().await;
}

async fn over_tls(made: &Made, deadline: Duration) -> Listening {
    let certificates = Certificates::load(&made.files, "https://login.example.org").unwrap();
    let tls = Some(acceptor(certificates).unwrap());
    let places = Places::new(&limits(), &[], Default::default());
    Listening::asking(limits(), places, ArrivalSettings { tls, deadline, ..Default::default() }).await
}

/// A client of its own connection, which trusts this certificate alone.
fn client(made: &Made, listening: &Listening, http1: bool) -> reqwest::Client {
    let pem = std::fs::read(&made.files.certificate).unwrap();
    let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE).resolve(HOST, listening.address);
    let builder = builder.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]);
    if http1 { builder.http1_only().build().unwrap() } else { builder.build().unwrap() }
}

#[tokio::test]
async fn a_shutdown_over_tls_loses_no_answer() {
    let made = Made::new();
    for (http1, version) in [(true, reqwest::Version::HTTP_11), (false, reqwest::Version::HTTP_2)] {
        let listening = over_tls(&made, PATIENCE).await;
        let client = client(&made, &listening, http1);
        let url = |path: &str| format!("https://{HOST}:{}{path}", listening.address.port());
        let first = client.get(url("/")).send().await.unwrap();
        assert_eq!((first.version(), first.text().await.unwrap().as_str()), (version, "here"));
        let slow = tokio::spawn(client.get(url("/slow")).send());
        within(listening.reached.notified()).await;
        listening.stop.send(true).unwrap();
        within(async { while TcpStream::connect(listening.address).await.is_ok() {} }).await;
        assert!(!listening.task.is_finished(), "an answer is under way");
        listening.release.notify_one();
        let body = within(slow).await.unwrap().unwrap().bytes().await.unwrap();
        assert_eq!(body.len(), BODY_BYTES, "whole");
        within(listening.task).await.unwrap();
    }
}

#[tokio::test]
async fn a_handshake_under_way_at_shutdown_is_ended_and_its_request_answered() {
    let made = Made::new();
    for http1 in [true, false] {
        let mut listening = over_tls(&made, PATIENCE).await;
        // The client comes by a relay, which holds its bytes back until the server was told to end.
        let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = std::mem::replace(&mut listening.address, relay.local_addr().unwrap());
        let client = client(&made, &listening, http1);
        let url = format!("https://{HOST}:{}/", listening.address.port());
        let asked = tokio::spawn(async move { client.get(url).send().await?.text().await });
        let mut from_client = within(relay.accept()).await.unwrap().0;
        let mut to_server = TcpStream::connect(server).await.unwrap();
        within(async {
            while listening.places.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        listening.stop.send(true).unwrap();
        within(async { while TcpStream::connect(server).await.is_ok() {} }).await;
        let relayed = tokio::io::copy_bidirectional(&mut from_client, &mut to_server);
        let (answer, _) = within(async { tokio::join!(asked, relayed) }).await;
        assert_eq!(answer.unwrap().unwrap(), "here");
        within(listening.task).await.unwrap();
    }
}

#[tokio::test]
async fn ops_04_a_handshake_that_does_not_come_is_cut_and_gives_its_place_back() {
    let made = Made::new();
    let listening = over_tls(&made, Duration::from_millis(50)).await;
    // Half a record of a hello, and then nothing.
    for bytes in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = listening.connect().await;
        stream.write_all(bytes).await.unwrap();
        assert_eq!(rest(&mut stream).await, "");
        within(async {
            while !listening.places.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    listening.end().await;
}
