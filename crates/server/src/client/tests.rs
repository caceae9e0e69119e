//! What the command line makes of answers, against a server that says what the test gives it.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// A server on loopback for one connection; gives the request that it was sent.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    request: JoinHandle<String>,
}

impl Scripted {
    /// Answers with exactly `answer`, then closes.
    pub(crate) async fn raw(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let request = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await;
            stream.write_all(&answer).await.unwrap();
            request
        });
        Self { address, request }
    }

    /// Answers with a status and a body.
    pub(crate) async fn with(status: &str, body: &str) -> Self {
        let length =
            if status.starts_with("204") { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        Self::raw(format!("HTTP/1.1 {status}\r\n{length}connection: close\r\n\r\n{body}").into_bytes()).await
    }

    pub(crate) fn client(&self) -> Client {
        Client::to(&format!("http://{}/", self.address)).unwrap()
    }

    async fn request(self) -> String {
        self.request.await.unwrap()
    }
}

/// Reads one request with its body.
async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request ended early");
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return text;
        }
    }
}

fn problem() -> Value {
    json!({
        "type": "urn:poundlock:problem:delayed",
        "title": "Too many attempts",
        "detail": "Wait, then try again.",
        "reference": "rec_7",
        "retry_after": 30,
    })
}

#[tokio::test]
async fn a_request_says_what_it_was_given_and_nothing_more() {
    let server = Scripted::with("200 OK", "{\"login\":\"x\"}").await;
    let answer = server.client().post("/v1/login", &json!({ "name": "ada" })).await.unwrap();
    assert_eq!(answer, json!({ "login": "x" }));
    let request = server.request().await;
    assert!(request.starts_with("POST /v1/login HTTP/1.1\r\n"), "one slash: {request}");
    assert!(request.contains("content-type: application/json") && request.ends_with("{\"name\":\"ada\"}"), "{request}");
    assert!(!request.contains("authorization"), "{request}");
    let server = Scripted::with("200 OK", "[]").await;
    server.client().send(Method::GET, "/v1/factors", None, Some("a.b.c")).await.unwrap();
    let request = server.request().await;
    assert!(request.contains("authorization: Bearer a.b.c\r\n") && !request.contains("content-type"), "{request}");
}

#[tokio::test]
async fn a_server_of_this_machine_is_asked_by_its_issuers_name() {
    for (issuer, host) in [
        ("http://localhost:8080", "localhost:8080"),
        ("https://login.example.org", "login.example.org"),
        ("https://login.example.org/a/b", "login.example.org"),
    ] {
        let server = Scripted::with("200 OK", "{}").await;
        Client::to_own(&Way::Port(server.address), issuer).unwrap().post("/", &json!({})).await.unwrap();
        let request = server.request().await;
        assert!(request.contains(&format!("host: {host}\r\n")), "{request}");
    }
    assert!(Client::to_own(&Way::Port(SocketAddr::from(([127, 0, 0, 1], 1))), "http://a\nb").is_err());
}

#[tokio::test]
async fn a_refusal_reads_as_the_server_words_it() {
    let server = Scripted::with("429 Too Many Requests", &problem().to_string()).await;
    let error = server.client().post("/v1/login", &json!({})).await.unwrap_err();
    assert_eq!(error.to_string(), "Too many attempts. Wait, then try again. (reference rec_7)");
    let refusal = error.downcast_ref::<Refusal>().unwrap();
    assert_eq!((refusal.code.as_str(), refusal.retry_after), ("delayed", Some(30)));
    assert_eq!(refusal.body, problem());
}

#[tokio::test]
async fn a_refusal_with_less_in_it_is_still_one() {
    for body in ["{}", "{\"type\":7,\"title\":null,\"retry_after\":\"soon\"}", "[]", "null"] {
        let server = Scripted::with("403 Forbidden", body).await;
        let error = server.client().post("/v1/login", &json!({})).await.unwrap_err();
        let refusal = error.downcast_ref::<Refusal>().unwrap();
        assert_eq!((refusal.code.as_str(), refusal.title.as_str(), refusal.retry_after), ("", "", None), "{body}");
    }
    let code = |kind: &str| refusal(json!({ "type": kind })).code;
    assert_eq!((code("about:blank"), code("alone"), code("urn:")), ("blank".into(), "alone".into(), String::new()));
}

