//! Builds the cargo commands that test: nextest where it is present, else the standard harness.
//! Never decides what is tested; the stages and the sabotage patches do.

use std::{ffi::OsString, fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{
    process::{self, Ran},
    summary::{self, Counts},
};

/// How tests are run in one tree.
pub struct Runner {
    pub nextest: bool,
    /// `package/testing` for every crate that has that feature.
    pub features: Vec<String>,
}

impl Runner {
    /// Looks at what is installed and which crates have a `testing` feature.
    pub fn detect(root: &Path) -> Result<Runner> {
        let nextest = process::present("cargo-nextest");
        Ok(Runner { nextest, features: testing_features(root)? })
    }

    /// Runs tests; `selection` is the words after the subcommand.
    pub fn test(&self, tree: &Tree<'_>, selection: &[&str]) -> Result<(Ran, Counts)> {
        let mut command = tree.cargo();
        if self.nextest {
            command.args(["nextest", "run", "--no-fail-fast"]);
        } else {
            command.args(["test", "--no-fail-fast"]);
        }
        command.args(selection);
        finish(tree, command, self.nextest)
    }

    /// Runs documentation tests, which only the standard harness knows.
    pub fn doc(&self, tree: &Tree<'_>, selection: &[&str]) -> Result<(Ran, Counts)> {
        let mut command = tree.cargo();
        command.args(["test", "--doc", "--no-fail-fast"]).args(selection);
        finish(tree, command, false)
    }

    /// Builds what `test` would run, and runs nothing.
    pub fn build(&self, tree: &Tree<'_>, selection: &[&str]) -> Result<Ran> {
        let mut command = tree.cargo();
        command.args(["test", "--no-run"]).args(selection);
        tree.run(&mut command)
    }

    /// The words that select one package, with its own `testing` feature if it has one.
    pub fn package(&self, name: &str) -> Vec<String> {
        let mut words = vec!["--package".to_owned(), name.to_owned()];
        let feature = format!("{name}/testing");
        if self.features.contains(&feature) {
            words.extend(["--features".to_owned(), feature]);
        }
        words
    }

    /// The feature words for a command over the whole workspace.
    pub fn workspace(&self) -> Vec<String> {
        let mut words = vec!["--workspace".to_owned()];
        if !self.features.is_empty() {
            words.push("--features".to_owned());
            words.push(self.features.join(","));
        }
        words
    }
}

/// A tree to run cargo in, with what its tests find in their environment.
pub struct Tree<'a> {
    pub root: &'a Path,
    pub environment: &'a [(String, OsString)],
    /// Whether what programs print is shown as it comes.
    pub echo: bool,
}

impl Tree<'_> {
    /// A cargo command in this tree.
    pub fn cargo(&self) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.env("CARGO_TERM_COLOR", "never");
        command
    }

    /// Runs one of these commands.
    pub fn run(&self, command: &mut Command) -> Result<Ran> {
        if self.echo { process::stream(command) } else { process::quiet(command) }
    }

    /// Any command in this tree.
    pub fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(self.root);
        for (name, value) in self.environment {
            command.env(name, value);
        }
        command
    }
}

fn finish(tree: &Tree<'_>, mut command: Command, nextest: bool) -> Result<(Ran, Counts)> {
    let ran = tree.run(&mut command)?;
    let counts = if nextest { summary::nextest(&ran.lines) } else { summary::harness(&ran.lines) };
    Ok((ran, counts))
}

/// Adds a failure when the program failed but printed none, as on a compile error.
pub fn honest(ran: &Ran, mut counts: Counts) -> Counts {
    if !ran.ok && counts.failed == 0 {
        counts += Counts::FAIL;
    }
    counts
}

fn testing_features(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join("crates")).context("no folder crates/")? {
        let manifest = entry?.path().join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&manifest) else { continue };
        found.extend(testing_feature(&text).with_context(|| manifest.display().to_string())?);
    }
    found.sort();
    Ok(found)
}

fn testing_feature(manifest: &str) -> Result<Option<String>> {
    let table: toml::Table = manifest.parse()?;
    let has = table.get("features").and_then(|features| features.get("testing")).is_some();
    let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    Ok(name.filter(|_| has).map(|name| format!("{name}/testing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_testing_feature_of_a_manifest() {
        let with = "[package]\nname = \"a\"\n[features]\ntesting = []";
        let without = "[package]\nname = \"a\"\n[features]\nother = []";
        assert_eq!(testing_feature(with).unwrap().as_deref(), Some("a/testing"));
        assert_eq!(testing_feature(without).unwrap(), None);
        assert!(testing_feature("not [ toml").is_err());
    }

    #[test]
    fn a_compile_error_counts_as_one_failure() {
        let broken = Ran { ok: false, lines: vec!["error: could not compile".into()] };
        assert_eq!(honest(&broken, Counts::default()), Counts::FAIL);
        assert_eq!(honest(&broken, Counts { passed: 2, failed: 1 }), Counts { passed: 2, failed: 1 });
        let fine = Ran { ok: true, lines: Vec::new() };
        assert_eq!(honest(&fine, Counts { passed: 2, failed: 0 }), Counts { passed: 2, failed: 0 });
    }

    #[test]
    fn features_are_passed_once_for_the_workspace() {
        let runner = Runner { nextest: false, features: vec!["a/testing".into(), "b/testing".into()] };
        assert_eq!(runner.workspace(), ["--workspace", "--features", "a/testing,b/testing"]);
        let bare = Runner { nextest: false, features: Vec::new() };
        assert_eq!(bare.workspace(), ["--workspace"]);
        assert_eq!(runner.package("a"), ["--package", "a", "--features", "a/testing"]);
        assert_eq!(runner.package("c"), ["--package", "c"]);
    }
}
