//! `cargo xtask test`: every check of the project, stage by stage.
//! Never skips: a stage whose input is missing has failed.

use std::{ffi::OsString, fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::{
    browser, fuzz, judges,
    postgres::{self, Postgres},
    process,
    runner::{Runner, Tree, honest},
    ship, stage,
    summary::Counts,
    tools::Tools,
};

type Work = fn(&mut Bench) -> Result<Counts>;

/// In the order they run: cheap and telling first.
const STAGES: [(&str, &str, Work); 14] = [
    ("tools", "what the checks need is installed", tools),
    ("fmt", "the code is formatted", fmt),
    ("clippy", "no lint speaks, all targets", clippy),
    ("lint-deploy", "what ships is linted, and what cannot be is named", lint_deploy),
    ("postgres", "a throwaway PostgreSQL starts", start_postgres),
    ("unit", "tests beside the code, all crates", unit),
    ("integration", "tests of whole crates, style rules included", integration),
    ("otel", "traces reach a collector, with the feature on", traces),
    ("nodes", "the HTTP suite once more, each server a pair of nodes on PostgreSQL", nodes),
    ("doc", "examples in the documentation, good and refused", doc),
    ("demo", "docs/demo.sh with the built binary", demo),
    ("judges", "programs in other languages agree with us", outside_judges),
    ("browser", "a real Chromium on the pages, and pictures of them", drive_browser),
    ("fuzz", "30 s of search in each parser, two at once", search),
];

/// What the stages share.
struct Bench {
    root: PathBuf,
    runner: Runner,
    environment: Vec<(String, OsString)>,
    postgres: Option<Postgres>,
    /// Whether this run comes to the search, whose binary is built while the stages before it wait for others.
    searches: bool,
    cover: Option<fuzz::Build>,
}

/// Runs the stages that `words` name, or all. True when nothing failed.
pub fn run(words: &[String]) -> Result<bool> {
    let Some(chosen) = chosen(words)? else {
        for (name, about, _) in STAGES {
            println!("{name:<12} {about}");
        }
        return Ok(true);
    };
    let root = crate::root()?;
    fs::create_dir_all(root.join("target"))?;
    let runner = Runner::detect(&root)?;
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|wanted| wanted == name);
    let searches = wanted("fuzz");
    let mut bench = Bench { root, runner, environment: Vec::new(), postgres: None, searches, cover: None };
    let mut reports = Vec::new();
    for (name, _, work) in STAGES {
        if wanted(name) {
            reports.push(stage::run(name, || work(&mut bench)));
        }
    }
    drop(bench);
    let (text, total) = stage::summary(&reports);
    println!("{text}");
    Ok(total.failed == 0)
}

/// The stages named on the command line; none named means all, and `None` means to list them.
fn chosen(words: &[String]) -> Result<Option<Vec<String>>> {
    let mut chosen = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--list" => return Ok(None),
            "--stage" => {
                let name = words.next().context("--stage needs a name; --list shows them")?;
                if !STAGES.iter().any(|(known, _, _)| known == name) {
                    bail!("there is no stage {name}; --list shows them");
                }
                chosen.push(name.clone());
            }
            other => bail!("{other} is not known here; try --stage NAME or --list"),
        }
    }
    Ok(Some(chosen))
}

impl Bench {
    fn tree(&self) -> Tree<'_> {
        Tree { root: &self.root, environment: &self.environment, echo: true }
    }

    fn cargo(&self, words: &[&str]) -> Result<Counts> {
        let ran = process::stream(self.tree().cargo().args(words))?;
        Ok(Counts::one(ran.ok))
    }

    /// Starts the server unless it runs or the caller named one of their own.
    fn with_postgres(&mut self) -> Result<()> {
        if self.postgres.is_none() && std::env::var_os(postgres::VARIABLE).is_none() {
            let server = Postgres::start(&self.root.join("target/postgres.log"))?;
            self.environment.push((postgres::VARIABLE.to_owned(), server.url.clone().into()));
            self.postgres = Some(server);
        }
        Ok(())
    }

    fn tests(&mut self, selection: &[&str]) -> Result<Counts> {
        self.with_postgres()?;
        let workspace = self.runner.workspace();
        let words: Vec<&str> = workspace.iter().map(String::as_str).chain(selection.iter().copied()).collect();
        let (ran, counts) = self.runner.test(&self.tree(), &words)?;
        Ok(honest(&ran, counts))
    }
}

fn tools(bench: &mut Bench) -> Result<Counts> {
    Tools::of(&bench.root).install()
}

