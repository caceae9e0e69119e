//! `cargo xtask bench` and `cargo xtask timing`: builds what is measured as a user gets it, and lets the program in
//! `benches/` measure. Never measures anything itself, and depends on nothing that it builds.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::process;

/// The goals that need a peer beside us.
const SQLX_GOAL: &str = "6";
const NODE_GOAL: &str = "11";

/// What was asked for on the command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    quick: bool,
    goals: Vec<String>,
}

/// Measures the goals; true when all of them are met. A whole run writes `docs/performance.md`, a part of one only prints.
pub fn run(words: &[String]) -> Result<bool> {
    let asked = Asked::parse(words)?;
    let root = crate::root()?;
    let mut measure = program(&root, "goals", asked.quick)?;
    if asked.wants(SQLX_GOAL) {
        measure.arg("--sqlx").arg(sqlx(&root)?);
    }
    if asked.wants(NODE_GOAL)
        && let Some(folder) = oidc_provider(&root)?
    {
        measure.arg("--oidc").arg(folder);
    }
    for goal in &asked.goals {
        measure.args(["--goal", goal]);
    }
    if asked.goals.is_empty() {
        measure.arg("--out").arg(root.join("docs/performance.md"));
    }
    Ok(process::stream(&mut measure)?.ok)
}

/// Measures the timing of refused logins and writes `docs/timing.md`; true when no difference was seen.
pub fn timing(words: &[String]) -> Result<bool> {
    let asked = Asked::parse(words)?;
    if !asked.goals.is_empty() {
        bail!("timing has no goals to choose from");
    }
    let root = crate::root()?;
    let mut measure = program(&root, "timing", asked.quick)?;
    measure.arg("--out").arg(root.join("docs/timing.md"));
    Ok(process::stream(&mut measure)?.ok)
}

/// Measures what grows with the number of users and writes `docs/growth.md`; true when all of it is met. With sizes of one's
/// own it only prints.
pub fn grow(words: &[String]) -> Result<bool> {
    let sizes: Vec<&String> = words.iter().filter(|word| *word != "--quick").collect();
    if let Some(size) = sizes.iter().find(|size| size.parse::<usize>().is_err()) {
        bail!("{size} is no number of users");
    }
    let root = crate::root()?;
    let quick = words.iter().any(|word| word == "--quick");
    let mut measure = program(&root, "growth", quick)?;
    for size in &sizes {
        measure.args(["--size", size]);
    }
    if sizes.is_empty() && !quick {
        measure.arg("--out").arg(root.join("docs/growth.md"));
    }
    Ok(process::stream(&mut measure)?.ok)
}

impl Asked {
    fn parse(words: &[String]) -> Result<Asked> {
        let mut asked = Asked::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => asked.quick = true,
                "--goal" => {
                    let numbers = words.next().context("--goal needs a number, or several with commas")?;
                    asked.goals.extend(numbers.split(',').map(str::to_owned));
                }
                other => bail!("{other} is not known here; try --quick or --goal N"),
            }
        }
        match asked.goals.iter().find(|goal| goal.parse::<u8>().is_err()) {
            Some(goal) => bail!("{goal} is not the number of a goal"),
            None => Ok(asked),
        }
    }

    fn wants(&self, goal: &str) -> bool {
        self.goals.is_empty() || self.goals.iter().any(|wanted| wanted == goal)
    }
}

/// Builds the server and the measuring program, each by itself: built together, what one asks of a shared dependency
/// would be built into the other.
fn program(root: &Path, word: &str, quick: bool) -> Result<Command> {
    release(root, &["build", "--release", "--package", "poundlock"])?;
    release(root, &["build", "--release", "--package", "poundlock-bench"])?;
    let target = target(root);
    let mut command = Command::new(target.join("release/poundlock-bench"));
    command.current_dir(root).arg(word);
    command.arg("--server").arg(shipped(&target)?);
    command.arg("--work").arg(target.join("bench"));
    if quick {
        command.arg("--quick");
    }
    Ok(command)
}

/// The server's binary under a name of its own, so that a build meanwhile does not replace what is measured.
fn shipped(target: &Path) -> Result<PathBuf> {
    let measured = target.join("bench/poundlock");
    fs::create_dir_all(target.join("bench"))?;
    fs::copy(target.join("release/poundlock"), &measured).context("the release binary is not there")?;
    Ok(measured)
}

fn release(root: &Path, words: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ran = process::stream(Command::new(cargo).current_dir(root).args(words))?;
    if ran.ok { Ok(()) } else { bail!("cargo {} failed", words.join(" ")) }
}

/// The peer that `sqlx` makes, in a workspace and a target folder of its own.
fn sqlx(root: &Path) -> Result<PathBuf> {
    let target = target(root).join("peers");
    let folder = target.to_str().context("the target folder's name is no text")?;
    let manifest = "benches/peers/Cargo.toml";
    release(root, &["build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", folder])?;
    Ok(target.join("release/poundlock-peers"))
}

/// The peer on Node with its modules installed as its lock file names them; nothing where there is no Node.
fn oidc_provider(root: &Path) -> Result<Option<PathBuf>> {
    if !process::present("npm") || !process::present("node") {
        println!("node and npm are not here: goal 11 is measured without its yardstick");
        return Ok(None);
    }
    let (source, folder) = (root.join("benches/peers/oidc-provider"), target(root).join("tools/oidc-provider"));
    fs::create_dir_all(&folder)?;
    let lock = fs::read(source.join("package-lock.json")).context("the peer's lock file")?;
    let installed = fs::read(folder.join("package-lock.json")).is_ok_and(|there| there == lock);
    for name in ["package.json", "package-lock.json", "server.mjs"] {
        fs::copy(source.join(name), folder.join(name)).with_context(|| name.to_owned())?;
    }
    if !installed || !folder.join("node_modules").is_dir() {
        let mut install = Command::new("npm");
        process::must(install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder))?;
    }
    Ok(Some(folder))
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Asked> {
        Asked::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn goals_are_chosen_one_by_one_or_with_commas() {
        let some = asked("--goal 4,11 --quick --goal 2").unwrap();
        assert!(some.quick && some.wants("4") && some.wants("11") && some.wants("2") && !some.wants("6"));
        let all = asked("").unwrap();
        assert!(!all.quick && all.wants(SQLX_GOAL) && all.wants(NODE_GOAL));
    }

    #[test]
    fn unknown_words_are_refused() {
        for text in ["--goal", "--goal x", "--goal 4,", "--all", "4"] {
            assert!(asked(text).is_err(), "{text}");
        }
        assert!(timing(&["--goal".to_owned(), "4".to_owned()]).is_err());
        assert!(grow(&["many".to_owned()]).is_err());
    }
}
