//! A server with a fixed issuer, on either store, that is killed and started again, and what asks it.

mod caller;

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use poundlock_store::{Options, Store, StoreUrl};
use reqwest::Client;
use tempfile::TempDir;

pub(crate) use self::caller::{Caller, Told};
use crate::running::Running;

/// Names another binary to run, under a name of its own, so that a build meanwhile does not replace it.
const BINARY: &str = "POUNDLOCK_CRASH_BINARY";

/// The longest that a server takes to start, or to recover from anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a configuration, a master key and a data folder.
pub(crate) struct Site {
    folder: TempDir,
    url: StoreUrl,
}

/// `poundlock serve`, killed when dropped.
pub(crate) struct Node {
    child: Running,
    base: String,
    http: Client,
    admin: Client,
}

impl Site {
    /// On SQLite, or on the PostgreSQL of this URL.
    pub(crate) fn new(postgres: Option<&str>) -> Self {
        let folder = tempfile::Builder::new().prefix("pl").tempdir().unwrap();
        let key = folder.path().join("master.key");
        std::fs::write(&key, "5a".repeat(32)).unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
        let url = match postgres {
            Some(url) => StoreUrl::parse(url).unwrap(),
            None => StoreUrl::sqlite(&data.join("poundlock.db")),
        };
        let store = postgres.map(|url| format!("[store]\nurl = \"{url}\"\n")).unwrap_or_default();
        let config = format!(
            "issuer = \"http://localhost:8080\"\n[guard.sources]\nloopback_unlimited = true\n\
             [password]\nmemory_kib = 19456\npasses = 2\nlanes = 1\n[log]\nformat = \"json\"\n\
             [master_key]\nfile = \"{}\"\n{store}",
            key.display()
        );
        std::fs::write(folder.path().join("poundlock.toml"), config).unwrap();
        Self { folder, url }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Everything that its servers ever said.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn said(&self, what: &str) -> bool {
        std::fs::read_to_string(self.log()).unwrap_or_default().contains(what)
    }

    /// Waits until the log says so: its lines come by a pipe, after the answers that they belong to.
    pub(crate) async fn until_said(&self, what: &str) {
        let waiting = async {
            while !self.said(what) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("never said: {what}"));
    }

    fn command(&self, words: &[&str]) -> Command {
        self.command_of(Command::new(Self::binary()), words)
    }

    fn binary() -> std::ffi::OsString {
        std::env::var_os(BINARY).unwrap_or_else(|| env!("CARGO_BIN_EXE_poundlock").into())
    }

    fn command_of(&self, mut command: Command, words: &[&str]) -> Command {
        command.arg("--config").arg(self.folder.path().join("poundlock.toml")).arg("--data").arg(self.data());
        command.args(words).stdin(Stdio::null());
        // What steers the tests is no setting of the server.
        std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| name.to_string_lossy().starts_with("POUNDLOCK_"))
            .for_each(|name| {
                command.env_remove(name);
            });
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Starts a process that serves, and does not wait for it.
    fn spawn(&self) -> (Child, mpsc::Receiver<String>) {
        self.spawn_by(Command::new(Self::binary()))
    }

    fn spawn_by(&self, command: Command) -> (Child, mpsc::Receiver<String>) {
        let mut command = self.command_of(command, &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let mut log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                writeln!(log, "{line}").unwrap();
                let port = line.split_once(" on 127.0.0.1:").map(|(_, rest)| rest);
                let port: Option<String> = port.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect());
                port.into_iter().for_each(|port| drop(tell.send(port)));
            }
        });
        (child, told)
    }

    /// Starts a server and waits until it serves.
    pub(crate) fn serve(&self) -> Node {
        self.until_served(self.spawn())
    }

    /// The same for a server that is told of a file's greatest length by an error, and not killed.
    pub(crate) fn serve_despite_limits(&self) -> Node {
        let mut command = Command::new("env");
        command.arg("--ignore-signal=XFSZ").arg(Self::binary());
        self.until_served(self.spawn_by(command))
    }

    fn until_served(&self, (child, told): (Child, mpsc::Receiver<String>)) -> Node {
        let Ok(port) = told.recv_timeout(PATIENCE) else {
            panic!("it did not start: {}", std::fs::read_to_string(self.log()).unwrap());
        };
        let client = || Client::builder().no_proxy().timeout(PATIENCE);
        let admin = client().unix_socket(self.data().join("admin.sock")).build().unwrap();
        Node { child: Running(child), base: format!("http://127.0.0.1:{port}"), http: client().build().unwrap(), admin }
    }

    /// Starts a server and kills it while it starts: after `steps` turns of the scheduler, if it is not up before.
    pub(crate) fn kill_while_starting(&self, steps: u64) {
        let (mut child, told) = self.spawn();
        for _ in 0..steps {
            if told.try_recv().is_ok() {
                break;
            }
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The store, looked at from outside.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.url, &Options::fast()).await.unwrap()
    }

    /// Checks the audit log from outside, against the newest checkpoint that the log stream has.
    pub(crate) fn verify_audit(&self) {
        let log = self.log();
        let mut words = vec!["audit", "verify"];
        if self.said("audit checkpoint") {
            words.extend(["--trusted-checkpoint", log.to_str().unwrap()]);
        }
        let output = self.run(&words);
        let both = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{both}");
    }
}

impl Node {
    /// SIGKILL: nothing is finished, flushed or said.
    pub(crate) fn kill_now(&mut self) {
        self.child.kill();
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(self) {
        self.child.stop();
    }

    /// Whether the process is still there.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.lives()
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.0.id()).unwrap()
    }

    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// What asks it; outlives it.
    pub(crate) fn caller(&self) -> Caller {
        Caller { base: self.base.clone(), http: self.http.clone(), admin: self.admin.clone() }
    }
}
