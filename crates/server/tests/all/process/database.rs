//! A PostgreSQL server of a test's own, which it may kill: durable, in a temporary folder, on a Unix socket alone.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use poundlock_store::testing::{account, postgres_program};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A server process; killed with all its own when dropped.
pub(crate) struct Database {
    folder: TempDir,
    child: Option<Child>,
}

impl Database {
    /// Makes a cluster and starts it. Nothing is spared: what it acknowledges is on disk.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("poundlock-db").tempdir_in("/tmp").unwrap();
        Self::own(folder.path());
        let mut database = Self { folder, child: None };
        let mut make = database.command("initdb");
        make.args(["--username=poundlock", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D"]);
        let made = make.arg(database.folder.path().join("data")).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        database.again();
        database
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://poundlock@{}/postgres", self.folder.path().display().to_string().replace('/', "%2F"))
    }

    /// Starts it on what it left as a standby of nobody: it is read, and takes no writes until it is promoted.
    pub(crate) fn again_as_standby(&mut self) {
        std::fs::write(self.folder.path().join("data/standby.signal"), "").unwrap();
        self.again();
    }

    /// An empty folder that the server may use.
    pub(crate) fn folder_for(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        Self::own(&path);
        path
    }

    /// Gives a folder to whom servers run as.
    pub(crate) fn own(path: &Path) {
        if let Some((user, group)) = account() {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }

    /// Runs one statement as an operator.
    pub(crate) fn sql(&self, sql: &str) {
        let mut psql = self.command("psql");
        psql.args(["-X", "-q", "-U", "poundlock", "-d", "postgres", "-c", sql, "-h"]).arg(self.folder.path());
        let told = psql.output().unwrap();
        assert!(told.status.success(), "{sql}: {}", String::from_utf8_lossy(&told.stderr));
    }

    /// The Unix socket on which it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Starts it on what it left, and waits until it takes connections.
    pub(crate) fn again(&mut self) {
        // What a killed server shared with its children is held until the last of them is gone.
        for _ in 0..50 {
            let mut child = self.serve().spawn().unwrap();
            let mut said = BufReader::new(child.stderr.take().unwrap());
            let (mut line, mut all) = (String::new(), String::new());
            while said.read_line(&mut line).unwrap() > 0 {
                if line.contains("ready to accept") {
                    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
                    self.child = Some(child);
                    return;
                }
                all.push_str(&std::mem::take(&mut line));
            }
            child.wait().unwrap();
            assert!(all.contains("in use") || all.contains("already exists"), "{all}");
        }
        panic!("the database does not start again");
    }

    /// SIGKILL to it and its children: nothing is flushed or said.
    pub(crate) fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let children = children(Pid::from_child(&child).as_raw_nonzero().get());
        let _ = child.kill();
        for pid in children {
            // One that ended by itself meanwhile is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
        child.wait().unwrap();
    }

    /// SIGSTOP to it and its children, or SIGCONT: connections stay, also new ones are taken by the system, and nothing
    /// is answered.
    pub(crate) fn freeze(&self, frozen: bool) {
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        let parent = Pid::from_child(self.child.as_ref().unwrap());
        // The parent first: while it is stopped it starts no more children.
        kill_process(parent, signal).unwrap();
        for child in children(parent.as_raw_nonzero().get()) {
            // One that ended by itself meanwhile is as good.
            let _ = kill_process(child, signal);
        }
    }

    /// A shutdown in order that does not wait for clients.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        child.wait().unwrap();
    }

    fn serve(&self) -> Command {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path());
        for setting in ["listen_addresses=", "fsync=on", "synchronous_commit=on", "max_connections=60", "lc_messages=C"]
        {
            command.args(["-c", setting]);
        }
        command
    }

    fn command(&self, program: &str) -> Command {
        let mut command = postgres_program(program);
        command.current_dir(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

/// The processes that a server has started.
fn children(of: i32) -> Vec<Pid> {
    let listed = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    listed.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap()).collect()
}

impl Drop for Database {
    fn drop(&mut self) {
        self.kill();
    }
}
