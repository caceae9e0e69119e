//! `cargo xtask fuzz`: searches for inputs that break a body of `fuzz/`, with libFuzzer and coverage. Builds on the
//! stable compiler: the passes are LLVM's own, and no sanitizer is needed where `unsafe` is forbidden.
//!
//! What this must never do: call a target whole that did not run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result, bail};

use crate::{process, summary::Counts};

/// What `cargo fuzz` gives the compiler, less the sanitizer.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Named, so that the flags are for what runs and not for build scripts.
const HOST: &str = if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };
const USAGE: &str = "cargo xtask fuzz [TARGET]... [--seconds N] [--seed N] [--at-once N]";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Wish {
    targets: Vec<String>,
    seconds: u32,
    /// Where the search begins; printed, so that a finding can be found again.
    seed: u32,
    at_once: usize,
}

impl Wish {
    /// What the stage of `cargo xtask test` runs.
    pub const STAGE: Self = Self { targets: Vec::new(), seconds: 30, seed: 1, at_once: 2 };

    fn read(words: &[String]) -> Result<Self> {
        let mut wish = Self::STAGE;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|text| text.parse::<u32>().ok()).context(USAGE);
            match word.as_str() {
                "--seconds" => wish.seconds = number()?,
                "--seed" => wish.seed = number()?,
                "--at-once" => wish.at_once = usize::try_from(number()?)?.max(1),
                other if other.starts_with('-') => bail!("{USAGE}"),
                other => wish.targets.push(other.to_owned()),
            }
        }
        Ok(wish)
    }
}

/// Runs the named targets, or all. True when nothing broke.
pub fn run(words: &[String]) -> Result<bool> {
    let root = crate::root()?;
    let counts = search(&root, &Wish::read(words)?, Build::begin(&root))?;
    Ok(counts.failed == 0)
}

/// The search's binary, while it is built: minutes of work that can go on beside what mostly waits.
pub struct Build(thread::JoinHandle<Result<PathBuf>>);

impl Build {
    /// Begins, and leaves the processors to whoever else wants them.
    pub fn begin(root: &Path) -> Build {
        let root = root.to_path_buf();
        Build(thread::spawn(move || build(&root)))
    }

    fn finished(self) -> Result<PathBuf> {
        self.0.join().map_err(|_| anyhow::anyhow!("the build of the search died"))?
    }
}

/// Searches; one target is one count.
pub fn search(root: &Path, wish: &Wish, build: Build) -> Result<Counts> {
    let binary = build.finished()?;
    let tool = ["run", "--quiet", "--package", "poundlock-fuzz", "--bin", "poundlock-fuzz", "--"];
    process::must(cargo(root).args(tool).args(["seeds", "target/fuzz/corpus"]))?;
    let known = process::must(cargo(root).args(tool).arg("list"))?.lines;
    if let Some(unknown) = wish.targets.iter().find(|name| !known.contains(name)) {
        bail!("there is no target {unknown}; there are {}", known.join(", "));
    }
    let chosen = if wish.targets.is_empty() { &known } else { &wish.targets };
    println!("seed {}, {} s each, {} at once", wish.seed, wish.seconds, wish.at_once);
    let mut counts = Counts::default();
    for some in chosen.chunks(wish.at_once) {
        let running: Vec<_> = some.iter().map(|name| (name, start(root, &binary, name, wish))).collect();
        for (name, thread) in running {
            let ran = thread.join().map_err(|_| anyhow::anyhow!("the run of {name} died"))??;
            counts += told(name, &ran);
        }
    }
    Ok(counts)
}

fn start(root: &Path, binary: &Path, name: &str, wish: &Wish) -> thread::JoinHandle<Result<process::Ran>> {
    let command = command(root, binary, name, wish);
    thread::spawn(move || command.and_then(|mut command| process::quiet(&mut command)))
}

