//! The real binary on a folder of its own, with a server running there and without.
//!
//! Not tested here: that a process of another user is turned away at the admin socket. It takes a second user on the
//! machine, and the folder's mode stops that user before the socket does.

mod backups;
mod clients;
mod config;
mod exits;
mod keys;
mod sessions;
mod tokens;
mod users;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery staple";

const UP: [&str; 8] = ["up", "--json", "--listen", "127.0.0.1:0", "--name", "ada", "--password-file", "password"];

/// What a command gave.
#[derive(Debug)]
struct Gave {
    code: i32,
    out: String,
    err: String,
}

/// A folder, and what runs commands on it.
struct Place {
    folder: TempDir,
}

/// A server that ends with this, by its own pid.
struct Server {
    child: Child,
    /// Held open: a server whose reader is gone could not write.
    _out: BufReader<ChildStdout>,
    /// What `up --json` printed.
    up: Value,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("pl").tempdir().unwrap();
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poundlock"));
        command.args(args).current_dir(self.folder.path()).env_remove("NO_COLOR");
        command.args(["--data", self.data().to_str().unwrap()]);
        command
    }

    /// Runs a command to its end.
    fn run(&self, args: &[&str]) -> Gave {
        self.feed(args, "")
    }

    /// Runs a command that reads `input`.
    fn feed(&self, args: &[&str], input: &str) -> Gave {
        let mut command = self.command(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Gave { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs `up`, and waits for its line.
    fn up(&self) -> Server {
        Self::until_up(self.command(&UP))
    }

    /// The same on another store.
    fn up_on(&self, url: &str) -> Server {
        let mut command = self.command(&UP);
        command.env("POUNDLOCK_STORE__URL", url);
        Self::until_up(command)
    }

    fn until_up(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (mut out, mut line) = (BufReader::new(child.stdout.take().unwrap()), String::new());
        out.read_line(&mut line).unwrap();
        let up = serde_json::from_str(&line).unwrap_or_else(|_| panic!("up printed {line:?}"));
        Server { child, _out: out, up }
    }

    /// A folder that is set up, and no server on it any more.
    fn set_up() -> (Self, Value) {
        let place = Self::new();
        let up = place.up().stop();
        (place, up)
    }
}

impl Server {
    fn stop(mut self) -> Value {
        self.end();
        self.up.take()
    }

    fn end(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let pid = rustix::process::Pid::from_child(&self.child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            let ended = self.child.wait().unwrap();
            assert!(ended.success() || std::thread::panicking(), "it did not end in order: {ended}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl Gave {
    /// What it printed, if it did what it was told.
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        assert!(!self.out.contains('\u{1b}') && !self.err.contains('\u{1b}'), "colour in a pipe: {}", self.out);
        self.out
    }

    /// The same as JSON, on one line.
    fn json(self) -> Value {
        let out = self.ok();
        assert_eq!(out.lines().count(), 1, "{out}");
        serde_json::from_str(&out).unwrap()
    }

    /// What it said when it failed with this exit code. Nothing goes to standard output then.
    fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        self.err
    }
}

/// The names of an object's members, sorted.
fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
