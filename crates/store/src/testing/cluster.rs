//! A PostgreSQL primary and its synchronous standby, started by a test and for it alone: to be killed, frozen and
//! promoted. Unix sockets only; both end with the value.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use super::program::{account, postgres_program};

/// The name under which the primary waits for its standby.
const STANDBY: &str = "standby";

/// Two servers. The primary acknowledges what the standby has.
pub struct Cluster {
    // Before the folder, so that the servers end before what they stand on goes.
    primary: Server,
    standby: Server,
    folder: TempDir,
}

/// A server, ended with this.
struct Server(Child);

impl Cluster {
    /// Makes both, and returns when the primary waits for the standby.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("plk-").expect("a temporary folder");
        let of = account();
        if let Some((user, group)) = of {
            chown(folder.path(), Some(user), Some(group)).expect("the folder of the server's user");
        }
        for number in ["s1", "s2"] {
            let sockets = folder.path().join(number);
            std::fs::create_dir(&sockets).expect("a folder for sockets");
            if let Some((user, group)) = of {
                chown(&sockets, Some(user), Some(group)).expect("the folder of the server's user");
            }
        }
        let (one, two) = (folder.path().join("1"), folder.path().join("2"));
        must(
            postgres_program("initdb")
                .args(["--username=poundlock", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
                .arg("-D")
                .arg(&one),
        );
        let primary = serve(folder.path(), "1", &["-c", "synchronous_standby_names=standby"]);
        must(
            postgres_program("pg_basebackup")
                .args(["-U", "poundlock", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-h"])
                .arg(folder.path().join("s1"))
                .arg("-D")
                .arg(&two),
        );
        let standby = serve(folder.path(), "2", &["-c", "cluster_name=standby"]);
        let cluster = Self { primary, standby, folder };
        let at_primary = cluster.at(1).await;
        let waits =
            format!("SELECT 1 FROM pg_stat_replication WHERE application_name = '{STANDBY}' AND sync_state = 'sync'");
        while at_primary.query(&waits, &[]).await.expect("the primary answers").is_empty() {
            tokio::task::yield_now().await;
        }
        cluster
    }

    /// The address of both, as an operator writes it.
    #[must_use]
    pub fn url(&self) -> String {
        let host =
            |number: &str| self.folder.path().join(format!("s{number}")).display().to_string().replace('/', "%2F");
        format!("postgres://poundlock@{},{}/postgres", host("1"), host("2"))
    }

    /// A session of an operator on the primary, 1, or the standby, 2.
    pub async fn at(&self, number: u32) -> Client {
        let host = self.folder.path().join(format!("s{number}"));
        let config = format!("host={} user=poundlock dbname=postgres", host.display());
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.expect("a server of the cluster");
        tokio::spawn(connection);
        client
    }

    /// Kills the primary: nothing is finished, flushed or said.
    pub fn kill_primary(&mut self) {
        self.primary.0.kill().expect("the primary runs");
        self.primary.0.wait().expect("the primary ends");
    }

    /// Makes the standby the primary.
    pub fn promote(&self) {
        must(postgres_program("pg_ctl").args(["promote", "-w", "-D"]).arg(self.folder.path().join("2")));
    }

    /// Stops the standby from receiving, or lets it go on: to the primary it looks slow, not gone.
    pub async fn freeze_standby(&self, frozen: bool) {
        // Asked of the system and not of the standby, which would wait for the frozen process to say what it does.
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let receiver =
            children(self.standby.0.id()).find(|pid| says(*pid, "walreceiver")).expect("the standby receives");
        must(Command::new("kill").args([signal, &receiver.to_string()]));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGQUIT ends the server's own processes, too; what is on its disk is thrown away.
        if let Ok(None) = self.0.try_wait() {
            drop(Command::new("kill").args(["-QUIT", &self.0.id().to_string()]).status());
            drop(self.0.wait());
        }
    }
}

/// The processes that a server has started.
fn children(of: u32) -> impl Iterator<Item = u32> {
    let all = std::fs::read_dir("/proc").expect("the processes of this machine").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(move |pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // `pid (name) state parent …`, and the name may hold anything.
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok()) == Some(of)
    })
}

fn says(pid: u32, word: &str) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(word))
}

fn must(command: &mut Command) {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Starts a server, and returns when it takes connections.
fn serve(folder: &Path, number: &str, more: &[&str]) -> Server {
    let mut command = postgres_program("postgres");
    command.arg("-D").arg(folder.join(number)).arg("-k").arg(folder.join(format!("s{number}"))).args(more);
    for setting in ["listen_addresses=", "fsync=off", "max_connections=100", "lc_messages=C"] {
        command.args(["-c", setting]);
    }
    let mut server = Server(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts"));
    let mut said = BufReader::new(server.0.stderr.take().expect("its words"));
    let mut words = String::new();
    while !words.contains("ready to accept") {
        let more = said.read_line(&mut words).expect("its words");
        assert_ne!(more, 0, "the server ended before it was ready: {words}");
    }
    // Kept empty, so that a full pipe never holds the server up.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    server
}
