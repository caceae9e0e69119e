//! `cargo xtask storm NAME`: what takes too long for every run of the tests. Runs it with the binary as users get it, and
//! writes the result into its own section of `docs/storm.md`. Never lets a failed storm overwrite what was written.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{postgres, process};

const PAGE: &str = "docs/storm.md";

const HEAD: &str = "# Storms\n\nWritten by `cargo xtask storm`, one section by each run. What each does stands in \
                    `xtask/src/storm.rs` and in the tests that it runs.\n";

/// What `storm crash` was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Crash {
    rounds: u32,
    seed: u32,
    stores: Vec<&'static str>,
}

/// Runs the storm that `words` name; true when it passed.
pub fn run(words: &[String]) -> Result<bool> {
    match words.split_first() {
        Some((name, rest)) if name == "crash" => crash(&Crash::parse(rest)?),
        _ => bail!("name a storm: crash [--rounds N] [--seed N] [--store sqlite|postgres]"),
    }
}

impl Crash {
    fn parse(words: &[String]) -> Result<Crash> {
        let mut asked = Crash { rounds: 1000, seed: 1, stores: Vec::new() };
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value"))?;
            match (word, value) {
                ("--rounds", number) => asked.rounds = number.parse().context("--rounds needs a number")?,
                ("--seed", number) => asked.seed = number.parse().context("--seed needs a number")?,
                ("--store", "sqlite") => asked.stores.push("sqlite"),
                ("--store", "postgres") => asked.stores.push("postgres"),
                _ => bail!("{word} {value} is not known here; try --rounds N, --seed N or --store sqlite|postgres"),
            }
        }
        if asked.stores.is_empty() {
            asked.stores = vec!["sqlite", "postgres"];
        }
        Ok(asked)
    }
}

/// `kill -9` under write load: the test that CI runs with twenty rounds, with as many as asked for.
fn crash(asked: &Crash) -> Result<bool> {
    let root = crate::root()?;
    let binary = shipped(&root)?;
    let mut passed = true;
    for store in &asked.stores {
        let mut test = cargo(&root);
        test.args(["test", "--package", "poundlock", "--test", "all", "--", "--nocapture", "--exact"]);
        test.arg(format!("process::storm::aud_07_thr_06_killed_under_load_{store}_keeps_every_promise"));
        test.env("POUNDLOCK_CRASH_BINARY", &binary).env_remove(postgres::VARIABLE);
        test.env("POUNDLOCK_CRASH_ROUNDS", asked.rounds.to_string());
        test.env("POUNDLOCK_CRASH_SEED", asked.seed.to_string());
        let ran = process::stream(&mut test)?;
        match ran.lines.iter().find_map(|line| line.strip_prefix("storm: ")) {
            Some(result) if ran.ok => write(&root, &format!("crash, {store}"), result)?,
            _ => passed = false,
        }
    }
    Ok(passed)
}

/// The server without what is compiled in for tests, under a name of its own: a build meanwhile does not replace it.
fn shipped(root: &Path) -> Result<PathBuf> {
    let built = process::stream(cargo(root).args(["build", "--package", "poundlock"]))?;
    if !built.ok {
        bail!("the server does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let binary = target.join("storm/poundlock");
    fs::create_dir_all(target.join("storm"))?;
    fs::copy(target.join("debug/poundlock"), &binary).context("the server is not where cargo puts it")?;
    Ok(binary)
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

fn write(root: &Path, section: &str, result: &str) -> Result<()> {
    let page = root.join(PAGE);
    let before = fs::read_to_string(&page).unwrap_or_else(|_| HEAD.to_owned());
    fs::write(&page, replaced(&before, section, result)).with_context(|| page.display().to_string())
}

/// The page with this section in the place of the old one, or at its end.
fn replaced(page: &str, section: &str, text: &str) -> String {
    let heading = format!("\n## {section}\n");
    let new = format!("{heading}\n{text}\n");
    let Some(at) = page.find(&heading) else { return format!("{page}{new}") };
    let (before, rest) = page.split_at(at);
    let after = rest[heading.len()..].find("\n## ").map_or("", |end| &rest[heading.len() + end..]);
    format!("{before}{new}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn both_stores_and_a_thousand_rounds_unless_told_otherwise() {
        assert_eq!(Crash::parse(&[]).unwrap(), Crash { rounds: 1000, seed: 1, stores: vec!["sqlite", "postgres"] });
        assert_eq!(
            Crash::parse(&words("--rounds 7 --store postgres --seed 3")).unwrap(),
            Crash { rounds: 7, seed: 3, stores: vec!["postgres"] }
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in ["--rounds", "--rounds many", "--store mysql", "--loud yes"] {
            assert!(Crash::parse(&words(line)).is_err(), "{line}");
        }
        assert!(run(&words("rain")).is_err());
    }

    #[test]
    fn a_section_replaces_its_own_alone() {
        let page = replaced(&replaced(HEAD, "a", "one"), "b", "two");
        assert_eq!(page, format!("{HEAD}\n## a\n\none\n\n## b\n\ntwo\n"));
        assert_eq!(replaced(&page, "a", "three"), format!("{HEAD}\n## a\n\nthree\n\n## b\n\ntwo\n"));
        assert_eq!(replaced(&page, "b", "three"), format!("{HEAD}\n## a\n\none\n\n## b\n\nthree\n"));
    }
}
