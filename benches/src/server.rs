//! The release binary as a user runs it: started, asked until it is ready, told to end. Each place is a throwaway folder
//! with a master key of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_store::{Options, Store, StoreUrl, key};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::clock::{monotonic_nanos, pause, seconds_since, wall};
use crate::http::Connection;
use crate::random::SystemRng;
use crate::world::World;

/// A start that takes longer has failed. In seconds.
const START_DEADLINE: f64 = 30.0;

/// Where one server lives.
pub(crate) struct Place {
    binary: PathBuf,
    data: TempDir,
    /// Apart from the data: a socket's path must be short.
    socket: TempDir,
    master: MasterKey,
}

/// A process that is ended with this.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start to the first good answer.
    pub(crate) ready_seconds: f64,
}

impl Place {
    /// An empty folder below `work`.
    pub(crate) fn new(binary: &Path, work: &Path) -> Result<Self> {
        std::fs::create_dir_all(work).with_context(|| format!("cannot make {}", work.display()))?;
        Ok(Self {
            binary: binary.to_owned(),
            data: TempDir::new_in(work)?,
            socket: TempDir::new()?,
            master: MasterKey::random(&SystemRng::new()),
        })
    }

    /// Starts `serve` and waits until it is ready.
    pub(crate) fn serve(&self) -> Result<Running> {
        let address = free_address()?;
        let mut command = self.command("serve", address);
        command.env("POUNDLOCK_MASTER_KEY", self.master.to_hex().as_str());
        Running::start(&mut command, address, "/health/ready")
    }

    /// The same behind a proxy on this machine, which may speak for other addresses.
    pub(crate) fn serve_behind_a_proxy(&self) -> Result<Running> {
        let address = free_address()?;
        let mut command = self.command("serve", address);
        command.env("POUNDLOCK_MASTER_KEY", self.master.to_hex().as_str());
        command.env("POUNDLOCK_LISTEN__BEHIND", r#"["127.0.0.1/32"]"#);
        Running::start(&mut command, address, "/health/ready")
    }

    /// A command of the binary in this place, in an environment of its own.
    pub(crate) fn command(&self, word: &str, address: SocketAddr) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .env("POUNDLOCK_GUARD__SOURCES__LOOPBACK_UNLIMITED", "true")
            .env("POUNDLOCK_LOG__FILTER", "error")
            .args([word, "--listen", &address.to_string(), "--data"])
            .arg(self.data.path())
            .arg("--admin-socket")
            .arg(self.socket.path().join("a.sock"));
        command
    }

    /// The folder of its data.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Opens the store of this place, which no server has open now, and a world on its keys. A first start makes both.
    pub(crate) fn world(&self) -> Result<(Runtime, Store, World)> {
        if !self.file().exists() {
            self.serve()?.stop()?;
        }
        let runtime = runtime()?;
        let (store, ring) = runtime.block_on(async {
            let store = Store::open(&StoreUrl::sqlite(&self.file()), &Options::default()).await?;
            let ring = Keyring::open(&self.master, &key::data_keys(&store).await?)?;
            anyhow::Ok((store, ring))
        })?;
        Ok((runtime, store, World::new(ring, wall())?))
    }

    /// The file of the store.
    pub(crate) fn file(&self) -> PathBuf {
        self.data.path().join("poundlock.db")
    }
}

impl Running {
    /// Starts `command`, and asks for `path` until it is there.
    pub(crate) fn start(command: &mut Command, address: SocketAddr, path: &str) -> Result<Self> {
        let began = monotonic_nanos();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut running = Self { child, address, ready_seconds: 0.0 };
        while !answers(address, path) {
            if let Some(status) = running.child.try_wait()? {
                bail!("{} ended while it started: {status}", command.get_program().display());
            }
            if seconds_since(began) > START_DEADLINE {
                bail!("{} is not ready after {START_DEADLINE} s", command.get_program().display());
            }
            pause(1);
        }
        running.ready_seconds = seconds_since(began);
        Ok(running)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it end by itself.
    pub(crate) fn stop(mut self) -> Result<()> {
        end(&mut self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already when all went well; after a fault it must not outlive the bench.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks a process to end, and waits for it.
pub(crate) fn end(child: &mut Child) -> Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("no process id")?;
    kill_process(pid, Signal::TERM).map_err(|error| anyhow!("cannot end {pid:?}: {error}"))?;
    child.wait()?;
    Ok(())
}

/// An address on loopback that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// A runtime for what the store asks of one.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn answers(address: SocketAddr, path: &str) -> bool {
    let reply = Connection::open(address).and_then(|mut connection| connection.get(path, None));
    reply.is_ok_and(|reply| reply.status == 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_at_once_is_no_server() {
        let started = Running::start(&mut Command::new("false"), free_address().unwrap(), "/");
        assert!(started.err().unwrap().to_string().contains("ended while it started"));
        assert!(Running::start(&mut Command::new("no-such-program"), free_address().unwrap(), "/").is_err());
    }

    #[test]
    fn a_child_is_ended_by_asking() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        end(&mut child).unwrap();
        assert!(child.try_wait().unwrap().is_some());
    }

    #[test]
    fn nobody_answers_on_a_free_address() {
        assert!(!answers(free_address().unwrap(), "/"));
    }
}