fn told(name: &str, ran: &process::Ran) -> Counts {
    let Some(figures) = figures(&ran.lines).filter(|_| ran.ok) else {
        println!("{name:<14} BROKEN\n{}", ran.tail(40));
        return Counts::FAIL;
    };
    println!("{name:<14} {figures}");
    Counts::PASS
}

fn build(root: &Path) -> Result<PathBuf> {
    let target = root.join("target/cover");
    let words = ["build", "--quiet", "--profile", "fuzz", "--package", "poundlock-fuzz", "--features", "cover"];
    let more = ["--bin", "cover", "--target", HOST, "--target-dir"];
    let mut build = Command::new("nice");
    build.args(["-n", "19"]).arg(cargo(root).get_program()).current_dir(root);
    build.args(words).args(more).arg(&target).env("RUSTFLAGS", FLAGS);
    process::must(&mut build)?;
    Ok(target.join(HOST).join("fuzz/cover"))
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

/// What is found grows in `target/fuzz`; the committed seeds are read and never written.
fn command(root: &Path, binary: &Path, name: &str, wish: &Wish) -> Result<Command> {
    let (grown, broken) = (root.join("target/fuzz/corpus").join(name), root.join("target/fuzz/broken").join(name));
    fs::create_dir_all(&grown)?;
    fs::create_dir_all(&broken)?;
    // A target whose seeds are all made by the program has no folder of committed ones, and the search refuses what is not
    // there.
    let committed = Some(root.join("fuzz/corpus").join(name)).filter(|folder| folder.is_dir());
    let dictionary = root.join("fuzz/dict").join(format!("{name}.dict"));
    let mut command = Command::new(binary);
    command
        .env("POUNDLOCK_FUZZ", name)
        .arg(&grown)
        .args(committed)
        .arg(format!("-max_total_time={}", wish.seconds))
        .arg(format!("-seed={}", wish.seed))
        .arg(format!("-dict={}", dictionary.display()))
        .arg(format!("-artifact_prefix={}/", broken.display()))
        .args(["-timeout=10", "-max_len=8192", "-print_final_stats=1", "-use_value_profile=1"]);
    Ok(command)
}

/// `executions, edges, corpus` out of the last line of the search and its totals.
fn figures(lines: &[String]) -> Option<String> {
    let last = lines.iter().rev().find(|line| line.contains("cov: ") && line.contains("corp: "))?;
    let after = |name: &str| last.split_once(name)?.1.split_whitespace().next();
    let total = lines.iter().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?.trim();
    let (edges, corpus) = (after("cov: ")?, after("corp: ")?.split('/').next()?);
    Some(format!("{total:>10} executions {edges:>6} edges {corpus:>6} inputs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn wishes_are_read() {
        assert_eq!(Wish::read(&[]).unwrap(), Wish::STAGE);
        let wish = Wish::read(&words("jws jwks --seconds 600 --at-once 0")).unwrap();
        assert_eq!(wish, Wish { targets: words("jws jwks"), seconds: 600, at_once: 1, ..Wish::STAGE });
        for bad in ["--seconds", "--seconds x", "--fast"] {
            assert!(Wish::read(&words(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_seeds_that_are_there_are_named() {
        let root = crate::root().unwrap();
        let named = |target: &str| {
            let command = command(&root, Path::new("search"), target, &Wish::STAGE).unwrap();
            command.get_args().filter(|word| Path::new(word).is_dir()).count()
        };
        assert_eq!((named("jws"), named("claims")), (2, 1));
    }

    #[test]
    fn a_run_without_totals_has_no_figures() {
        let line = "#4096\tDONE   cov: 812 ft: 1933 corp: 210/14Kb lim: 8192 exec/s: 136 rss: 60Mb".to_owned();
        let total = "stat::number_of_executed_units: 4096".to_owned();
        assert_eq!(figures(&[line.clone(), total.clone()]).unwrap().split_whitespace().next(), Some("4096"));
        assert!(figures(&[line]).is_none() && figures(&[total]).is_none());
    }
}
