//! Drives a real browser over the pages: the scripts of `tests/browser`, each with a server of its own.
//! Never gives a script anything but the paths of the server's binary, the browser, and a folder for pictures.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{judges, process, runner::Tree, runner::honest, summary, summary::Counts, tools, tools::Tools};

const FOLDER: &str = "tests/browser";

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
    let mut total = Counts::default();
    for script in scripts {
        let name = script.file_name().unwrap_or_default();
        println!("{}", name.to_string_lossy());
        let mut command = tree.command("node");
        command.arg("--test-reporter=./_reporter.mjs").arg(name).current_dir(&folder);
        command.env("POUNDLOCK", binary).env("BROWSER", browser).env("SHOTS", &shots);
        let ran = process::stream(&mut command)?;
        total += counted(&ran);
    }
    Ok(total)
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
}
