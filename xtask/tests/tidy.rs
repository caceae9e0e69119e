//! The style of the tree, held by tests: one for each rule, and for what must not go stale.
//! Never needs the server to build.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};
use xtask::{
    compliance, patch, process,
    requirement::{self, Id},
    sabotage,
    tidy::{RULES, Tree},
};

/// An error with every finding and what to do about them.
fn hold(name: &str) -> Result<()> {
    let rule = RULES.iter().find(|rule| rule.name == name).with_context(|| format!("there is no rule {name}"))?;
    let findings = (rule.find)(&Tree::read()?);
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    ensure!(lines.is_empty(), "{}\nwhat to do: {}", lines.join("\n"), rule.remedy);
    Ok(())
}

macro_rules! rules {
    ($($test:ident: $rule:literal,)*) => {
        $(#[test] fn $test() -> Result<()> { hold($rule) })*

        const BY_NAME: &[&str] = &[$($rule),*];
    };
}

rules! {
    each_file_says_what_it_is_for: "header",
    nothing_is_left_for_later: "debts",
    sql_stands_in_the_store_alone: "sql",
    no_test_sleeps: "sleep",
    no_file_is_over_the_limit: "file_length",
    long_files_do_not_grow: "long_files",
    no_function_is_over_the_limit: "function_length",
    few_functions_are_long: "function_share",
    as_many_lines_test_as_run: "test_lines",
    crates_use_only_what_they_may: "edges",
    technology_stays_where_it_is_hidden: "technology",
    core_does_no_io: "core_io",
    handlers_decide_nothing: "http",
    proofs_are_made_in_one_file_each: "sealed",
    secrets_are_opened_where_recorded: "reveal",
}

/// Every path to a session goes through the one policy (MFA-04): it is asked in the login's steps alone, and a session is
/// opened in one flow alone. ARCHITECTURE names the paths.
#[test]
fn mfa_04_all_paths_pass_one_policy_and_open_sessions_in_one_place() -> Result<()> {
    let asking = |words: &[&str]| -> Result<Vec<String>> {
        let mut files = Vec::new();
        for file in Tree::read()?.files {
            let asks =
                file.code().any(|(line, text)| !file.is_test(line) && words.iter().any(|word| text.contains(word)));
            if asks && file.path.starts_with("crates/") {
                files.push(file.path);
            }
        }
        Ok(files)
    };
    assert_eq!(asking(&["policy::grant"])?, ["crates/core/src/login.rs"]);
    assert_eq!(asking(&["Session::open("])?, ["crates/server/src/flow/session/open.rs"]);
    Ok(())
}

/// Each kind of secret says by its first letters what it is (T-26): two kinds with the same ones would tell neither a
/// reader nor a scanner which leaked.
#[test]
fn t_26_no_two_kinds_of_secret_begin_alike() -> Result<()> {
    let mut seen = std::collections::BTreeMap::new();
    for file in Tree::read()?.files.iter().filter(|file| file.path.starts_with("crates/core/src/")) {
        for (_, text) in file.code() {
            let Some(prefix) = text.trim().strip_prefix("const PREFIX: &str = ") else { continue };
            let before = seen.insert(prefix.to_owned(), file.path.clone());
            ensure!(before.is_none(), "{prefix} is that of {before:?} and of {}", file.path);
        }
    }
    ensure!(seen.len() >= 9, "the prefixes are written in another way now: {seen:?}");
    Ok(())
}

/// The `rsa` package is among the banned: its private-key operations leak by time.
#[test]
fn t_36_key_10_no_banned_package_is_locked() -> Result<()> {
    hold("lock")
}

/// The part that needs no network; the advisories run in the public workflow.
#[test]
fn ops_09_no_version_with_a_known_hole_is_locked() -> Result<()> {
    hold("floors")
}

/// A rule without a test would hold nothing.
#[test]
fn every_rule_has_a_test() {
    for rule in &RULES {
        let tested = BY_NAME.contains(&rule.name) || ["lock", "floors"].contains(&rule.name);
        assert!(tested, "{} has no test in xtask/tests/tidy.rs", rule.name);
    }
}

#[test]
fn the_compliance_report_is_current() {
    let root = xtask::root().unwrap();
    let written = fs::read_to_string(root.join(compliance::REPORT)).unwrap_or_default();
    let current = compliance::generate(&root).unwrap();
    let differing = written.lines().zip(current.lines()).position(|(left, right)| left != right);
    let line = differing.unwrap_or_else(|| written.lines().count().min(current.lines().count())) + 1;
    assert!(written == current, "{}:{line} is stale; run `cargo xtask compliance`", compliance::REPORT);
}

#[test]
fn every_requirement_is_met_open_or_not_applicable() {
    let unproved = compliance::unproved(&xtask::root().unwrap()).unwrap();
    let names: Vec<String> = unproved.iter().map(Id::to_string).collect();
    assert!(names.is_empty(), "no test carries {}; write it, or say in docs/compliance.toml why not", names.join(", "));
}

#[test]
fn every_sabotage_patch_fits_and_names_a_requirement() {
    let root = xtask::root().unwrap();
    let known = requirement::read(&fs::read_to_string(root.join("docs/requirements.md")).unwrap()).unwrap();
    let patches = patch::all(&root).unwrap();
    assert!(!patches.is_empty(), "{} holds no patch", patch::FOLDER);
    for one in &patches {
        assert!(known.iter().any(|line| line.id == one.requirement), "{}: no line {}", one.name, one.requirement);
        let mut check = Command::new("git");
        check.current_dir(&root).args(["apply", "--check", "--whitespace=nowarn"]).arg(&one.file);
        let ran = process::quiet(&mut check).unwrap();
        assert!(ran.ok, "{} does not fit any more: {}", one.file.display(), ran.tail(3));
    }
}

#[test]
fn three_sabotage_patches_of_core_run_with_every_change() {
    let patches = patch::all(&xtask::root().unwrap()).unwrap();
    let short: Vec<&str> = patches.iter().filter(|one| one.ci).map(|one| one.test.package.as_str()).collect();
    assert_eq!(short, ["poundlock-core"; 3], "mark three with `# ci: yes`");
}

#[test]
fn the_sabotage_report_speaks_of_every_patch() {
    let root = xtask::root().unwrap();
    let report = fs::read_to_string(root.join("docs/sabotage.md")).unwrap_or_default();
    let patches = patch::all(&root).unwrap();
    let names: Vec<&str> = patches.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(sabotage::reported(&report), names, "run `cargo xtask sabotage`");
    let unnoticed: Vec<&str> =
        report.lines().filter(|line| line.starts_with("| `") && !line.ends_with("| noticed |")).collect();
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}
