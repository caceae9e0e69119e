//! The real binary on its ways to the world: TLS, the PROXY protocol, a Unix socket, and what systemd passes, with the
//! clients and proxies that people have as judges.

mod proxied;
mod systemd;
mod tls;

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::running::Running;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustix::process::Signal;
use tempfile::TempDir;

const HOST: &str = "login.example.org";
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a certificate and a configuration.
struct Site {
    folder: TempDir,
}

/// A server, killed by its own pid when dropped.
struct Server {
    child: Running,
    said: Receiver<String>,
    /// What was said before what was waited for: the tasks of a server speak in no order.
    passed_over: RefCell<Vec<String>>,
    /// Where it says that it listens.
    place: String,
}

impl Site {
    /// A site whose `[listen]` has these lines; `DIR` stands for its folder.
    fn new(listen: &str) -> Self {
        let site = Self { folder: tempfile::Builder::new().prefix("pl").tempdir().unwrap() };
        site.configure(listen);
        site.certify(2040);
        std::fs::write(site.path("password"), "a phrase of five odd words").unwrap();
        std::fs::write(site.path("master.key"), "ab".repeat(32)).unwrap();
        std::fs::set_permissions(site.path("master.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self, listen: &str) {
        let listen = listen.replace("DIR", self.folder.path().to_str().unwrap());
        let text = format!(
            "issuer = \"https://{HOST}\"\n[listen]\n{listen}\n[guard.sources]\nloopback_unlimited = true\n\
             [password]\nmemory_kib = 19456\npasses = 2\nlanes = 1\n"
        );
        std::fs::write(self.path("poundlock.toml"), text).unwrap();
    }

    /// Writes a new certificate for the host.
    fn certify(&self, until: i32) {
        let (certificate, key) = pem(until);
        self.put(&certificate, &key);
    }

    /// Writes a pair over the one that is there.
    fn put(&self, certificate: &str, key: &str) {
        std::fs::write(self.path("chain.pem"), certificate).unwrap();
        std::fs::write(self.path("key.pem"), key).unwrap();
        std::fs::set_permissions(self.path("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// What the binary is called with, after its own name.
    fn arguments(&self, verb: &str) -> Vec<String> {
        let at = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let mut arguments =
            vec!["--config".to_owned(), at("poundlock.toml"), "--data".to_owned(), at("data"), verb.to_owned()];
        if verb == "up" {
            arguments.extend(["--json", "--name", "ada", "--password-file"].map(str::to_owned));
            arguments.push(at("password"));
        }
        arguments
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poundlock"));
        self.settle(command.args(self.arguments(verb)));
        command
    }

    /// What steers the tests is no setting of the server.
    fn settle(&self, command: &mut Command) {
        let own =
            std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("POUNDLOCK_"));
        for name in own {
            command.env_remove(name);
        }
        command.env("POUNDLOCK_MASTER_KEY_FILE", self.path("master.key"));
    }

    fn serve(&self) -> Server {
        Server::start(self.command("serve"))
    }

    /// curl on the public key set, with more arguments, and trust in the site's certificate.
    fn curl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("curl");
        command.args(["-sS", "--max-time", "20", "--noproxy", "*", "--cacert"]).arg(self.path("chain.pem"));
        command
            .args(["-w", "\n%{http_version} %{http_code}\n%header{strict-transport-security}"])
            .args(arguments)
            .output()
            .unwrap()
    }
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (send, said) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut server = Self { child: Running(child), said, passed_over: RefCell::default(), place: String::new() };
        let line = server.hear("erving https://");
        server.place = line.rsplit_once(" on ").unwrap().1.split(" (Ctrl-C").next().unwrap().to_owned();
        server
    }

    /// Waits for a line with this in it; each line is heard once.
    fn hear(&self, text: &str) -> String {
        let mut heard = self.passed_over.borrow_mut();
        if let Some(at) = heard.iter().position(|line| line.contains(text)) {
            return heard.remove(at);
        }
        loop {
            match self.said.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => heard.push(line),
                Err(error) => panic!("never heard {text:?}: {error}; but {heard:?}"),
            }
        }
    }

    fn address(&self) -> &str {
        self.place.split(", ").next().unwrap()
    }

    fn port(&self) -> &str {
        self.address().rsplit(':').next().unwrap()
    }

    /// The option that leads curl to this server by the issuer's name.
    fn connect_to(&self) -> String {
        format!("{HOST}::127.0.0.1:{}", self.port())
    }

    fn signal(&self, signal: Signal) {
        self.child.signal(signal);
    }

    fn stop(self) {
        self.child.stop();
    }
}

/// A certificate for the host until the first day of this year, and its key.
fn pem(until: i32) -> (String, String) {
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// Whether curl succeeded, and what it printed.
fn told(output: &Output) -> (bool, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}
