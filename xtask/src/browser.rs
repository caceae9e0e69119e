//! Drives a real browser over the pages: the scripts of `tests/browser`, each with a server of its own.
//! Never gives a script anything but the paths of the server's binary, the browser, and a folder for pictures.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, anyhow, bail};

use crate::{judges, process, runner::Tree, runner::honest, summary, summary::Counts, tools, tools::Tools};

const FOLDER: &str = "tests/browser";

const AT_ONCE: usize = 3;

/// Where the pictures of the pages go.
pub const SHOTS: &str = "target/shots";

/// Runs every script; each prints how many of its tests passed, in the words of the standard harness.
pub fn run(tree: &Tree<'_>, binary: &Path) -> Result<Counts> {
    let from = tree.root.join(FOLDER);
    let scripts = judges::judges(&from)?;
    if scripts.is_empty() {
        bail!("{FOLDER} holds no script");
    }
    let browser =
        tools::browser(process::present).context("no Chromium here; on Debian, as root: apt-get install chromium")?;
    let folder = Tools::of(tree.root).scripts(&from)?;
    let shots = tree.root.join(SHOTS);
    fs::create_dir_all(&shots)?;
    let command = |name: &OsStr| {
        let mut command = tree.command("node");
        command.arg("--test-reporter=./_reporter.mjs").arg(name).current_dir(&folder);
        command.env("POUNDLOCK", binary).env("BROWSER", browser).env("SHOTS", &shots);
        command
    };
    let names: Vec<OsString> = scripts.iter().filter_map(|script| script.file_name()).map(OsStr::to_owned).collect();
    at_once(&names, |name| process::quiet(&mut command(name)))
}

/// Takes the scripts off one list, [`AT_ONCE`] of them side by side: a script mostly waits for its browser. What one
/// prints stays together.
fn at_once(names: &[OsString], work: impl Fn(&OsStr) -> Result<process::Ran> + Sync) -> Result<Counts> {
    let waiting = Mutex::new(names.iter());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || -> Result<Counts> {
        let mut total = Counts::default();
        while let Some(name) = next() {
            let ran = work(name)?;
            println!("{}\n{}", name.to_string_lossy(), ran.tail(usize::MAX));
            total += counted(&ran);
        }
        Ok(total)
    };
    let mut total = Counts::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            total += worker.join().map_err(|_| anyhow!("the driver of a script died"))??;
        }
        Ok(total)
    })
}

/// The tests of one script. One that says nothing of any test has failed: it died, or it proves nothing.
fn counted(ran: &process::Ran) -> Counts {
    match honest(ran, summary::harness(&ran.lines)) {
        Counts { passed: 0, failed: 0 } => Counts::FAIL,
        counts => counts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(ok: bool, lines: &[&str]) -> process::Ran {
        process::Ran { ok, lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    #[test]
    fn a_script_counts_what_it_says() {
        let said = ["ok     signs in", "test result: FAILED. 3 passed; 1 failed;"];
        assert_eq!(counted(&ran(false, &said)), Counts { passed: 3, failed: 1 });
    }

    #[test]
    fn a_script_that_died_or_tested_nothing_has_failed() {
        assert_eq!(counted(&ran(true, &[])), Counts::FAIL);
        assert_eq!(counted(&ran(false, &["Error: no browser"])), Counts::FAIL);
        assert_eq!(counted(&ran(true, &["test result: ok. 0 passed; 0 failed;"])), Counts::FAIL);
        assert_eq!(counted(&ran(false, &["test result: ok. 3 passed; 0 failed;"])), Counts { passed: 3, failed: 1 });
    }

    #[test]
    fn every_script_is_driven_once_and_none_is_lost() {
        let names: Vec<OsString> = ["a", "b", "c", "d", "e"].map(OsString::from).into();
        let driven = Mutex::new(Vec::new());
        let counts = at_once(&names, |name| {
            driven.lock().unwrap().push(name.to_owned());
            let broken = name == "c";
            let said = if broken { "Error: no browser" } else { "test result: ok. 2 passed; 0 failed;" };
            Ok(ran(!broken, &[said]))
        });
        assert_eq!(counts.unwrap(), Counts { passed: 8, failed: 1 });
        let mut driven = driven.into_inner().unwrap();
        driven.sort();
        assert_eq!(driven, names);
        assert!(at_once(&names, |_| anyhow::bail!("no node here")).is_err());
    }
}
