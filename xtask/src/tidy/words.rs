//! Rules about single lines: what stands at the top of a file and which words stand nowhere.

use super::{Finding, Tree};
use crate::source::File;

/// Written in two parts, or this file would be its own first finding.
const DEBTS: [&str; 6] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK"), "todo!", "unimplemented!"];

const SQL: [&str; 3] = ["SELECT ", "INSERT INTO", "DELETE FROM"];

/// Each file says first what it is for.
pub(super) fn header(tree: &Tree) -> Vec<Finding> {
    let silent = |file: &&File| !file.lines.first().is_some_and(|line| line.starts_with("//!"));
    tree.files.iter().filter(silent).map(|file| at(&file.path, 1, "does not open with //!")).collect()
}

/// No mark of unfinished work, in code or comment.
pub(super) fn debts(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().flat_map(|file| numbered(&file.path, file.lines.iter().map(String::as_str)));
    let others = tree.others.iter().flat_map(|(path, text)| numbered(path, text.lines()));
    let mut findings = Vec::new();
    for (path, line, text) in sources.chain(others) {
        // The list itself names two of them as they are.
        let listed = path == "xtask/src/tidy/words.rs" || path == "Cargo.toml";
        let found = DEBTS.iter().find(|word| has_word(text, word));
        findings.extend(found.filter(|_| !listed).map(|word| at(path, line, &format!("says {word}"))));
    }
    findings
}

/// SQL stands in one crate.
pub(super) fn sql(tree: &Tree) -> Vec<Finding> {
    // An integration test may damage rows behind the server's back, which no statement of the store would do.
    let outside = |file: &&File| {
        file.path.starts_with("crates/")
            && !file.path.starts_with("crates/store/")
            && !file.path.contains("/tests/all/")
    };
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(outside) {
        for (line, text) in file.code() {
            if SQL.iter().any(|word| text.contains(word)) || updates(text) {
                findings.push(at(&file.path, line, "holds SQL"));
            }
        }
    }
    findings
}

/// `UPDATE name SET`, where `SET` may stand on the next line; the word alone is only spoken of.
fn updates(text: &str) -> bool {
    let Some((_, after)) = text.split_once("UPDATE ") else { return false };
    let after = after.trim_start().trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
    let rest = after.trim_start();
    rest.starts_with("SET") || rest.is_empty() || rest.starts_with('\\')
}

/// No test waits for time to pass.
pub(super) fn sleep(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (line, text) in file.code().filter(|(line, _)| file.is_test(*line)) {
            if calls_sleep(text) && !file.path.starts_with("xtask/src/tidy/") {
                findings.push(at(&file.path, line, "sleeps in a test"));
            }
        }
    }
    let scripts = tree.others.iter().filter(|(path, _)| path.starts_with("tests/") || path == "docs/demo.sh");
    for (path, line, text) in scripts.flat_map(|(path, text)| numbered(path, text.lines())) {
        if calls_sleep(text) || text.trim_start().starts_with("sleep ") || text.contains("; sleep ") {
            findings.push(at(path, line, "sleeps in a test"));
        }
    }
    findings
}

fn calls_sleep(text: &str) -> bool {
    text.contains("sleep(") || text.contains("sleep_until(")
}

fn has_word(text: &str, word: &str) -> bool {
    let ends = |letter: Option<char>| !letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    text.match_indices(word).any(|(start, _)| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let after = text.get(start + word.len()..).and_then(|after| after.chars().next());
        ends(before) && (word.ends_with('!') || ends(after))
    })
}

fn numbered<'a>(
    path: &'a str,
    lines: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = (&'a str, usize, &'a str)> {
    lines.zip(1..).map(move |(text, line)| (path, line, text))
}

fn at(path: &str, line: usize, what: &str) -> Finding {
    Finding { place: format!("{path}:{line}"), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::{places, tree};
    use super::*;

    #[test]
    fn a_file_without_a_header_is_found() {
        let tree = tree(&[("a.rs", "//! For this.\n"), ("b.rs", "use x;\n//! Late.\n"), ("c.rs", "")]);
        assert_eq!(places(&header(&tree)), ["b.rs:1", "c.rs:1"]);
    }

    #[test]
    fn debts_are_found_in_code_comments_and_scripts() {
        let text = format!("//! A.\n// {}: later\n{}(\"x\")\nlet {}_list = 1;\n", DEBTS[0], DEBTS[4], DEBTS[0]);
        let mut tree = tree(&[("a.rs", &text)]);
        tree.others.push(("x.sh".into(), format!("true\n# {} this", DEBTS[1])));
        tree.others.push(("y.sh".into(), "mktemp name.XXXXXX".into()));
        assert_eq!(places(&debts(&tree)), ["a.rs:2", "a.rs:3", "x.sh:2"]);
    }

    #[test]
    fn sql_is_found_outside_the_store_only() {
        let text = "//! A.\n// SELECT is only spoken of\nlet a = \"SELECT id FROM t\";\nlet b = \"UPDATE t SET x = 1\";\n\
                    let c = \"UPDATE t\nlet d = \"the guarded UPDATE would not fit\";\n";
        let spared =
            ["crates/store/src/a.rs", "crates/server/tests/all/a.rs", "xtask/src/a.rs"].map(|path| (path, text));
        let tree = tree(&[("crates/server/src/a.rs", text), spared[0], spared[1], spared[2]]);
        assert_eq!(places(&sql(&tree)), [3, 4, 5].map(|line| format!("crates/server/src/a.rs:{line}")));
    }

    #[test]
    fn sleeping_is_found_in_tests_only() {
        let text =
            "//! A.\nfn job() {\n    sleep(TICK).await;\n}\n#[cfg(test)]\nmod tests {\n    sleep(TICK).await;\n}\n";
        let mut tree = tree(&[("crates/a/src/a.rs", text)]);
        tree.others.push(("docs/demo.sh".into(), "true\nsleep 1\n".into()));
        tree.others.push(("deploy/run.sh".into(), "sleep 1\n".into()));
        tree.others.push(("tests/judges/a.py".into(), "time.sleep(1)\n".into()));
        assert_eq!(places(&sleep(&tree)), ["crates/a/src/a.rs:7", "docs/demo.sh:2", "tests/judges/a.py:1"]);
    }
}
