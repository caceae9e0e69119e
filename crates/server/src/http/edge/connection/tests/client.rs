//! A client that writes its own frames (RFC 9113), and the server it speaks to.

use std::net::SocketAddr;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use super::*;

/// Longer than anything here takes; what hangs fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const ACK: u8 = 1;

/// Bytes of the large answer: more than the window that a client gives at first.
pub(super) const BODY_BYTES: usize = 200_000;

/// A server that takes every connection for HTTP/2.
pub(super) struct Listening {
    pub(super) address: SocketAddr,
    pub(super) stop: watch::Sender<bool>,
    pub(super) reached: Arc<Notify>,
    pub(super) release: Arc<Notify>,
    task: JoinHandle<Vec<Ended>>,
}

impl Listening {
    pub(super) async fn with(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, (stop, mut stopped)) = (listener.local_addr().unwrap(), watch::channel(false));
        let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (router, limits) = (router(&reached, &release), Arc::new(limits));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, peer) = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap(),
                    _ = stopped.changed() => break,
                };
                let (io, peer) = (Box::new(stream), Peer::Tcp(peer));
                let arrived = Arrived { io, peer, protocol: Protocol::Http2, secure: true };
                connections.spawn(serve(arrived, router.clone(), Arc::clone(&limits), stopped.clone()));
            }
            connections.join_all().await
        });
        Self { address, stop, reached, release, task }
    }

    pub(super) async fn connect(&self) -> Client {
        let mut client = self.open().await;
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        client.frame(SETTINGS, 0, 0, &[]).await;
        client
    }

    /// A connection that has said nothing.
    pub(super) async fn open(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, stream_id: 1, over: false }
    }

    /// Tells the server to stop; how its connections ended.
    pub(super) async fn end(self) -> Vec<Ended> {
        self.stop.send(true).unwrap();
        within(self.task).await.unwrap()
    }
}

fn router(reached: &Arc<Notify>, release: &Arc<Notify>) -> Router {
    let (reached, release) = (Arc::clone(reached), Arc::clone(release));
    let slow = move || async move {
        reached.notify_one();
        release.notified().await;
        "late"
    };
    let secured = |request: axum::extract::Request| async move {
        assert!(request.extensions().get::<Secured>().is_some(), "TLS is known to have ended here");
        request.extensions().get::<ConnectInfo<SocketAddr>>().unwrap().0.to_string()
    };
    Router::new()
        .route("/", get(|| async { "here" }))
        .route("/slow", get(slow))
        .route("/large", get(|| async { "x".repeat(BODY_BYTES) }))
        .route("/peer", get(secured))
        .route("/read", post(|body: String| async move { body }))
}

pub(super) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it hangs")
}

/// A frame that came.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream_id: u32,
    pub(super) payload: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// The first byte of the header block: the status, where it is one of the common ones (RFC 7541 appendix A).
    pub(super) status: u8,
    pub(super) body: Vec<u8>,
}

/// `:status: 200` in a header block.
pub(super) const OK: u8 = 0x88;

pub(super) struct Client {
    stream: TcpStream,
    stream_id: u32,
    /// Whether the server has closed.
    pub(super) over: bool,
}

