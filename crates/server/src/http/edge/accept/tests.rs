//! Real sockets on loopback: slow, surplus and broken clients, and what a shutdown does to each.

mod introduced;
mod shutdown;

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::ConnectInfo;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::super::arrival::ArrivalSettings;
use super::super::caps;
use super::super::client_ip::Network;
use super::*;

/// Longer than anything here takes; what hangs fails.
const PATIENCE: Duration = Duration::from_secs(20);

const BODY_BYTES: usize = 3_000_000;

/// More than the sockets of both sides hold together.
const HUGE_BYTES: usize = 30_000_000;

/// A listener under test, and a handler that answers when the test says so.
struct Listening {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    reached: Arc<Notify>,
    release: Arc<Notify>,
    places: Arc<Places>,
}

impl Listening {
    async fn with(limits: Limits) -> Self {
        let places = Places::new(&limits, &[], Default::default());
        Self::on(limits, places).await
    }

    async fn on(limits: Limits, places: Arc<Places>) -> Self {
        let arrivals = ArrivalSettings { deadline: limits.header, ..ArrivalSettings::default() };
        Self::asking(limits, places, arrivals).await
    }

    /// Asks something of each connection first.
    async fn asking(limits: Limits, places: Arc<Places>, arrivals: ArrivalSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, (stop, stopped)) = (listener.local_addr().unwrap(), watch::channel(false));
        let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (limits, shared) = (Arc::new(limits), Arc::clone(&places));
        let door = Door { router: router(&reached, &release), limits, places: shared, arrivals: Arc::new(arrivals) };
        Self { address, stop, task: tokio::spawn(public(listener.into(), door, stopped)), reached, release, places }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        within(self.task).await.unwrap();
    }
}

fn router(reached: &Arc<Notify>, release: &Arc<Notify>) -> Router {
    let (reached, release) = (Arc::clone(reached), Arc::clone(release));
    let slow = move || async move {
        reached.notify_one();
        release.notified().await;
        "x".repeat(BODY_BYTES)
    };
    let peer = |Extension(ConnectInfo(peer)): Extension<ConnectInfo<SocketAddr>>| async move { peer.to_string() };
    let routes = Router::new().route("/", get(|| async { "here" })).route("/slow", get(slow)).route("/peer", get(peer));
    let routes = routes.route("/huge", get(|| async { "x".repeat(HUGE_BYTES) }));
    routes.route("/read", post(|body: String| async move { body })).layer(from_fn(caps::refuse_long))
}

fn limits() -> Limits {
    Limits::default()
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("it hangs")
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

/// Sends `text` and reads one short answer, as far as it comes in one piece.
async fn ask(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), text: &str) -> String {
    // A connection that was closed at once may refuse the bytes already.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut bytes = [0; 4096];
    let got = within(stream.read(&mut bytes)).await.unwrap_or(0);
    String::from_utf8(bytes[..got].to_vec()).unwrap()
}

/// Reads until the other side closes.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    let _ = within(stream.read_to_end(&mut bytes)).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_connection_serves_request_after_request() {
    let listening = Listening::with(limits()).await;
    let mut stream = listening.connect().await;
    for _ in 0..3 {
        let answer = ask(&mut stream, &request("/")).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer}");
    }
    let local = stream.local_addr().unwrap().to_string();
    assert!(ask(&mut stream, &request("/peer")).await.ends_with(&local), "the peer is the one that asked");
    listening.end().await;
}

#[tokio::test]
async fn headers_that_do_not_end_are_not_waited_for() {
    let listening = Listening::with(Limits { header: Duration::from_millis(50), ..limits() }).await;
    for begun in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: localhost\r\n"] {
        let mut stream = listening.connect().await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let said = rest(&mut stream).await;
        assert!(!said.contains("200"), "{begun:?}: {said}");
    }
    listening.end().await;
}

#[tokio::test]
async fn a_connection_that_rests_is_closed() {
    let listening = Listening::with(Limits { header: Duration::from_millis(50), ..limits() }).await;
    let mut stream = listening.connect().await;
    assert!(ask(&mut stream, &request("/")).await.ends_with("here"));
    assert_eq!(rest(&mut stream).await, "");
    listening.end().await;
}

#[tokio::test]
async fn an_answer_may_take_longer_than_the_headers() {
    let listening = Listening::with(Limits { header: Duration::from_millis(20), ..limits() }).await;
    let mut slow = listening.connect().await;
    slow.write_all(request("/slow").as_bytes()).await.unwrap();
    within(listening.reached.notified()).await;
    // Another connection runs into the deadline meanwhile: so much time has passed.
    assert!(!rest(&mut listening.connect().await).await.contains("200"));
    listening.release.notify_one();
    assert!(rest(&mut slow).await.ends_with("xxx"));
    listening.end().await;
}

#[tokio::test]
async fn over_the_cap_a_connection_is_closed_and_a_place_is_free_again_after_use() {
    let listening = Listening::with(Limits { connections_max: 2, ..limits() }).await;
    let (mut first, mut second) = (listening.connect().await, listening.connect().await);
    for stream in [&mut first, &mut second] {
        assert!(ask(stream, &request("/")).await.ends_with("here"));
    }
    assert_eq!(ask(&mut listening.connect().await, &request("/")).await, "", "one too many");
    assert!(ask(&mut first, &request("/")).await.ends_with("here"), "the others do not suffer");
    drop(second);
    within(async { while ask(&mut listening.connect().await, &request("/")).await.is_empty() {} }).await;
    listening.end().await;
}

