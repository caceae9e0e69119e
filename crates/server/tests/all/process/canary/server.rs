//! The real binary, listened to: everything it says is kept, at the loudest log, with metrics on. Requests are written
//! by hand, since no client sends what an attacker does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use poundlock_store::StoreUrl;
use serde_json::Value;
use tempfile::TempDir;

/// Every target at its loudest, and by name those that carry bytes.
const LOUDEST: &str = "trace,hyper=trace,hyper_util=trace,h2=trace,tokio_postgres=trace,rusqlite=trace,rustls=trace,\
                       reqwest=trace,axum=trace,tower=trace,tower_http=trace,mio=trace,deadpool=trace";

/// A running server, and all it has said.
pub(super) struct Told {
    folder: TempDir,
    child: Child,
    log: Arc<Log>,
    reader: Option<JoinHandle<()>>,
    url: String,
    pub(super) password: String,
    /// What `up --json` printed.
    pub(super) printed: Value,
    address: String,
}

#[derive(Default)]
struct Log {
    text: Mutex<String>,
    more: Condvar,
}

/// What came back.
pub(super) struct Reply {
    pub(super) asked: String,
    pub(super) status: u16,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}: {} {}", self.asked, self.status, self.body))
    }
}

/// Starts a server on the store, with a first user, and listens to it.
pub(super) fn watched(url: &StoreUrl) -> Told {
    let url = match url {
        StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        StoreUrl::Postgres(url) => url.clone(),
    };
    let folder = tempfile::Builder::new().prefix("pl").tempdir().unwrap();
    let password = "canary ada of seven odd words".to_owned();
    std::fs::write(folder.path().join("password"), &password).unwrap();
    let config = "[guard.sources]\nloopback_unlimited = true\n[password]\nmemory_kib = 19456\npasses = 2\nlanes = 1\n";
    std::fs::write(folder.path().join("poundlock.toml"), config).unwrap();
    let mut command = binary(folder.path(), &url);
    command.args(["up", "--listen", "127.0.0.1:0", "--json", "--name", "ada", "--password-file"]);
    command.arg(folder.path().join("password"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let log = Arc::new(Log::default());
    let (said, heard) = (child.stderr.take().unwrap(), Arc::clone(&log));
    let reader = std::thread::spawn(move || heard.listen(said));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let printed: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{}", log.text.lock().unwrap()));
    let port = printed["issuer"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    std::fs::remove_file(folder.path().join("password")).unwrap();
    let (reader, address) = (Some(reader), format!("127.0.0.1:{port}"));
    Told { folder, child, log, reader, url, password, printed, address }
}

fn binary(folder: &Path, url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poundlock"));
    command.env_remove("POUNDLOCK_TEST_POSTGRES").env("POUNDLOCK_STORE__URL", url);
    command.env("POUNDLOCK_LOG__FILTER", LOUDEST).env("POUNDLOCK_LOG__FORMAT", "json");
    command.env("POUNDLOCK_METRICS__LISTEN", "127.0.0.1:0");
    command.arg("--config").arg(folder.join("poundlock.toml")).arg("--data").arg(folder.join("data"));
    command
}

impl Log {
    fn listen(&self, said: impl Read) {
        for line in BufReader::new(said).lines() {
            let Ok(line) = line else { return };
            let mut text = self.text.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
            self.more.notify_all();
        }
    }

    /// What stands behind `words`, once it was said.
    fn after(&self, words: &str) -> String {
        let text = self.text.lock().unwrap();
        let said = self.more.wait_timeout_while(text, Duration::from_secs(60), |text| !text.contains(words)).unwrap().0;
        let rest = said.split(words).nth(1).unwrap_or_else(|| panic!("nothing said {words:?}"));
        rest.split(['"', ' ', '\n', '/']).next().unwrap().to_owned()
    }
}

impl Told {
    /// The audience of the account API.
    pub(super) fn account_audience(&self) -> String {
        format!("{}/account", self.printed["issuer"].as_str().unwrap())
    }

    /// Sends one request by hand, on a connection of its own, to the public port or to the admin socket.
    pub(super) fn ask(
        &self,
        admin: bool,
        method: &str,
        target: &str,
        headers: &[(&str, String)],
        body: Option<&Value>,
    ) -> Reply {
        let (kind, body) = match body {
            // A text is a form, as pages send it.
            Some(Value::String(form)) => ("application/x-www-form-urlencoded", form.clone()),
            Some(body) => ("application/json", body.to_string()),
            None => ("", String::new()),
        };
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len()));
        }
        let request = format!("{head}\r\n{body}");
        let answer = if admin {
            exchange(UnixStream::connect(self.folder.path().join("data/admin.sock")).unwrap(), &request)
        } else {
            exchange(TcpStream::connect(&self.address).unwrap(), &request)
        };
        reply(format!("{method} {target}"), &answer)
    }

    /// A scrape.
    pub(super) fn metrics(&self) -> String {
        let address = self.log.after("showing metrics on http://");
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        let answer = exchange(TcpStream::connect(&address).unwrap(), &request);
        reply("a scrape".to_owned(), &answer).body
    }

    /// Runs a command on the server; gives its standard output. What it says on standard error goes to the log.
    pub(super) fn command(&self, words: &[&str]) -> String {
        let output = binary(self.folder.path(), &self.url).args(words).output().unwrap();
        let (out, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{words:?}: {said}");
        self.log.text.lock().unwrap().push_str(&said);
        out
    }

    /// The audit log, as it is exported.
    pub(super) fn export(&self) -> String {
        let file = self.folder.path().join("export");
        self.command(&["audit", "export", "--out", file.to_str().unwrap()]);
        let text = std::fs::read_to_string(&file).unwrap();
        // The next one is a new file again: an export overwrites nothing.
        std::fs::remove_file(file).unwrap();
        text
    }

    /// Ends the server in order; gives its folder and all that was said.
    pub(super) fn stop(mut self) -> (TempDir, String) {
        self.end();
        self.reader.take().unwrap().join().unwrap();
        let folder = std::mem::replace(&mut self.folder, TempDir::new().unwrap());
        let said = self.log.text.lock().unwrap().clone();
        (folder, said)
    }

    fn end(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let pid = rustix::process::Pid::from_child(&self.child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            self.child.wait().unwrap();
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.end();
    }
}

fn exchange(mut stream: impl Read + Write, request: &str) -> Vec<u8> {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A server that closes on what it has not read resets the connection; what came before counts.
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn reply(asked: String, answer: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { asked, status, body: body.to_owned() }
}

/// A code of the authenticator that this address enrols, now.
#[expect(clippy::disallowed_methods, reason = "the server under test is a process of its own, on the real clock")]
pub(super) fn code(uri: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    totp_rs::Totp::from_url(uri).unwrap().generate(now.as_secs()).to_string()
}

/// The bytes of all files of a folder and of those in it; what is no text is left out.
pub(super) fn all_bytes(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            all.push_str(&all_bytes(&path));
        } else if path.is_file() {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    all
}

/// A whole database of PostgreSQL, as its own tool writes it.
pub(super) fn dump(url: &str) -> String {
    let output = Command::new("pg_dump").args(["--dbname", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The line of the first place of `wanted`, for whoever reads a failure.
pub(super) fn around<'a>(text: &'a str, wanted: &str) -> &'a str {
    text.lines().find(|line| line.contains(wanted)).unwrap_or("in hexadecimal")
}
