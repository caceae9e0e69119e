//! Bytes that no client library would send, at the real binary's socket: each gets a problem, or the bare refusal of the
//! HTTP library where no request could be read; never a success, never a 5xx, and the server goes on (OPS-04, OPS-05).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Place, Server};

/// How a connection that brought garbage went on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Went {
    /// A problem of ours with this status.
    Problem(u16),
    /// The HTTP library's own answer, without a body: nothing of ours saw a request.
    Bare(u16),
    /// Closed without a word.
    Closed,
}

use Went::{Bare, Closed, Problem};

/// What was sent to the end; `HOST` becomes the server's own.
struct Bytes {
    name: &'static str,
    sent: Vec<u8>,
    goes: Went,
}

fn bytes(name: &'static str, goes: Went, sent: impl Into<Vec<u8>>) -> Bytes {
    Bytes { name, sent: sent.into(), goes }
}

/// Request lines.
fn lines() -> Vec<Bytes> {
    vec![
        bytes("HTTP/0.9", Bare(400), "GET /health/live\r\n\r\n"),
        bytes("HTTP/1.2", Bare(400), "GET /v1/account HTTP/1.2\r\nhost: HOST\r\n\r\n"),
        bytes("HTTP/2.0 in the line", Bare(400), "GET /v1/account HTTP/2.0\r\nhost: HOST\r\n\r\n"),
        bytes("HTTP/9", Bare(400), "GET /v1/account HTTP/9\r\nhost: HOST\r\n\r\n"),
        bytes("http in small letters", Bare(400), "GET /v1/account http/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("no version", Bare(400), "GET /v1/account \r\nhost: HOST\r\n\r\n"),
        bytes("no target", Bare(400), "GET HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("two targets", Bare(400), "GET /v1/account /v1/session HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("a space before", Bare(400), " GET /v1/account HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("a control character", Bare(400), "GET /v1/\x01account HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("a zero byte", Bare(400), "GET /v1/\0account HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("a method in brackets", Bare(400), "(GET) /v1/account HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("a method in small letters", Problem(405), "get /v1/account HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("a relative target", Bare(400), "GET v1/account HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes(
            "an absolute target of others",
            Problem(421),
            "GET http://evil.example/v1/account HTTP/1.1\r\nhost: HOST\r\n\r\n",
        ),
        bytes(
            "an absolute target, another host",
            Problem(421),
            "GET http://HOST/v1/account HTTP/1.1\r\nhost: evil.example\r\n\r\n",
        ),
        bytes("an absolute target of ours", Problem(401), "GET http://HOST/v1/account HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("a star", Problem(404), "OPTIONS * HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("a tunnel", Problem(421), "CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n"),
        bytes("TRACE", Problem(405), "TRACE /v1/account HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("dots", Problem(404), "GET /../../etc/passwd HTTP/1.1\r\nhost: HOST\r\n\r\n"),
        bytes("HTTP/1.0 without a host", Problem(421), "GET /v1/account HTTP/1.0\r\n\r\n"),
        bytes("HTTP/1.0", Problem(401), "GET /v1/account HTTP/1.0\r\nhost: HOST\r\n\r\n"),
        bytes("a TLS greeting", Bare(400), b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n".to_vec()),
        bytes("SSH", Bare(400), "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        bytes("zeros", Bare(400), vec![0; 64]),
        bytes("nothing", Closed, ""),
        bytes("half a line", Closed, "GET /v1/acc"),
        bytes("half a head", Closed, "GET /v1/account HTTP/1.1\r\nhost: HOST\r\n"),
    ]
}

/// Header lines.
fn heads() -> Vec<Bytes> {
    let get =
        |name, goes, line: &str| bytes(name, goes, format!("GET /v1/account HTTP/1.1\r\nhost: HOST\r\n{line}\r\n\r\n"));
    let many = "a: b\r\n".repeat(300) + "a: b";
    vec![
        bytes("no host", Problem(421), "GET /v1/account HTTP/1.1\r\n\r\n"),
        get("a second host", Problem(421), "host: evil.example"),
        get("the host twice", Problem(421), "host: HOST"),
        get("a folded line", Bare(400), "authorization: Bearer\r\n a.b.c"),
        get("a zero byte", Bare(400), "x-a: b\0c"),
        get("a bare carriage return", Bare(400), "x-a: b\rc"),
        get("a control character", Bare(400), "x-a: b\x01c"),
        get("a space before the colon", Bare(400), "x-a : b"),
        get("no colon", Bare(400), "x-a b"),
        get("no name", Bare(400), ": b"),
        get("a name in brackets", Bare(400), "x(a): b"),
        get("bytes that are no text", Problem(401), "authorization: Bearer \u{e4}\u{ff}"),
        get("too many", Bare(431), &many),
        get("one that is long", Problem(431), &format!("x-a: {}", "b".repeat(20_000))),
        get("two tokens", Problem(401), "authorization: Bearer a.b.c\r\nauthorization: Bearer a.b.c"),
    ]
}

/// Where a body begins and ends.
fn frames() -> Vec<Bytes> {
    let post = |name, goes, rest: &str| {
        bytes(name, goes, format!("POST /v1/login HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\n{rest}"))
    };
    vec![
        post("no length", Problem(400), "\r\n{}"),
        post("a length below zero", Bare(400), "content-length: -1\r\n\r\n{}"),
        post("a length with a sign", Bare(400), "content-length: +2\r\n\r\n{}"),
        post("a length in hexadecimal", Bare(400), "content-length: 0x2\r\n\r\n{}"),
        post("a length past counting", Bare(400), "content-length: 99999999999999999999999\r\n\r\n{}"),
        post("two lengths", Bare(400), "content-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
        post("two lengths in a line", Bare(400), "content-length: 2, 3\r\n\r\n{}"),
        post(
            "length and chunks, smuggling",
            Problem(400),
            "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        post("chunks that are none", Bare(400), "transfer-encoding: xchunked\r\n\r\n{}"),
        post("chunks, then more", Bare(400), "transfer-encoding: chunked, identity\r\n\r\n{}"),
        post("a chunk without a size", Problem(400), "transfer-encoding: chunked\r\n\r\n{}\r\n0\r\n\r\n"),
        post(
            "a chunk past counting",
            Problem(400),
            "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        ),
        post("a chunk below zero", Problem(400), "transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n"),
        post(
            "a chunk that is longer than it says",
            Problem(400),
            "transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
        ),
        post("an empty chunk", Problem(400), "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        post(
            "chunks over the cap",
            Problem(413),
            &format!("transfer-encoding: chunked\r\n\r\n8000\r\n{}\r\n0\r\n\r\n", " ".repeat(0x8000)),
        ),
        post("an expectation", Problem(400), "expect: 100-continue\r\ncontent-length: 2\r\n\r\n[]"),
        post("another expectation", Problem(400), "expect: 200-ok\r\ncontent-length: 2\r\n\r\n[]"),
        post("an upgrade", Problem(400), "connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\n[]"),
    ]
}

impl Bytes {
    /// Sends it on a connection of its own and reads to its end.
    fn send(&self, server: &Server) -> (Went, String) {
        let host = server.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let sent = replaced(&self.sent, b"HOST", host.as_bytes());
        // A server that has heard enough hangs up before it has it all.
        let _ = stream.write_all(&sent);
        if self.goes == Closed {
            // The rest never comes.
            stream.shutdown(Shutdown::Write).unwrap();
        }
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        while !is_whole(&answer) {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(read) => answer.extend_from_slice(&piece[..read]),
            }
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (went(&answer), answer)
    }
}

/// Whether an answer has come to its end, as its length says.
fn is_whole(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer);
    let Some((head, body)) = past_continue(&answer).split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|length| length.parse());
    length.is_some_and(|length| body.len() >= length.unwrap())
}

fn past_continue(answer: &str) -> &str {
    answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(answer)
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let Some(at) = bytes.windows(from.len()).position(|window| window == from) else { return bytes.to_vec() };
    [&bytes[..at], to, &replaced(&bytes[at + from.len()..], from, to)].concat()
}

fn went(answer: &str) -> Went {
    let Some((head, body)) = past_continue(answer).split_once("\r\n\r\n") else { return Closed };
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    if body.is_empty() {
        return Bare(status);
    }
    // What is left of the garbage may be taken for a next request, and answered behind this.
    let problem: Value = serde_json::Deserializer::from_str(body).into_iter().next().unwrap().unwrap();
    assert!(head.contains("application/problem+json") && problem["status"] == status, "{answer}");
    assert!(problem["reference"].as_str().is_some_and(|reference| reference.starts_with("req_")), "{answer}");
    Problem(status)
}

#[tokio::test]
async fn ops_05_what_is_no_request_harms_nobody() {
    let place = Place::new();
    let server = place.up();
    let mut wrong = Vec::new();
    for bytes in lines().into_iter().chain(heads()).chain(frames()) {
        let (went, answer) = bytes.send(&server);
        if went != bytes.goes {
            let answer: String = answer.chars().take(300).collect();
            wrong.push(format!("{}: {went:?}, not {:?}: {answer:?}", bytes.name, bytes.goes));
        }
        let told = answer.to_ascii_lowercase();
        assert!(!["hyper", "axum", "server:", "panicked"].iter().any(|inner| told.contains(inner)), "{answer}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let login = json!({ "name": "ada", "password": "a phrase of five odd words" });
    let reply = reqwest::Client::new().post(format!("{}/v1/login", server.base)).json(&login).send().await.unwrap();
    assert_eq!(reply.status(), 200, "{}", reply.text().await.unwrap());
    server.stop();
}
