//! Real sockets on loopback: slow, surplus and broken clients, and what a shutdown does to each.

use axum::Extension;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;

/// Longer than anything here takes; what hangs fails.
const PATIENCE: Duration = Duration::from_secs(20);

const BODY_BYTES: usize = 3_000_000;

/// A listener under test, and a handler that answers when the test says so.
struct Listening {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    reached: Arc<Notify>,
    release: Arc<Notify>,
}

impl Listening {
    async fn with(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, (stop, stopped)) = (listener.local_addr().unwrap(), watch::channel(false));
        let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let router = router(&reached, &release);
        Self { address, stop, task: tokio::spawn(serve(listener, router, stopped, limits)), reached, release }
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
    Router::new().route("/", get(|| async { "here" })).route("/slow", get(slow)).route("/peer", get(peer))
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it hangs")
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
    let listening = Listening::with(LIMITS).await;
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
    let listening = Listening::with(Limits { header_deadline: Duration::from_millis(50), ..LIMITS }).await;
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
    let listening = Listening::with(Limits { header_deadline: Duration::from_millis(50), ..LIMITS }).await;
    let mut stream = listening.connect().await;
    assert!(ask(&mut stream, &request("/")).await.ends_with("here"));
    assert_eq!(rest(&mut stream).await, "");
    listening.end().await;
}

#[tokio::test]
async fn an_answer_may_take_longer_than_the_headers() {
    let listening = Listening::with(Limits { header_deadline: Duration::from_millis(20), ..LIMITS }).await;
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
    let listening = Listening::with(Limits { connections_max: 2, ..LIMITS }).await;
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
    let listening = Listening::with(LIMITS).await;
    let mut good = listening.connect().await;
    assert!(ask(&mut good, &request("/")).await.ends_with("here"));
    let many: String = (0..65).map(|number| format!("x-{number}: a\r\n")).collect();
    for (bad, status) in [
        ("\0\0\0\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), ""),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), "431"),
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
async fn a_shutdown_shuts_the_door_and_loses_no_answer() {
    let listening = Listening::with(LIMITS).await;
    let mut idle = listening.connect().await;
    assert!(ask(&mut idle, &request("/")).await.ends_with("here"));
    let mut slow = listening.connect().await;
    slow.write_all(request("/slow").as_bytes()).await.unwrap();
    within(listening.reached.notified()).await;
    listening.stop.send(true).unwrap();
    assert_eq!(rest(&mut idle).await, "", "a connection that rests is closed");
    within(async { while TcpStream::connect(listening.address).await.is_ok() {} }).await;
    assert!(!listening.task.is_finished(), "an answer is under way");
    listening.release.notify_one();
    let answer = rest(&mut slow).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body.len(), BODY_BYTES, "whole");
    within(listening.task).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_never_comes_does_not_hold_up_the_end() {
    let listening = Listening::with(Limits { drain: Duration::from_millis(20), ..LIMITS }).await;
    let mut slow = listening.connect().await;
    slow.write_all(request("/slow").as_bytes()).await.unwrap();
    within(listening.reached.notified()).await;
    listening.end().await;
}

#[tokio::test]
async fn a_server_that_is_gone_takes_its_listener_along() {
    let Listening { address, stop, task, .. } = Listening::with(LIMITS).await;
    drop(stop);
    within(task).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_admin_socket_serves_its_own_user_until_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let (stop, stopped) = watch::channel(false);
    let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let task = tokio::spawn(unix(UnixListener::bind(&path).unwrap(), router(&reached, &release), stopped));
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
