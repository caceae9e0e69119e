//! Reads the Rust sources as lines, functions and files, for the rules and for the proofs.
//! Knows rustfmt's layout, which the tests hold, and no more of the language than that.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The folders that hold Rust of ours.
const FOLDERS: [&str; 4] = ["crates", "xtask", "fuzz", "benches"];

/// One source file.
pub struct File {
    /// Relative to the top, with `/`.
    pub path: String,
    pub lines: Vec<String>,
    /// The line, counted from 0, where tests inside the file begin; the number of lines if there are none.
    tests_from: usize,
}

/// One function as it stands in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// Counted from 1, as editors do.
    pub line: usize,
    pub lines: usize,
    /// Under `#[test]` or an attribute that ends so, as `#[tokio::test]`, or inside `proptest!` or `on_both!`.
    pub test: bool,
    /// The documentation and attributes above it.
    pub above: String,
}

/// Every Rust file of the project, by path.
pub fn all(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        for path in below(&root.join(folder), "rs")? {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.push(File::new(&relative(root, &path), &text));
        }
    }
    mark_test_modules(&mut files);
    Ok(files)
}

/// A file that is a module only under `cfg(test)` tests as a whole, and so does all below it.
fn mark_test_modules(files: &mut [File]) {
    let modules: Vec<String> = files.iter().flat_map(File::test_modules).collect();
    let is_below = |path: &str, module: &String| {
        path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    };
    for file in files {
        if modules.iter().any(|module| is_below(&file.path, module)) {
            file.tests_from = 0;
        }
    }
}

/// Every file below a folder with this ending, without build output; none if there is no such folder.
pub fn below(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() && entry.file_name() != "target" && entry.file_name() != "node_modules" {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The path from the top, with `/`.
pub fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

impl File {
    pub fn new(path: &str, text: &str) -> File {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let tests_from = if is_test_path(path) { 0 } else { tests_from(&lines) };
        File { path: path.to_owned(), lines, tests_from }
    }

    /// Modules in files of their own that exist only in tests, as paths without ending.
    fn test_modules(&self) -> Vec<String> {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let beside = if matches!(name, "lib" | "main" | "mod") { folder } else { stem };
        let pairs = self.lines.iter().zip(self.lines.iter().skip(1));
        let tests = pairs.filter(|(line, _)| line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(any(test,"));
        let declared = tests.filter_map(|(_, next)| next.strip_suffix(';')?.split_once("mod "));
        declared.map(|(_, module)| format!("{beside}/{module}")).collect()
    }

    /// Lines that run in production.
    pub fn source(&self) -> &[String] {
        self.lines.get(..self.tests_from).unwrap_or_default()
    }

    /// Lines that only test.
    pub fn tests(&self) -> &[String] {
        self.lines.get(self.tests_from..).unwrap_or_default()
    }

    /// Whether a line, counted from 1, only tests.
    pub fn is_test(&self, line: usize) -> bool {
        line > self.tests_from
    }

    /// The lines with code in them, counted from 1: no comments, no empty ones.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.lines.iter().enumerate().map(|(index, line)| (index + 1, line.as_str()));
        numbered.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
    }

    /// Every function that has a body.
    pub fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let Some(name) = function_name(line) else { continue };
            let Some(length) = self.length(index) else { continue };
            let above = self.above(index);
            let marked = above.lines().any(|line| line.trim().ends_with("test]") || line.contains("::test("));
            let test = marked || self.in_block(index, "proptest! {") || self.is_case(index);
            found.push(Function { name: name.to_owned(), line: index + 1, lines: length, test, above });
        }
        found
    }

    /// From the line with `fn` to the closing brace at the same indent; none for a mere declaration.
    fn length(&self, start: usize) -> Option<usize> {
        let first = self.lines.get(start)?;
        let indent = first.len() - first.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        for (offset, line) in self.lines.iter().skip(start).enumerate() {
            let declared = line.ends_with(';') && line.len() - line.trim_start().len() <= indent;
            if offset == 0 && (line.ends_with('}') || line.ends_with(';')) {
                return line.ends_with('}').then_some(1);
            }
            if declared {
                return None;
            }
            if *line == end {
                return Some(offset + 1);
            }
        }
        None
    }

    fn above(&self, index: usize) -> String {
        let is_above = |line: &&String| {
            let line = line.trim_start();
            line.starts_with("///") || line.starts_with("#[") || line.starts_with(")]")
        };
        let before = self.lines.get(..index).unwrap_or_default();
        let mut taken: Vec<&str> = before.iter().rev().take_while(is_above).map(String::as_str).collect();
        taken.reverse();
        taken.join("\n")
    }

    /// Whether a line stands inside a macro's block that `opening` begins.
    fn in_block(&self, index: usize, opening: &str) -> bool {
        let before = self.lines.get(..index).unwrap_or_default();
        let opened = before.iter().rposition(|line| line.trim_end().ends_with(opening));
        let Some(opened) = opened else { return false };
        let Some(first) = self.lines.get(opened) else { return false };
        let end = format!("{}}}", " ".repeat(first.len() - first.trim_start().len()));
        !before.iter().skip(opened).any(|line| *line == end)
    }

    /// One body of `on_both!`, which becomes a test on each engine.
    fn is_case(&self, index: usize) -> bool {
        let case = self.lines.get(index).is_some_and(|line| line.starts_with("    async fn "));
        case && self.in_block(index, "on_both! {")
    }
}

/// A folder or file that only tests: `tests/`, `tests.rs`, `…_tests.rs`.
fn is_test_path(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs") || path.starts_with("benches/")
}

fn tests_from(lines: &[String]) -> usize {
    let pairs = lines.iter().zip(lines.iter().skip(1));
    let found = pairs.enumerate().find(|(_, (line, next))| *line == "#[cfg(test)]" && opens_module(next));
    found.map_or(lines.len(), |(index, _)| index)
}

fn opens_module(line: &str) -> bool {
    line.contains("mod ") && line.ends_with('{')
}

fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if rest.starts_with("//") {
        return None;
    }
    if let Some(after) = rest.strip_prefix("pub(") {
        rest = after.split_once(") ")?.1;
    }
    for word in ["pub ", "const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let rest = rest.strip_prefix("fn ")?;
    let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