fn fmt(bench: &mut Bench) -> Result<Counts> {
    bench.cargo(&["fmt", "--all", "--check"])
}

fn clippy(bench: &mut Bench) -> Result<Counts> {
    let workspace = bench.runner.workspace();
    let mut words: Vec<&str> = vec!["clippy", "--quiet"];
    words.extend(workspace.iter().map(String::as_str));
    words.extend(["--all-targets", "--", "-D", "warnings"]);
    bench.cargo(&words)
}

fn lint_deploy(bench: &mut Bench) -> Result<Counts> {
    ship::lint(&bench.root)
}

fn start_postgres(bench: &mut Bench) -> Result<Counts> {
    bench.with_postgres()?;
    Ok(Counts::PASS)
}

fn unit(bench: &mut Bench) -> Result<Counts> {
    bench.tests(&["--lib", "--bins"])
}

fn integration(bench: &mut Bench) -> Result<Counts> {
    bench.tests(&["--test", "*"])
}

/// The one feature that is off in every other stage.
fn traces(bench: &mut Bench) -> Result<Counts> {
    let words = ["--package", "poundlock", "--features", "poundlock/testing,otel", "--test", "all", "process::otel"];
    let (ran, counts) = bench.runner.test(&bench.tree(), &words)?;
    if ran.ok && counts.passed == 0 {
        bail!("no test of traces ran");
    }
    Ok(honest(&ran, counts))
}

/// Every HTTP test that runs on PostgreSQL, with requests going to two nodes by turns.
fn nodes(bench: &mut Bench) -> Result<Counts> {
    bench.with_postgres()?;
    let mut environment = bench.environment.clone();
    environment.push(("POUNDLOCK_TEST_NODES".to_owned(), "2".into()));
    let tree = Tree { root: &bench.root, environment: &environment, echo: true };
    let package = bench.runner.package("poundlock");
    let words: Vec<&str> = package.iter().map(String::as_str).chain(["--test", "all", "::postgres"]).collect();
    let (ran, counts) = bench.runner.test(&tree, &words)?;
    Ok(honest(&ran, counts))
}

fn doc(bench: &mut Bench) -> Result<Counts> {
    let workspace = bench.runner.workspace();
    let words: Vec<&str> = workspace.iter().map(String::as_str).collect();
    let (ran, counts) = bench.runner.doc(&bench.tree(), &words)?;
    Ok(honest(&ran, counts))
}

fn demo(bench: &mut Bench) -> Result<Counts> {
    let binary = built_binary(bench)?;
    if bench.searches {
        bench.cover = Some(fuzz::Build::begin(&bench.root));
    }
    let script = bench.root.join("docs/demo.sh");
    if !script.is_file() {
        bail!("docs/demo.sh is missing");
    }
    let ran = process::stream(bench.tree().command("bash").arg(script).env("POUNDLOCK", binary))?;
    Ok(Counts::one(ran.ok))
}

fn outside_judges(bench: &mut Bench) -> Result<Counts> {
    let binary = built_binary(bench)?;
    judges::run(&bench.tree(), &binary)
}

fn drive_browser(bench: &mut Bench) -> Result<Counts> {
    let binary = built_binary(bench)?;
    browser::run(&bench.tree(), &binary)
}

fn search(bench: &mut Bench) -> Result<Counts> {
    let build = bench.cover.take().unwrap_or_else(|| fuzz::Build::begin(&bench.root));
    fuzz::search(&bench.root, &fuzz::Wish::STAGE, build)
}

/// The server as a user gets it: built without the features that only tests need.
fn built_binary(bench: &mut Bench) -> Result<PathBuf> {
    bench.with_postgres()?;
    if bench.cargo(&["build", "--quiet", "--package", "poundlock"])? != Counts::PASS {
        bail!("the server does not build");
    }
    Ok(bench.root.join("target/debug/poundlock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn no_words_mean_every_stage() {
        assert_eq!(chosen(&[]).unwrap(), Some(Vec::new()));
    }

    #[test]
    fn stages_are_chosen_by_name() {
        assert_eq!(chosen(&words("--stage fmt --stage doc")).unwrap(), Some(words("fmt doc")));
        assert_eq!(chosen(&words("--list")).unwrap(), None);
    }

    #[test]
    fn unknown_words_are_refused() {
        for text in ["--stage", "--stage nonsense", "fmt", "--all"] {
            assert!(chosen(&words(text)).is_err(), "{text}");
        }
    }
}
