//! Listeners and the admin socket on a real machine, and a whole server from its start to its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use poundlock_core::testing::SeededRng;
use poundlock_store::{Store, StoreUrl, audit};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A configuration of a new data folder, on a free port of loopback.
fn config(folder: &TempDir) -> Config {
    let mut config = Config { data: folder.path().join("data"), ..Config::default() };
    config.listen.address = SocketAddr::from(([127, 0, 0, 1], 0));
    config.password.threads = 1;
    config
}

async fn start(config: Config) -> anyhow::Result<Serving> {
    let lock = DataLock::take(&config.data)?.context("the folder is in use")?;
    Serving::start(config, MasterKey::random(&SeededRng::new(1)), lock).await
}

/// The events in the store of a server that has ended, oldest first.
async fn events(data: &Path) -> Vec<String> {
    let store = Store::open(&StoreUrl::sqlite(&data.join("poundlock.db")), &Options::default()).await.unwrap();
    let mut records = audit::tail(&store, 100).await.unwrap();
    records.reverse();
    let read = records.iter().map(|record| serde_json::from_slice::<serde_json::Value>(&record.body).unwrap());
    read.map(|record| record["event"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_answers_on_both_loopbacks_and_on_its_socket_until_its_end() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let (data, socket) = (config.data.clone(), config.admin_socket());
    let serving = start(config).await.unwrap();
    let port = serving.address.port();
    assert_ne!(port, 0, "the issuer names the port that was found");
    assert_eq!(serving.app.issuer, format!("http://localhost:{port}"));
    for loopback in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let client = Client::to_own(&Way::Port(SocketAddr::new(loopback, port)), &serving.app.issuer).unwrap();
        assert!(client.text("/health/live").await.unwrap().contains("live"), "{loopback}");
    }
    let foreign = Client::to_own(&Way::Port(serving.address), "http://evil.example").unwrap();
    assert!(foreign.text("/.well-known/jwks.json").await.unwrap_err().to_string().contains("421"));
    let admin = Client::over(&socket).unwrap();
    assert!(admin.text("/v1/admin/ready").await.unwrap().contains("\"ready\""));
    assert_eq!((mode(&socket), mode(&data)), (0o600, 0o700));
    assert!(DataLock::take(&data).unwrap().is_none(), "the folder is held");
    serving.end().await.unwrap();
    assert!(!socket.exists());
    assert!(DataLock::take(&data).unwrap().is_some());
    assert!(tokio::net::TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await.is_err());
    let events = events(&data).await;
    let at = |name: &str| events.iter().position(|event| event == name).unwrap_or_else(|| panic!("{name}: {events:?}"));
    assert!(at("server.started") < at("server.stopped"), "{events:?}");
}

/// Asks for the metrics by hand, at a socket or an address; gives the whole answer.
async fn scrape(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, host: &str) -> String {
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_06_metrics_have_a_socket_of_their_own_until_the_end() {
    let folder = TempDir::new().unwrap();
    let mut config = config(&folder);
    let socket = folder.path().join("metrics.sock");
    config.metrics.listen = Some(format!("unix:{}", socket.display()));
    let serving = start(config).await.unwrap();
    assert_eq!(mode(&socket), 0o600);
    // Held open: a connection counts as long as it is one.
    let held = tokio::net::TcpStream::connect(serving.address).await.unwrap();
    let open = "poundlock_connections_open 1\n";
    let counted = async {
        while !scrape(tokio::net::UnixStream::connect(&socket).await.unwrap(), "localhost").await.contains(open) {}
    };
    timeout(Duration::from_secs(30), counted).await.unwrap();
    drop(held);
    let public = scrape(tokio::net::TcpStream::connect(serving.address).await.unwrap(), "127.0.0.1").await;
    assert!(!public.contains("poundlock_"), "{public}");
    let rebound = scrape(tokio::net::UnixStream::connect(&socket).await.unwrap(), "evil.example").await;
    assert!(rebound.starts_with("HTTP/1.1 421") && !rebound.contains("poundlock_"), "{rebound}");
    serving.end().await.unwrap();
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_that_cannot_be_shown_stop_the_start() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let mut config = config(&folder);
    config.metrics.listen = Some(taken.local_addr().unwrap().to_string());
    let Err(error) = start(config.clone()).await else { panic!("it started") };
    assert!(error.to_string().contains("change metrics.listen"), "{error}");
    config.metrics.listen = Some("0.0.0.0:0".to_owned());
    let Err(error) = start(config.clone()).await else { panic!("it started") };
    assert!(error.to_string().contains("allow_remote"), "{error}");
    // With the word it does, whatever it is asked as: who may ask is the network's matter then.
    (config.metrics.listen, config.metrics.allow_remote) = (Some("127.0.0.1:0".to_owned()), true);
    let serving = start(config).await.unwrap();
    serving.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_may_not_have_its_socket_does_not_serve() {
    let folder = TempDir::new().unwrap();
    let mut config = config(&folder);
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "data").unwrap();
    config.admin.socket = Some(precious.clone());
    let Err(error) = start(config.clone()).await else { panic!("it started") };
    assert!(error.to_string().contains("is no socket"), "{error}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "data");
    assert!(!events(&config.data).await.contains(&"server.started".to_owned()), "and says nothing else");
    // Nothing is left of the attempt: the folder is free, and another socket will do.
    config.admin.socket = None;
    start(config).await.unwrap().end().await.unwrap();
}

/// What the server answers to these bytes, until it closes.
async fn ask(address: SocketAddr, bytes: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut said));
    read.await.expect("it hangs").unwrap();
    String::from_utf8(said).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_04_a_body_that_trickles_is_told_so_and_its_connection_closed() {
    let folder = TempDir::new().unwrap();
    let mut config = config(&folder);
    config.listen.limits.body = Duration::from_millis(50);
    let serving = start(config).await.unwrap();
    let head = format!(
        "POST /v1/login HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\n",
        serving.address.port()
    );
    for (framing, body) in [("content-length: 100", "{\"name"), ("transfer-encoding: chunked", "1\r\n{\r\n")] {
        let said = ask(serving.address, &format!("{head}{framing}\r\n\r\n{body}")).await;
        assert!(said.starts_with("HTTP/1.1 408") && said.contains("application/problem+json"), "{framing}: {said}");
    }
    serving.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_waits_for_what_is_being_decided_before_it_says_goodbye() {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let data = config.data.clone();
    let serving = start(config).await.unwrap();
    let (app, under_way) = (SharedApp::clone(&serving.app), serving.app.flows.begin());
    let flow = tokio::spawn(async move {
        // Its caller is gone, and then the listeners and the jobs are. It goes on for as long as an end that did not
        // wait would need to be over.
        while Arc::strong_count(&app) > 2 {
            tokio::task::yield_now().await;
        }
        for _ in 0..500 {
            let records = audit::tail(&app.store, 100).await.unwrap();
            let stopped = records.iter().any(|record| String::from_utf8_lossy(&record.body).contains("server.stopped"));
            assert!(!stopped, "nothing is said after the goodbye");
        }
        let noted = app.time.now().unwrap();
        boot::note(&app, Event::LoginCompleted, noted).await.unwrap();
        // Records of one millisecond stand in any order: the goodbye must have one of its own.
        while app.time.now().unwrap().millis() <= noted.millis() {
            tokio::task::yield_now().await;
        }
        drop(under_way);
    });
    serving.end().await.unwrap();
    timeout(Duration::from_secs(20), flow).await.expect("it hangs").unwrap();
    let events = events(&data).await;
    let at = |name: &str| events.iter().position(|event| event == name).unwrap_or_else(|| panic!("{name}: {events:?}"));
    assert!(at("login.completed") < at("server.stopped"), "{events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_never_ends_does_not_hold_up_the_end() {
    let folder = TempDir::new().unwrap();
    let mut config = config(&folder);
    config.listen.limits.drain = Duration::from_millis(20);
    let serving = start(config).await.unwrap();
    let _under_way = serving.app.flows.begin();
    serving.end().await.unwrap();
}