#[tokio::test]
async fn what_is_no_request_ends_its_own_connection_alone() {
    let listening = Listening::with(limits()).await;
    let mut good = listening.connect().await;
    assert!(ask(&mut good, &request("/")).await.ends_with("here"));
    let many: String = (0..101).map(|number| format!("x-{number}: a\r\n")).collect();
    let long = format!("GET / HTTP/1.1\r\nx-long: {}\r\n\r\n", "a".repeat(40_000));
    for (bad, status) in [
        ("\0\0\0\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), ""),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), "431"),
        (long, "431"),
    ] {
        let mut stream = listening.connect().await;
        stream.write_all(bad.as_bytes()).await.unwrap();
        let said = rest(&mut stream).await;
        assert!(said.is_empty() || said.starts_with(&format!("HTTP/1.1 {status}")), "{bad:?}: {said}");
        assert!(!said.contains("here"), "{bad:?}: {said}");
    }
    assert!(ask(&mut good, &request("/")).await.ends_with("here"));
    listening.end().await;
}

#[tokio::test]
async fn ops_04_one_source_cannot_take_all_places() {
    let few = Limits { connections_per_source_max: 2, ..limits() };
    // Here loopback counts like any other source; in a server it does not.
    let places = Places::exempting(&few, vec![Network::parse("::1").unwrap()], Default::default());
    let listening = Listening::on(few.clone(), Arc::clone(&places)).await;
    let (mut first, mut second) = (listening.connect().await, listening.connect().await);
    for stream in [&mut first, &mut second] {
        assert!(ask(stream, &request("/")).await.ends_with("here"));
    }
    assert_eq!(ask(&mut listening.connect().await, &request("/")).await, "", "one too many");
    let neighbour = tokio::net::TcpSocket::new_v4().unwrap();
    neighbour.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut neighbour = neighbour.connect(listening.address).await.unwrap();
    assert!(ask(&mut neighbour, &request("/")).await.ends_with("here"), "another source does not suffer");
    assert!(ask(&mut first, &request("/")).await.ends_with("here"));
    drop(second);
    within(async { while ask(&mut listening.connect().await, &request("/")).await.is_empty() {} }).await;
    listening.end().await;
}

#[tokio::test]
async fn ops_04_headers_over_the_limit_are_answered_with_a_problem() {
    let listening = Listening::with(limits()).await;
    let many: String = (0..65).map(|number| format!("x-{number}: a\r\n")).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(17_000));
    for (target, headers, status) in [("/", many.as_str(), "431"), ("/", &long, "431"), (&"/a".repeat(1025), "", "414")]
    {
        let mut stream = listening.connect().await;
        let said = ask(&mut stream, &format!("GET {target} HTTP/1.1\r\n{headers}\r\n")).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")) && said.contains("application/problem+json"), "{said}");
    }
    listening.end().await;
}

#[tokio::test]
async fn ops_04_headers_that_trickle_do_not_keep_others_out() {
    let listening =
        Listening::with(Limits { header: Duration::from_millis(100), connections_max: 8, ..limits() }).await;
    let mut good = listening.connect().await;
    let mut slow = Vec::new();
    for _ in 0..7 {
        slow.push(listening.connect().await);
    }
    // One byte at a time, for as long as the server lets them; meanwhile another is served.
    let bytes = request("/").repeat(100).replace("\r\n\r\n", "\r\nx: y\r\n");
    let mut trickle = bytes.bytes().cycle();
    within(async {
        while !slow.is_empty() {
            let byte = [trickle.next().unwrap()];
            let mut left = Vec::new();
            for mut stream in slow {
                let over = stream.write_all(&byte).await.is_err() || is_closed(&mut stream);
                if !over {
                    left.push(stream);
                }
            }
            slow = left;
            assert!(ask(&mut good, &request("/")).await.ends_with("here"));
        }
    })
    .await;
    listening.end().await;
}

/// Whether the other side has closed, as far as that is known already.
fn is_closed(stream: &mut TcpStream) -> bool {
    let read = stream.try_read(&mut [0; 64]);
    read.map_or_else(|error| error.kind() != std::io::ErrorKind::WouldBlock, |bytes| bytes == 0)
}

#[tokio::test]
async fn ops_04_a_reader_that_takes_nothing_does_not_keep_its_place() {
    let listening = Listening::with(Limits { stall: Duration::from_millis(50), connections_max: 1, ..limits() }).await;
    let mut lazy = listening.connect().await;
    lazy.write_all(request("/huge").as_bytes()).await.unwrap();
    // The answer is far larger than what the sockets hold, and nobody reads it: its place goes to another.
    within(async { while ask(&mut listening.connect().await, &request("/")).await.is_empty() {} }).await;
    assert!(rest(&mut lazy).await.len() < HUGE_BYTES, "cut");
    listening.end().await;
}

#[tokio::test]
async fn the_admin_socket_serves_its_own_user_until_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let (stop, stopped) = watch::channel(false);
    let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let task = tokio::spawn(unix(
        UnixListener::bind(&path).unwrap(),
        router(&reached, &release),
        Arc::new(limits().of_admin()),
        stopped,
    ));
    let mut idle = UnixStream::connect(&path).await.unwrap();
    assert!(is_own_peer(&idle), "the server runs as this user too");
    assert!(ask(&mut idle, &request("/")).await.ends_with("here"));
    let mut slow = UnixStream::connect(&path).await.unwrap();
    slow.write_all(request("/slow").as_bytes()).await.unwrap();
    within(reached.notified()).await;
    stop.send(true).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    release.notify_one();
    assert!(rest(&mut slow).await.ends_with("xxx"));
    within(task).await.unwrap();
    assert!(UnixStream::connect(&path).await.is_err());
}
