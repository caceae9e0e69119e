//! A throwaway PostgreSQL from the installed binaries: own folder, Unix socket only, own superuser.
//! Never touches a server that was there before, and never outlives this process.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    thread,
};

use anyhow::{Context, Result, anyhow, bail};

use crate::process;

/// Where the tests find the server's URL.
pub const VARIABLE: &str = "POUNDLOCK_TEST_POSTGRES";

const READY: &str = "ready to accept connections";
const FOLDER: &str = "poundlock-pg-";

/// Durable enough to test commit order, not to survive a power cut: the folder is thrown away.
const SETTINGS: [&str; 8] = [
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=on",
    "max_connections=400",
    "shared_buffers=128MB",
    "lc_messages=C",
    "log_min_messages=warning",
];

/// A running server. Dropping it ends the server and removes its folder.
pub struct Postgres {
    child: Child,
    folder: PathBuf,
    pub url: String,
}

impl Postgres {
    /// Makes a cluster and starts a server; returns when it takes connections.
    /// `log` is the file that receives what the server says.
    pub fn start(log: &Path) -> Result<Postgres> {
        let binaries = binaries()?;
        let account = account()?;
        remove_folders_of_the_dead()?;
        let folder = std::env::temp_dir().join(format!("{FOLDER}{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        if let Some(account) = &account {
            chown(&folder, Some(account.user), Some(account.group))?;
        }
        let started = make_cluster(&binaries, account.as_ref(), &folder)
            .and_then(|()| spawn(&binaries, account.as_ref(), &folder))
            .and_then(|child| Postgres { child, url: url(&folder), folder: folder.clone() }.wait_until_ready(log));
        if started.is_err() {
            let _ = fs::remove_dir_all(&folder);
        }
        started
    }

    fn wait_until_ready(mut self, log: &Path) -> Result<Postgres> {
        let stderr = self.child.stderr.take().context("the server has no standard error")?;
        let mut reader = BufReader::new(stderr);
        let mut said = String::new();
        while !said.contains(READY) {
            if reader.read_line(&mut said)? == 0 {
                bail!("the server ended before it was ready:\n{said}");
            }
        }
        let mut file = fs::File::create(log).with_context(|| log.display().to_string())?;
        file.write_all(said.as_bytes())?;
        thread::spawn(move || drain(reader, file));
        Ok(self)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to hang up.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

struct Account {
    name: String,
    user: u32,
    group: u32,
}

fn binaries() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let version = entry.file_name().to_string_lossy().parse::<u32>().ok();
        found.extend(version.map(|version| (version, entry.path().join("bin"))));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path).map(|folder| (0, folder)));
    found.retain(|(_, folder)| folder.join("initdb").is_file() && folder.join("postgres").is_file());
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let newest = found.into_iter().next().map(|(_, folder)| folder);
    newest.context("no PostgreSQL server found in /usr/lib/postgresql or PATH; on Debian: apt-get install postgresql")
}

/// Whom the server runs as: nobody else unless we are root, which PostgreSQL refuses to run as.
fn account() -> Result<Option<Account>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    if !process::present("setpriv") {
        bail!("running as root needs setpriv (Debian package util-linux) to start PostgreSQL as another user");
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    choose_account(&accounts).map(Some).context("no unprivileged user in /etc/passwd")
}

/// `postgres` if there is one, else the lowest ordinary user; `nobody` (65534) owns nothing by right.
fn choose_account(passwd: &str) -> Option<Account> {
    let accounts = passwd.lines().filter_map(account_of).filter(|account| account.user != 0 && account.user != 65534);
    accounts.min_by_key(|account| (account.name != "postgres", account.user))
}

fn account_of(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let user = fields.nth(1)?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Account { name, user, group })
}

/// A command as the server's user. `setpriv` also asks the kernel to end the server when we die,
/// however we die; it must therefore be started from the main thread.
fn unprivileged(account: Option<&Account>, folder: &Path, program: &Path) -> Command {
    let mut command = if process::present("setpriv") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "INT"]);
        if let Some(Account { user, group, .. }) = account {
            command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        }
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn make_cluster(binaries: &Path, account: Option<&Account>, folder: &Path) -> Result<()> {
    let mut command = unprivileged(account, folder, &binaries.join("initdb"));
    command.args(["--username=poundlock", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]);
    process::must(command.arg(folder.join("data"))).map(|_| ())
}

fn spawn(binaries: &Path, account: Option<&Account>, folder: &Path) -> Result<Child> {
    let mut command = unprivileged(account, folder, &binaries.join("postgres"));
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().map_err(|fault| anyhow!("cannot start {}: {fault}", process::shown(&command)))
}

fn url(folder: &Path) -> String {
    format!("postgres://poundlock@{}/postgres", folder.display().to_string().replace('/', "%2F"))
}

fn drain(mut reader: BufReader<ChildStderr>, mut file: fs::File) {
    let _ = std::io::copy(&mut reader, &mut file);
}

/// Folders whose maker was killed before it could clean up.
fn remove_folders_of_the_dead() -> Result<()> {
    for entry in fs::read_dir(std::env::temp_dir())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(maker) = name.strip_prefix(FOLDER) else { continue };
        if maker.parse::<u32>().is_ok() && !Path::new("/proc").join(maker).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n";

    #[test]
    fn prefers_the_postgres_user() {
        let text = format!("{PASSWD}postgres:x:104:107::/var/lib/postgresql:/bin/bash\n");
        let account = choose_account(&text).unwrap();
        assert_eq!((account.name.as_str(), account.user, account.group), ("postgres", 104, 107));
    }

    #[test]
    fn never_chooses_root_or_nobody() {
        assert_eq!(choose_account(PASSWD).unwrap().name, "daemon");
        assert!(choose_account("root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\nbroken line").is_none());
    }

    #[test]
    fn the_url_carries_the_socket_folder_encoded() {
        assert_eq!(url(Path::new("/tmp/a-1")), "postgres://poundlock@%2Ftmp%2Fa-1/postgres");
    }
}
