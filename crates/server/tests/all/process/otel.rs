//! Traces reach a collector: a small one, on loopback, which keeps what it is sent. Run by the stage `otel`, since the
//! feature is off elsewhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::Running;

const PASSWORD: &str = "a phrase of five odd words";

/// The trace that a caller says its request belongs to.
const TRACE: [u8; 16] = *b"canary trace id!";

/// A collector: answers 200 to everything, and hands on each body.
struct Collector {
    address: SocketAddr,
    received: Receiver<(String, Vec<u8>)>,
    ends: Arc<AtomicBool>,
}

impl Collector {
    /// Everything that came, when whoever sent it has ended and so closed its connections.
    fn all(self) -> Vec<(String, Vec<u8>)> {
        self.ends.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address).unwrap());
        self.received.into_iter().collect()
    }
}

fn collector() -> Collector {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = channel();
    let ends = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&ends);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if ended.load(Ordering::SeqCst) {
                return;
            }
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut stream = BufReader::new(stream.unwrap());
                while let Some(one) = take(&mut stream) {
                    if sender.send(one).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Collector { address, received, ends }
}

/// One request, answered; `None` at the end of the connection.
fn take(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        length = lower.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap());
        head.push_str(&lower);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    Some((head, body))
}

struct Server {
    child: Running,
    issuer: String,
    _folder: TempDir,
}

impl Server {
    fn up(endpoint: &str, behind: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_poundlock"));
        command.env_remove("POUNDLOCK_TEST_POSTGRES").env("POUNDLOCK_TRACE__ENDPOINT", endpoint);
        command.env("POUNDLOCK_LISTEN__BEHIND", behind).stdout(Stdio::piped()).stderr(Stdio::null());
        command
            .args(["up", "--json", "--name", "ada", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"));
        let mut child = command.arg("--password-file").arg(folder.path().join("password")).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let printed: Value = serde_json::from_str(&line).unwrap();
        Self { child: Running(child), issuer: printed["issuer"].as_str().unwrap().to_owned(), _folder: folder }
    }

    /// One wrong login, under a trace of the caller's.
    fn log_in(&self) -> String {
        let host = self.issuer.trim_start_matches("http://");
        let port = host.rsplit(':').next().unwrap();
        let body = json!({ "name": "ada", "password": "canary-of-a-password" }).to_string();
        let trace: String = TRACE.iter().map(|byte| format!("{byte:02x}")).collect();
        let request = format!(
            "POST /v1/login HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             traceparent: 00-{trace}-00f067aa0ba902b7-01\r\ntracestate: canary=state\r\nx-forwarded-for: 192.0.2.1\r\n\
             x-forwarded-proto: https\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// Everything that a server sends for one wrong login, and what it answered.
fn sent(behind: &str) -> (Vec<u8>, String) {
    let collector = collector();
    let server = Server::up(&format!("http://{}/v1/traces", collector.address), behind);
    let answer = server.log_in();
    server.child.stop();
    // The end has sent what was left.
    let mut all = Vec::new();
    for (head, body) in collector.all() {
        assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
        all.extend(body);
    }
    (all, answer)
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn traces_name_the_steps_of_a_request_and_no_secret() {
    let (bytes, answer) = sent("[]");
    let request = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().trim().to_owned();
    for wanted in ["poundlock", "request", "/v1/login", "flow", "hash", "commit", "read", &request] {
        assert!(holds(&bytes, wanted.as_bytes()), "{wanted} was not sent");
    }
    for secret in [PASSWORD, "canary-of-a-password", "canary=state", "192.0.2.1"] {
        assert!(!holds(&bytes, secret.as_bytes()), "{secret} was sent");
    }
    assert!(!holds(&bytes, &TRACE), "a stranger chose the trace");
}

#[test]
fn t_20_a_trusted_proxy_chooses_the_trace() {
    let (bytes, _) = sent("[\"127.0.0.1\"]");
    assert!(holds(&bytes, &TRACE));
    assert!(!holds(&bytes, b"canary=state"), "free text of the caller was sent on");
}

#[test]
fn a_collector_that_is_not_there_changes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    drop(listener);
    let server = Server::up(&endpoint, "[]");
    assert!(server.log_in().starts_with("HTTP/1.1 401"));
    server.child.stop();
}
