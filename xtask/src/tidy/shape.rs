//! Rules about size: files, functions and the weight of tests. The ratchets may shrink and never grow.

use super::{Finding, RECORDS, Tree};
use crate::source::{File, Function};

const FILE_LINES_MAX: usize = 500;
const FILE_LINES_HABIT: usize = 300;
const FUNCTION_LINES_MAX: usize = 70;
const FUNCTION_LINES_HABIT: usize = 26;
/// How far a recorded file may shrink before its record must follow.
const SLACK: usize = 20;

/// No file over the limit, tests included.
pub(super) fn file_length(tree: &Tree) -> Vec<Finding> {
    let over = |file: &&File| file.lines.len() > FILE_LINES_MAX;
    tree.files.iter().filter(over).map(|file| long(file, FILE_LINES_MAX)).collect()
}

/// Files over the habit are recorded, and their records are true.
pub(super) fn long_files(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let lines = file.lines.len();
        let recorded = tree.records.figures.long_files.get(&file.path).copied();
        if lines > FILE_LINES_HABIT && recorded.is_none_or(|most| lines > most) {
            findings.push(long(file, recorded.unwrap_or(FILE_LINES_HABIT)));
        }
        if let Some(most) = recorded.filter(|most| lines <= FILE_LINES_HABIT || lines + SLACK < *most) {
            findings.push(stale(&file.path, &format!("has {lines} lines now; {RECORDS} still says {most}")));
        }
    }
    for path in tree.records.figures.long_files.keys() {
        if !tree.files.iter().any(|file| file.path == *path) {
            findings.push(stale(path, &format!("is gone; take it out of {RECORDS}")));
        }
    }
    findings
}

/// No function over the limit, tests included.
pub(super) fn function_length(tree: &Tree) -> Vec<Finding> {
    let all = tree.files.iter().flat_map(|file| file.functions().into_iter().map(move |one| (file, one)));
    all.filter(|(_, one)| one.lines > FUNCTION_LINES_MAX).map(|(file, one)| function(file, &one)).collect()
}

/// The share of longer functions in source stays under its record.
pub(super) fn function_share(tree: &Tree) -> Vec<Finding> {
    let (count, longer) = longer_functions(tree);
    if longer.len() * 1000 <= tree.records.figures.functions_over_26_lines_permille * count {
        return Vec::new();
    }
    let allowed = tree.records.figures.functions_over_26_lines_permille;
    let what =
        format!("{} of {count} functions have over {FUNCTION_LINES_HABIT} lines; {allowed} in 1000 may", longer.len());
    let mut findings = vec![stale(RECORDS, &what)];
    findings.extend(longer.iter().take(12).map(|(file, one)| function(file, one)));
    findings
}

/// How many functions of source there are, and the longer ones, longest first.
pub(super) fn longer_functions(tree: &Tree) -> (usize, Vec<(&File, Function)>) {
    let mut count = 0;
    let mut longer = Vec::new();
    for file in &tree.files {
        for one in file.functions().into_iter().filter(|one| !file.is_test(one.line)) {
            count += 1;
            if one.lines > FUNCTION_LINES_HABIT {
                longer.push((file, one));
            }
        }
    }
    longer.sort_by_key(|(_, one)| std::cmp::Reverse(one.lines));
    (count, longer)
}

/// In what ships, as many lines test as run. Only code counts: documentation must never be a burden here.
pub(super) fn test_lines(tree: &Tree) -> Vec<Finding> {
    let code = |test: bool| -> usize {
        let shipped = tree.files.iter().filter(|file| file.path.starts_with("crates/"));
        shipped.map(|file| file.code().filter(|(line, _)| file.is_test(*line) == test).count()).sum()
    };
    let (source, tests) = (code(false), code(true));
    let what = format!("{tests} lines of tests for {source} lines of source");
    if tests < source { vec![stale("crates", &what)] } else { Vec::new() }
}

fn long(file: &File, most: usize) -> Finding {
    Finding {
        place: format!("{}:{}", file.path, most + 1),
        what: format!("has {} lines; {most} may be", file.lines.len()),
    }
}

fn function(file: &File, one: &Function) -> Finding {
    Finding { place: format!("{}:{}", file.path, one.line), what: format!("{} has {} lines", one.name, one.lines) }
}

fn stale(place: &str, what: &str) -> Finding {
    Finding { place: place.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::{places, tree};
    use super::*;

    fn lines(count: usize) -> String {
        "//! x\n".repeat(count)
    }

    fn function_of(count: usize) -> String {
        format!("fn one() {{\n{}}}\n", "    x();\n".repeat(count - 2))
    }

    #[test]
    fn files_over_the_limit_are_found() {
        let tree = tree(&[("a.rs", &lines(500)), ("b.rs", &lines(501))]);
        assert_eq!(places(&file_length(&tree)), ["b.rs:501"]);
    }

    #[test]
    fn a_longer_file_must_be_recorded_and_may_not_grow() {
        let mut tree = tree(&[("a.rs", &lines(300)), ("b.rs", &lines(301)), ("c.rs", &lines(350))]);
        assert_eq!(places(&long_files(&tree)), ["b.rs:301", "c.rs:301"]);
        tree.records.figures.long_files = [("b.rs".to_owned(), 301), ("c.rs".to_owned(), 349)].into();
        assert_eq!(places(&long_files(&tree)), ["c.rs:350"]);
    }

    #[test]
    fn a_record_follows_when_its_file_shrinks_or_goes() {
        let mut tree = tree(&[("a.rs", &lines(300)), ("b.rs", &lines(320)), ("c.rs", &lines(320))]);
        let records = [("a.rs", 310), ("b.rs", 340), ("c.rs", 341), ("gone.rs", 400)];
        tree.records.figures.long_files = records.map(|(path, most)| (path.to_owned(), most)).into();
        assert_eq!(places(&long_files(&tree)), ["a.rs", "c.rs", "gone.rs"]);
    }

    #[test]
    fn functions_over_the_limit_are_found_in_tests_too() {
        let tree = tree(&[("a.rs", &function_of(70)), ("crates/a/tests/b.rs", &function_of(71))]);
        assert_eq!(places(&function_length(&tree)), ["crates/a/tests/b.rs:1"]);
    }

    #[test]
    fn the_share_of_longer_functions_is_held() {
        let mut tree =
            tree(&[("a.rs", &function_of(26)), ("b.rs", &function_of(27)), ("c/tests/d.rs", &function_of(60))]);
        tree.records.figures.functions_over_26_lines_permille = 500;
        assert!(function_share(&tree).is_empty());
        tree.records.figures.functions_over_26_lines_permille = 499;
        assert_eq!(places(&function_share(&tree)), [RECORDS, "b.rs:1"]);
    }

    #[test]
    fn tests_weigh_as_much_as_source() {
        let code = |count: usize| "x();\n".repeat(count);
        let documented = format!("{}{}", lines(50), code(9));
        assert!(test_lines(&tree(&[("crates/a.rs", &documented), ("crates/tests/b.rs", &code(9))])).is_empty());
        assert_eq!(test_lines(&tree(&[("crates/a.rs", &code(10)), ("crates/tests/b.rs", &code(9))])).len(), 1);
    }
}
