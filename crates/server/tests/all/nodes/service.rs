//! Two real nodes on one store, and HAProxy in front where a test asks for it: processes that a test may kill.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{ChildStderr, Command, Stdio};
use std::time::Duration;

use crate::running::Running;
use poundlock::testing::TestApp;
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "a phrase of five odd words";

/// A service of two nodes: its folder, its addresses.
pub(super) struct Service {
    folder: TempDir,
    front: u16,
    ports: [u16; 2],
    http: reqwest::Client,
}

/// A user of the service, and what their devices know.
#[derive(Clone)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) recovery_codes: Vec<String>,
    pub(super) refresh_token: Value,
    totp_uri: String,
}

/// An answer: its status, 0 when there was none, and its body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    pub(super) fn refusal(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default()
    }
}

/// Ports that nobody listens on, all different.
fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

impl Service {
    pub(super) fn on(store: &str) -> Self {
        Self::stopping(store, 4)
    }

    /// With nodes that answer for so long after they were told to end.
    pub(super) fn stopping(store: &str, seconds: u16) -> Self {
        let folder = TempDir::with_prefix("pln").unwrap();
        let [front, one, two] = free_ports();
        let mut options = std::fs::OpenOptions::new();
        let key = options.write(true).create_new(true).mode(0o600).open(folder.path().join("master.key"));
        std::io::Write::write_all(&mut key.unwrap(), TestApp::master().to_hex().as_bytes()).unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        let service = Self { folder, front, ports: [one, two], http };
        for (n, port) in service.ports.iter().enumerate() {
            let config = format!(
                "issuer = \"http://localhost:{front}\"\ndata = \"{data}\"\n\
                 [listen]\naddress = \"127.0.0.1:{port}\"\nstopping_seconds = {seconds}\n\
                 [store]\nurl = \"{store}\"\n[master_key]\nfile = \"{key}\"\n\
                 [guard.sources]\nloopback_unlimited = true\n\
                 [password]\nmemory_kib = 19456\npasses = 2\nlanes = 1\nthreads = 1\n",
                data = service.path(&format!("data{n}")).display(),
                key = service.path("master.key").display(),
            );
            std::fs::write(service.path(&format!("{n}.toml")), config).unwrap();
        }
        service
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, node: usize, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poundlock"));
        command.arg("--config").arg(self.path(&format!("{node}.toml"))).args(args).stdin(Stdio::null());
        command
    }

    /// Starts a node, and returns when it serves.
    pub(super) fn start(&self, node: usize) -> Running {
        let mut command = self.command(node, &["serve"]);
        let mut running = Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
        wait_for(running.0.stderr.take().unwrap(), "serving http");
        running
    }

    /// Starts HAProxy with the configuration of `docs/nodes.md`, asking for health more often.
    pub(super) async fn balance(&self) -> Running {
        let [one, two] = self.ports;
        let front = self.front;
        let config = format!(
            "global\n  maxconn 1000\ndefaults\n  mode http\n  timeout connect 2s\n  timeout client 30s\n  \
             timeout server 60s\n  timeout check 3s\n  retries 3\n  option redispatch 1\n  retry-on conn-failure\n\
             frontend public\n  bind 127.0.0.1:{front}\n  default_backend nodes\n\
             backend nodes\n  balance roundrobin\n  option httpchk\n  \
             http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host localhost:{front}\n  \
             http-check expect status 200\n  default-server check inter 200ms fall 2 rise 1\n  \
             server one 127.0.0.1:{one}\n  server two 127.0.0.1:{two}\n"
        );
        std::fs::write(self.path("haproxy.cfg"), config).unwrap();
        let there = PathBuf::from("/usr/sbin/haproxy");
        let program = if there.exists() { there } else { PathBuf::from("haproxy") };
        let mut command = Command::new(program);
        command.args(["-db", "-q", "-f"]).arg(self.path("haproxy.cfg")).stdin(Stdio::null());
        let running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("haproxy"));
        while self.get(None, "/health/ready").await.status != 200 {}
        running
    }

    fn url(&self, node: Option<usize>, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", node.map_or(self.front, |node| self.ports[node]))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        match request.header("host", format!("localhost:{}", self.front)).send().await {
            Ok(reply) => {
                let status = reply.status().as_u16();
                let body = reply.bytes().await.unwrap_or_default();
                Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
            }
            Err(why) => Answer { status: 0, body: json!(format!("{why:?}")) },
        }
    }

    /// Posts JSON to a node, or to the balancer.
    pub(super) async fn post(&self, node: Option<usize>, path: &str, body: &Value) -> Answer {
        self.send(self.http.post(self.url(node, path)).json(body)).await
    }

    /// Gets from a node, or from the balancer.
    pub(super) async fn get(&self, node: Option<usize>, path: &str) -> Answer {
        self.send(self.http.get(self.url(node, path))).await
    }

    pub(super) async fn refresh(&self, node: Option<usize>, token: &Value) -> Answer {
        self.post(node, "/v1/session/refresh", &json!({ "refresh_token": token })).await
    }

    /// Proves the password of a user; gives the login handle.
    pub(super) async fn password(&self, node: Option<usize>, user: &User) -> Answer {
        self.post(node, "/v1/login", &json!({ "name": user.name, "password": PASSWORD })).await
    }

    /// Enrols a user whose present code stays unused: the enrolment takes that of the step before.
    pub(super) async fn enrol(&self, node: usize, name: &str) -> User {
        let made = self.command(node, &["user", "invite", name, "--json"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let accept = json!({ "invite": made["invite"], "password": PASSWORD });
        let login = self.post(Some(node), "/v1/invite/accept", &accept).await.ok()["login"].clone();
        let offer = self.post(Some(node), "/v1/login/enrol/totp", &json!({ "login": login })).await.ok();
        let totp_uri = offer["uri"].as_str().unwrap().to_owned();
        let confirm = json!({ "login": login, "code": code(&totp_uri, 1) });
        let tokens = self.post(Some(node), "/v1/login/enrol/totp/confirm", &confirm).await.ok();
        let recovery_codes = tokens["recovery_codes"].as_array().unwrap();
        let recovery_codes = recovery_codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        User { name: name.to_owned(), recovery_codes, refresh_token: tokens["refresh_token"].clone(), totp_uri }
    }
}

impl User {
    /// The present code.
    pub(super) fn code(&self) -> String {
        code(&self.totp_uri, 0)
    }
}

/// The code of so many steps ago, by the machine's clock: that of the real nodes.
fn code(totp_uri: &str, steps_ago: u64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the nodes are processes of their own, on this machine's clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    totp_rs::Totp::from_url(totp_uri).unwrap().generate(now - 30 * steps_ago).to_string()
}

/// Reads what a program says until it says this; the rest is read away, so that a full pipe never holds it up.
fn wait_for(words: ChildStderr, what: &str) {
    let mut said = BufReader::new(words);
    let mut all = String::new();
    while !all.contains(what) {
        assert_ne!(said.read_line(&mut all).unwrap(), 0, "it ended before it served: {all}");
    }
    std::thread::spawn(move || {
        // Shown where a test fails: nextest keeps what a test prints.
        let mut rest = String::new();
        let _ = said.read_to_string(&mut rest);
        eprintln!("{rest}");
    });
}
