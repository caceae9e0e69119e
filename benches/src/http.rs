//! A keep-alive HTTP/1.1 connection, just enough for a load client that costs next to nothing. Never follows, retries or
//! reads chunked bodies.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Longer than any answer may take; a server that hangs ends the run.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// One connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    port: u16,
    request: Vec<u8>,
    /// What this connection says of who is behind it, as a proxy would.
    forwarded_for: Option<String>,
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_DEADLINE))?;
        Ok(Self {
            stream: BufReader::new(stream),
            port: address.port(),
            request: Vec::with_capacity(1024),
            forwarded_for: None,
        })
    }

    /// Speaks for another address from now on; a server that trusts this machine as its proxy believes it.
    pub(crate) fn speak_for(&mut self, address: Ipv4Addr) {
        self.forwarded_for = Some(format!("x-forwarded-for: {address}\r\n"));
    }

    /// Posts JSON.
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Result<Reply> {
        self.post_text(path, &body.to_string())
    }

    /// Posts JSON that is text already.
    pub(crate) fn post_text(&mut self, path: &str, body: &str) -> Result<Reply> {
        self.request.clear();
        let forwarded = self.forwarded_for.as_deref().unwrap_or_default();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: application/json\r\n{forwarded}content-length: \
             {}\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        self.exchange()
    }

    /// Gets, with a bearer token if there is one.
    pub(crate) fn get(&mut self, path: &str, token: Option<&str>) -> Result<Reply> {
        self.request.clear();
        write!(self.request, "GET {path} HTTP/1.1\r\nhost: localhost:{}\r\n", self.port)?;
        if let Some(token) = token {
            write!(self.request, "authorization: Bearer {token}\r\n")?;
        }
        self.request.extend_from_slice(b"\r\n");
        self.exchange()
    }

    fn exchange(&mut self) -> Result<Reply> {
        self.stream.get_mut().write_all(&self.request)?;
        read(&mut self.stream)
    }
}

impl Reply {
    /// The JSON of a success.
    pub(crate) fn json(&self) -> Result<Value> {
        if self.status != 200 {
            bail!("answered {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        serde_json::from_slice(&self.body).context("an answer that is no JSON")
    }
}

/// A text member of an answer.
pub(crate) fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str> {
    answer.get(name).and_then(Value::as_str).with_context(|| format!("the answer has no {name}"))
}

fn read(stream: &mut impl BufRead) -> Result<Reply> {
    let mut line = String::with_capacity(128);
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.with_context(|| format!("not HTTP: {line:?}"))?;
    let mut bytes = None;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            bytes = Some(value.trim().parse::<usize>().context("content-length")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("a chunked answer");
        }
    }
    let mut body = vec![0; bytes.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(Reply { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end_and_no_further() {
        let two = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nx: y\r\n\r\n{\"a\":\"b\"HTTP/1.1 204 No Content\r\n\r\n";
        let mut stream = &two[..];
        let first = read(&mut stream).unwrap();
        assert_eq!((first.status, first.body.as_slice()), (200, &b"{\"a\":\"b\""[..]));
        assert_eq!(read(&mut stream).unwrap().status, 204);
        assert!(read(&mut stream).is_err(), "nothing is left");
    }

    #[test]
    fn what_this_client_does_not_read_is_refused() {
        assert!(read(&mut &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..]).is_err());
        assert!(read(&mut &b"SSH-2.0\r\n\r\n"[..]).is_err());
    }

    #[test]
    fn only_a_success_is_json() {
        let reply = |status| Reply { status, body: b"{\"a\":\"b\"}".to_vec() };
        assert_eq!(text(&reply(200).json().unwrap(), "a").unwrap(), "b");
        assert!(reply(401).json().is_err());
    }
}