impl Client {
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        // A connection that was cut may refuse the bytes already.
        self.over |= within(self.stream.write_all(bytes)).await.is_err();
    }

    pub(super) async fn frame(&mut self, kind: u8, flags: u8, stream_id: u32, payload: &[u8]) {
        self.send(&frame(kind, flags, stream_id, payload)).await;
    }

    /// The number of a new stream.
    pub(super) fn next_stream(&mut self) -> u32 {
        self.stream_id += 2;
        self.stream_id - 2
    }

    /// Begins a request with all its headers; gives its stream.
    pub(super) async fn begin(&mut self, method: u8, path: &str, flags: u8) -> u32 {
        let stream_id = self.next_stream();
        self.frame(HEADERS, END_HEADERS | flags, stream_id, &headers(method, path)).await;
        stream_id
    }

    /// The next frame, or nothing when the server has closed.
    pub(super) async fn next(&mut self) -> Option<Came> {
        let mut head = [0; 9];
        if within(self.stream.read_exact(&mut head)).await.is_err() {
            self.over = true;
            return None;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        within(self.stream.read_exact(&mut payload)).await.ok()?;
        let stream_id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Came { kind: head[3], flags: head[4], stream_id, payload })
    }

    /// Reads the answer on a stream; gives the window back as it comes, and says that our settings and pings were read.
    pub(super) async fn answer(&mut self, stream_id: u32) -> Option<Answer> {
        let mut answer = Answer { status: 0, body: Vec::new() };
        loop {
            let came = self.next().await?;
            match came.kind {
                PING | SETTINGS if came.flags & ACK == 0 => {
                    let payload = if came.kind == PING { came.payload } else { Vec::new() };
                    self.frame(came.kind, ACK, 0, &payload).await;
                }
                HEADERS if came.stream_id == stream_id => answer.status = came.payload[0],
                DATA if came.stream_id == stream_id => {
                    answer.body.extend(&came.payload);
                    let more = u32::try_from(came.payload.len()).unwrap().to_be_bytes();
                    if !came.payload.is_empty() {
                        self.frame(WINDOW_UPDATE, 0, 0, &more).await;
                    }
                    if came.flags & END_STREAM == 0 {
                        self.frame(WINDOW_UPDATE, 0, stream_id, &more).await;
                    }
                }
                RST_STREAM if came.stream_id == stream_id => return None,
                GOAWAY if came.payload[4..8] != [0; 4] => return None,
                _ => {}
            }
            if came.stream_id == stream_id && came.flags & END_STREAM != 0 {
                return Some(answer);
            }
        }
    }

    pub(super) async fn get(&mut self, path: &str) -> Option<Answer> {
        let stream_id = self.begin(GET, path, END_STREAM).await;
        self.answer(stream_id).await
    }

    /// Sends the same bytes, again and again, until the server closes; whether it did before so many times.
    pub(super) async fn cut_by(mut self, times: usize, mut bytes: impl FnMut(usize) -> Vec<u8>) -> bool {
        let (mut reader, mut writer) = self.stream.split();
        let write = async {
            for time in 0..times {
                if writer.write_all(&bytes(time)).await.is_err() {
                    return;
                }
            }
            // Served to the end: what follows closes by itself, and the reader cannot tell.
            writer.write_all(&frame(PING, 0, 0, b"the end!")).await.ok();
            std::future::pending::<()>().await;
        };
        let read = async {
            let mut all: Vec<u8> = Vec::new();
            let mut piece = [0; 4096];
            loop {
                match reader.read(&mut piece).await {
                    Ok(0) | Err(_) => return true,
                    Ok(read) => all.extend(&piece[..read]),
                }
                if all.windows(8).any(|window| window == b"the end!") {
                    return false;
                }
                all.drain(..all.len().saturating_sub(8));
            }
        };
        within(async {
            tokio::select! {
                cut = read => cut,
                () = write => true,
            }
        })
        .await
    }

    /// Reads until the server closes; what it said.
    pub(super) async fn rest(mut self) -> Vec<Came> {
        let mut all = Vec::new();
        while let Some(came) = self.next().await {
            all.push(came);
        }
        all
    }
}

pub(super) const GET: u8 = 0x82;
pub(super) const POST: u8 = 0x83;

/// A header block in plain literals: method, scheme, path, authority (RFC 7541 section 6).
pub(super) fn headers(method: u8, path: &str) -> Vec<u8> {
    let mut block = vec![method, 0x87, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    block.extend([0x01, 9]);
    block.extend(b"localhost");
    block
}

pub(super) fn frame(kind: u8, flags: u8, stream_id: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream_id.to_be_bytes());
    frame.extend(payload);
    frame
}
