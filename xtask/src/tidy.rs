//! The style rules as functions over the tree, each giving what it found.
//! Never reads git: the same tree gives the same findings, whatever its history.

mod lock;
mod record;
mod shape;
mod walls;
mod words;

use std::{collections::BTreeMap, fmt, fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::source::{self, File};

pub use record::run;

/// The ratchets and exceptions, kept in the repository so that a change of them is seen in review.
pub const RECORDS: &str = "xtask/tidy.toml";

/// Something a rule does not allow, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `path:line`, or a path alone.
    pub place: String,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.what)
    }
}

/// A rule: its name, what to do when it speaks, and how it looks.
pub struct Rule {
    pub name: &'static str,
    pub remedy: &'static str,
    pub find: fn(&Tree) -> Vec<Finding>,
}

/// Every rule. `xtask/tests/tidy.rs` has one test for each.
pub const RULES: [Rule; 17] = [
    Rule { name: "header", remedy: "open it with //!: what it is for, what it must never do", find: words::header },
    Rule { name: "debts", remedy: "do it now, or file an issue and leave no mark in the code", find: words::debts },
    Rule { name: "sql", remedy: "move the statement to crates/store/src/<noun>.rs", find: words::sql },
    Rule { name: "sleep", remedy: "wait for an event or move the test's clock", find: words::sleep },
    Rule { name: "file_length", remedy: "split the file by noun, tests into foo/tests.rs", find: shape::file_length },
    Rule { name: "long_files", remedy: "split it, or record it with a reason in the commit", find: shape::long_files },
    Rule { name: "function_length", remedy: "split it where a name suggests itself", find: shape::function_length },
    Rule {
        name: "function_share",
        remedy: "shorten the ones listed; under 26 lines is the habit",
        find: shape::function_share,
    },
    Rule { name: "test_lines", remedy: "write the missing tests", find: shape::test_lines },
    Rule {
        name: "edges",
        remedy: "a crate may use only what DESIGN allows: see ALLOWED in tidy/walls.rs",
        find: walls::edges,
    },
    Rule {
        name: "technology",
        remedy: "ask the crate that hides it, or make it an optional feature",
        find: walls::technology,
    },
    Rule { name: "core_io", remedy: "take it as a parameter; core only decides", find: walls::core_io },
    Rule { name: "http", remedy: "let flow decide and re-export the step it answers with", find: walls::http },
    Rule {
        name: "sealed",
        remedy: "make it only in the file that defines it, by its check function",
        find: walls::sealed,
    },
    Rule {
        name: "reveal",
        remedy: "pass the Secret on; if it must be opened here, record the new count",
        find: walls::reveal,
    },
    Rule {
        name: "lock",
        remedy: "choose what DEPENDENCIES names instead, or record the exception with its reason",
        find: lock::bans,
    },
    Rule { name: "floors", remedy: "cargo update -p NAME", find: lock::floors },
];

/// What the rules look at.
pub struct Tree {
    pub files: Vec<File>,
    /// Manifests of the crates, by folder name.
    pub manifests: BTreeMap<String, toml::Table>,
    /// Scripts, settings and the like: path and text.
    pub others: Vec<(String, String)>,
    pub lock: String,
    pub records: Records,
}

/// `xtask/tidy.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// Types that one file alone may make, and that file.
    pub sealed: BTreeMap<String, String>,
    /// Banned packages that may stand in the lock file after all.
    pub lock: BTreeMap<String, Exception>,
    pub figures: Figures,
}

/// The ratchets.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Figures {
    /// Of 1000 functions of source, how many may have over 26 lines.
    pub functions_over_26_lines_permille: usize,
    /// Files over 300 lines and how many they have.
    pub long_files: BTreeMap<String, usize>,
    /// How often each file opens a secret.
    pub reveal: BTreeMap<String, usize>,
}

/// Why a banned package is in the lock file, and by whom alone it may be named there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub through: Vec<String>,
    pub reason: String,
}

impl Tree {
    /// Reads the tree this crate was built from.
    pub fn read() -> Result<Tree> {
        let root = crate::root()?;
        let text = |name: &str| fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
        let mut manifests = BTreeMap::new();
        for entry in fs::read_dir(root.join("crates"))? {
            let folder = entry?.path();
            if let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) {
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                manifests.insert(name, text.parse()?);
            }
        }
        let records = toml::from_str(&text(RECORDS)?).context(RECORDS)?;
        let others = others(&root)?;
        Ok(Tree { files: source::all(&root)?, manifests, others, lock: text("Cargo.lock")?, records })
    }
}

fn others(root: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for ending in ["sh", "toml", "yml", "py", "mjs", "js", "sql", "html", "css"] {
        for path in source::below(root, ending)? {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            found.push((source::relative(root, &path), text));
        }
    }
    Ok(found)
}

/// A tree of given files, for the tests of the rules.
#[cfg(test)]
fn tree(files: &[(&str, &str)]) -> Tree {
    Tree {
        files: files.iter().map(|(path, text)| File::new(path, text)).collect(),
        manifests: BTreeMap::new(),
        others: Vec::new(),
        lock: String::new(),
        records: Records::default(),
    }
}

/// Where the findings are.
#[cfg(test)]
fn places(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.place.as_str()).collect()
}
