//! The real binary: what only a process of its own can show, such as being killed.

mod arrivals;
mod canary;
mod copies;
mod crash;
mod cut;
mod database;
mod disk;
mod garbage;
mod hang_up;
#[cfg(feature = "otel")]
mod otel;
pub(crate) mod site;
mod storm;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use poundlock_store::{Options, Store, StoreUrl};
use serde_json::Value;
use tempfile::TempDir;

use crate::running::Running;

/// A data folder in which a server is started, killed and started again.
pub(crate) struct Place {
    folder: TempDir,
}

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Running,
    /// What `up --json` printed.
    pub(crate) printed: Value,
    /// Where it listens.
    pub(crate) base: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("password"), "a phrase of five odd words").unwrap();
        let config = "[guard.sources]\nloopback_unlimited = true\n\
                      [password]\nmemory_kib = 19456\npasses = 2\nlanes = 1\n";
        std::fs::write(folder.path().join("poundlock.toml"), config).unwrap();
        Self { folder }
    }

    fn command(&self, verb: &str) -> Command {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_poundlock"));
        command.env_remove("POUNDLOCK_TEST_POSTGRES").stdout(Stdio::piped()).stderr(Stdio::piped());
        command.arg("--config").arg(at("poundlock.toml")).arg("--data").arg(at("data")).arg(verb);
        command.args(["--listen", "127.0.0.1:0"]);
        if verb == "up" {
            command.args(["--json", "--name", "ada", "--password-file"]).arg(at("password"));
        }
        command
    }

    /// Starts a server, the first time with a first user, and waits until it serves.
    pub(crate) fn up(&self) -> Server {
        let mut child = self.command("up").spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(printed) = serde_json::from_str::<Value>(&line) else {
            let mut why = String::new();
            child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            panic!("the server did not start: {why}");
        };
        // Kept empty, so that a full pipe never holds the server up.
        let mut said = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let port = printed["issuer"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
        Server { child: Running(child), printed, base: format!("http://127.0.0.1:{port}") }
    }

    /// Runs a server that is not expected to start; gives its exit code and what it said.
    pub(crate) fn fails(&self) -> (Option<i32>, String) {
        let output = self.command("serve").output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// The store, looked at from outside.
    pub(crate) async fn store(&self) -> Store {
        let path = self.folder.path().join("data").join("poundlock.db");
        assert!(Path::exists(&path));
        Store::open(&StoreUrl::sqlite(&path), &Options::fast()).await.unwrap()
    }
}

impl Server {
    /// SIGKILL: nothing is finished, flushed or said.
    pub(crate) fn kill(mut self) {
        self.child.kill();
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(self) {
        self.child.stop();
    }
}
