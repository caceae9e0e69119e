//! The programs of PostgreSQL, for tests that start a server of their own.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The newest server installed.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        programs.join("initdb").is_file().then_some((version, programs))
    });
    newest.max().expect("PostgreSQL is installed in /usr/lib/postgresql").1
}

/// Whom servers run as when tests run as root, which PostgreSQL refuses to: user and group.
#[must_use]
pub fn account() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").expect("the accounts of this machine");
    let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut all: Vec<(bool, u32, u32)> = fields
        .filter_map(|of| Some((*of.first()? != "postgres", of.get(2)?.parse().ok()?, of.get(3)?.parse().ok()?)))
        .filter(|(_, user, _)| *user != 0 && *user != 65_534)
        .collect();
    all.sort_unstable();
    all.first().map(|(_, user, group)| (*user, *group))
}

/// A program of PostgreSQL, as the user that it may run as.
#[must_use]
pub fn postgres_program(name: &str) -> Command {
    let program = binaries().join(name);
    let mut command = match account() {
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
            command.arg(program);
            command
        }
        None => Command::new(program),
    };
    command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
    command
}
