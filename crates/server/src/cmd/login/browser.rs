//! `poundlock login --browser`: a native application as RFC 8252 wants it. The browser signs in at the server and comes
//! back to a port of this machine with a code, which only this process can exchange.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use poundlock_core::oidc::{Params, encode};
use poundlock_core::secret::{Digest, Rng, Secret, random_bytes};
use poundlock_verify::b64;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;
use crate::cmd::terminal::tell;
use crate::registry::DEFAULT_CLIENT;
use crate::rng::SystemRng;

/// How long to wait for the person at the browser.
const BACK_WITHIN: Duration = Duration::from_secs(600);

/// How long one connection may take to say what it wants.
const LINE_WITHIN: Duration = Duration::from_secs(5);

/// The longest request line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 8192;

/// The path that is registered for this machine.
const PATH: &str = "/callback";

/// What this process alone knows until the browser is back.
struct Kept {
    redirect_uri: String,
    state: String,
    verifier: Secret<String>,
}

/// Signs in with a browser; gives the token answer.
pub(super) async fn run(client: &Client, issuer: &str, asked: (Option<&str>, Option<&str>)) -> anyhow::Result<Value> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?;
    let rng = SystemRng::new();
    let kept = Kept {
        redirect_uri: format!("http://{}{PATH}", listener.local_addr()?),
        state: b64::encode(&random_bytes::<16>(&rng)),
        verifier: Secret::new(b64::encode(&random_bytes::<32>(&rng as &dyn Rng))),
    };
    let (id, audience) = (asked.0.unwrap_or(DEFAULT_CLIENT), asked.1);
    let url = address(issuer, (id, audience), &kept);
    tell("Sign in with your browser. If none opens, go to:");
    tell(&url);
    open(&url);
    let back = tokio::time::timeout(BACK_WITHIN, wait(&listener, issuer, &kept));
    let code = back.await.context("nobody came back from the browser within ten minutes")??;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("code", code.reveal().as_str()),
        ("redirect_uri", &kept.redirect_uri),
        ("code_verifier", kept.verifier.reveal()),
    ];
    client.post_form("/oauth/token", &form).await
}

fn address(issuer: &str, (client, audience): (&str, Option<&str>), kept: &Kept) -> String {
    let challenge = b64::encode(Digest::of(kept.verifier.reveal().as_bytes()).as_bytes());
    let mut url = format!("{}/oauth/authorize?", issuer.trim_end_matches('/'));
    let pairs = [
        ("client_id", client),
        ("response_type", "code"),
        ("redirect_uri", &kept.redirect_uri),
        ("state", &kept.state),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    encode(&mut url, pairs.into_iter().chain(audience.map(|audience| ("audience", audience))));
    url
}

/// Has the machine's browser open it, if there is one; nobody waits for it.
fn open(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(opener);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Without one the address above is the way.
    drop(command.spawn());
}

/// Waits until the browser is back. Whoever else knocks is sent away: any program of this machine can.
async fn wait(listener: &TcpListener, issuer: &str, kept: &Kept) -> anyhow::Result<Secret<String>> {
    loop {
        let (stream, _) = listener.accept().await?;
        let mut stream = BufReader::new(stream);
        let line = tokio::time::timeout(LINE_WITHIN, line(&mut stream)).await;
        let Ok(Ok(line)) = line else { continue };
        let Some(params) = came_back(&line) else {
            answer(&mut stream, "404 Not Found", "There is nothing here.").await;
            continue;
        };
        // Attack: another program or page brings a code of its own, to have its account used for this one.
        if params.one("state") != Some(kept.state.as_str()) || params.one("iss") != Some(issuer.trim_end_matches('/')) {
            answer(&mut stream, "400 Bad Request", "This is not the answer that was waited for.").await;
            continue;
        }
        if let Some(error) = params.one("error") {
            answer(&mut stream, "200 OK", "Nobody was signed in. You can close this window.").await;
            bail!("{error}: {}", params.one("error_description").unwrap_or_default());
        }
        let code = params.secret("code").cloned();
        answer(&mut stream, "200 OK", "You are signed in. You can close this window.").await;
        return code.context("the browser came back without a code");
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    use tokio::io::AsyncReadExt;
    let mut line = String::new();
    stream.take(LINE_BYTES_MAX).read_line(&mut line).await?;
    Ok(line)
}

/// The parameters of a request for our path.
fn came_back(line: &str) -> Option<Params> {
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let (path, query) = target.split_once('?')?;
    if path == PATH { Params::parse(query).ok() } else { None }
}

async fn answer(stream: &mut BufReader<TcpStream>, status: &str, says: &str) {
    let head = "content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\nconnection: close";
    let text = format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{says}\n", says.len() + 1);
    // A browser that has gone has what it wanted.
    let _ = stream.get_mut().write_all(text.as_bytes()).await;
    let _ = stream.get_mut().shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "http://localhost:8080";

    fn kept() -> Kept {
        Kept {
            redirect_uri: "http://127.0.0.1:5000/callback".to_owned(),
            state: "st".to_owned(),
            verifier: Secret::new("v".repeat(43)),
        }
    }

    #[test]
    fn the_address_has_a_challenge_and_not_the_verifier() {
        let url = address(ISSUER, ("app", Some("api")), &kept());
        assert!(url.starts_with("http://localhost:8080/oauth/authorize?client_id=app&response_type=code&"), "{url}");
        assert!(url.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Fcallback") && url.contains("audience=api"));
        assert!(url.contains("code_challenge_method=S256") && !url.contains(&"v".repeat(43)));
    }

    async fn knock(target: &str, at: std::net::SocketAddr) -> String {
        use tokio::io::AsyncReadExt;
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        // The server may close before it has read all that was sent.
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    #[tokio::test]
    async fn oae_07_only_the_answer_that_was_waited_for_is_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let waiting = tokio::spawn(async move { wait(&listener, ISSUER, &kept()).await });
        let ours = "iss=http%3A%2F%2Flocalhost%3A8080";
        for (target, status) in [
            ("/favicon.ico".to_owned(), "404"),
            ("/callback".to_owned(), "404"),
            (format!("/callback?code=x&state=other&{ours}"), "400"),
            ("/callback?code=x&state=st".to_owned(), "400"),
            ("/callback?code=x&state=st&iss=http%3A%2F%2Fevil.example".to_owned(), "400"),
            (format!("/callback?code=x&state=st&state=st&{ours}"), "400"),
        ] {
            assert!(knock(&target, at).await.contains(status), "{target}");
        }
        assert!(knock(&format!("/callback?code=plc_x&state=st&{ours}"), at).await.contains("200 OK"));
        assert_eq!(waiting.await.unwrap().unwrap().reveal(), "plc_x");
    }

    #[tokio::test]
    async fn a_refusal_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let waiting = tokio::spawn(async move { wait(&listener, ISSUER, &kept()).await });
        knock("/callback?error=access_denied&error_description=no&state=st&iss=http%3A%2F%2Flocalhost%3A8080", at)
            .await;
        assert_eq!(waiting.await.unwrap().unwrap_err().to_string(), "access_denied: no");
    }
}