#[tokio::test]
async fn what_is_not_json_is_told_by_status_and_not_shown() {
    for status in ["200 OK", "502 Bad Gateway", "404 Not Found"] {
        for body in ["<html>proxy</html>", "", "{\"a\":"] {
            let server = Scripted::with(status, body).await;
            let error = server.client().post("/v1/login", &json!({})).await.unwrap_err();
            assert_eq!(error.to_string(), format!("/v1/login answered {status} with something other than JSON"));
            assert!(!error.is::<Refusal>());
        }
    }
}

#[tokio::test]
async fn nothing_is_an_answer_where_nothing_is_promised() {
    let server = Scripted::with("204 No Content", "").await;
    assert_eq!(server.client().send(Method::DELETE, "/v1/session", None, None).await.unwrap(), Value::Null);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    // A token that follows one goes to whoever the answer names.
    let server = Scripted::raw(
        b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
    );
    let server = server.await;
    let error = server.client().send(Method::GET, "/v1/account", None, Some("a.b.c")).await.unwrap_err();
    assert!(error.is::<Refusal>(), "{error}");
    assert!(server.request().await.starts_with("GET /v1/account "));
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address_and_the_cause() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = Client::to(&format!("http://{gone}")).unwrap();
    for error in [
        client.post("/v1/login", &json!({})).await.map(drop).unwrap_err(),
        client.text("/v1/login").await.map(drop).unwrap_err(),
        client.stream("/v1/login", &mut |_| Ok(())).await.unwrap_err(),
    ] {
        assert!(error.is::<Unreachable>(), "{error}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("no answer from http://{gone}: ")) && text.contains("refused"), "{text}");
        assert_eq!(text.matches(&gone.to_string()).count(), 1, "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"login\":\"x\"}".to_vec();
    let server = Scripted::raw(cut.clone()).await;
    assert!(server.client().post("/v1/login", &json!({})).await.unwrap_err().is::<Unreachable>());
    let server = Scripted::raw(cut).await;
    let mut taken = Vec::new();
    let mut take = |piece: &[u8]| {
        taken.extend_from_slice(piece);
        Ok(())
    };
    let ended = server.client().stream("/", &mut take).await;
    assert!(ended.unwrap_err().is::<Unreachable>(), "an export that is not whole must not look like one");
    assert!(taken.starts_with(b"{\"login\""), "what came was handed on");
}

#[tokio::test]
async fn a_long_answer_is_handed_on_in_order_and_a_refusal_of_it_is_read_whole() {
    let text: String = (0..40_000).map(|number| format!("{number}\n")).collect();
    let server = Scripted::with("200 OK", &text).await;
    let (mut taken, mut pieces) = (Vec::new(), 0);
    let mut take = |piece: &[u8]| {
        pieces += 1;
        taken.extend_from_slice(piece);
        Ok(())
    };
    server.client().stream("/v1/admin/audit/export", &mut take).await.unwrap();
    assert!(pieces > 1 && taken == text.as_bytes(), "{pieces}");
    let server = Scripted::with("429 Too Many Requests", &problem().to_string()).await;
    let refused = server.client().stream("/", &mut |_| panic!("a refusal is no part of an export")).await.unwrap_err();
    assert_eq!(refused.downcast_ref::<Refusal>().unwrap().reference, "rec_7");
    let server = Scripted::with("200 OK", "text").await;
    let stopped = server.client().stream("/", &mut |_| bail!("the disk is full")).await.unwrap_err();
    assert_eq!(stopped.to_string(), "the disk is full");
}

#[tokio::test]
async fn text_is_given_as_it_came_and_only_of_a_success() {
    let server = Scripted::with("200 OK", "eyJ0eXAi").await;
    assert_eq!(server.client().text("/status/1").await.unwrap(), "eyJ0eXAi");
    let server = Scripted::with("404 Not Found", "{}").await;
    let why = server.client().text("/status/1").await.unwrap_err().to_string();
    assert_eq!(why, format!("http://{}/status/1 answered 404 Not Found", server.address));
}

#[test]
fn a_missing_member_is_named() {
    let answer = json!({ "login": "x", "expires_in": 7 });
    assert_eq!(text(&answer, "login").unwrap(), "x");
    for name in ["expires_in", "code"] {
        assert_eq!(text(&answer, name).unwrap_err().to_string(), format!("the answer has no {name}"));
    }
}
