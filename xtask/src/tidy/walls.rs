//! Rules about who may know what: edges between crates, hidden technology, secrets and proofs.

use super::{Finding, RECORDS, Tree};
use crate::source::File;

/// The whole of what one crate of ours may use of another.
const ALLOWED: [(&str, &[&str]); 5] = [
    ("server", &["store", "core", "verify", "attack"]),
    ("store", &["core"]),
    ("core", &["verify"]),
    ("attack", &["verify"]),
    ("verify", &[]),
];

/// What a crate must not use, because another hides it or because it must not do I/O. Optional is allowed.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    ("verify", &["tokio", "reqwest", "hyper", "axum", "tower", "rusqlite", "tokio-postgres"]),
    ("core", &["tokio", "reqwest", "hyper", "axum", "tower", "rusqlite", "tokio-postgres", "rustix", "rand", "jiff"]),
    ("store", &["axum", "hyper", "reqwest", "clap"]),
    ("server", &["rusqlite", "tokio-postgres", "deadpool-postgres"]),
    ("attack", &["axum", "rusqlite", "tokio-postgres"]),
];

/// Words that only I/O, a clock or concurrency needs.
const IO: [&str; 14] = [
    "std::fs",
    "std::process",
    "std::env",
    "std::thread",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "async fn",
    ".await",
    "SystemTime",
    "Instant::now",
    "println!",
    "tokio::",
];

/// What only the flows may ask.
const DECIDING: [&str; 3] = ["guard", "policy", "login"];

/// Nothing upward, nothing across.
pub(super) fn edges(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (folder, manifest) in &tree.manifests {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == folder) else {
            findings.push(at(&manifest_of(folder), "is a crate that ALLOWED in tidy/walls.rs does not know"));
            continue;
        };
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for name in dependencies(manifest, table).map(|(name, _)| name) {
                let ours = if name == "poundlock" { Some("server") } else { name.strip_prefix("poundlock-") };
                if let Some(ours) = ours.filter(|ours| ours != folder && !allowed.contains(ours)) {
                    findings.push(at(
                        &manifest_of(folder),
                        &format!("[{table}] names {name}; {folder} may not use {ours}"),
                    ));
                }
            }
        }
    }
    findings
}

/// Technology stays in the crate that hides it.
pub(super) fn technology(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (folder, forbidden) in FORBIDDEN {
        let Some(manifest) = tree.manifests.get(folder) else { continue };
        for (name, entry) in dependencies(manifest, "dependencies") {
            let optional = entry.get("optional").and_then(toml::Value::as_bool).unwrap_or(false);
            if forbidden.contains(&name) && !optional {
                findings.push(at(&manifest_of(folder), &format!("names {name}, which {folder} must not know")));
            }
        }
    }
    findings
}

/// `core` decides by values alone.
pub(super) fn core_io(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.starts_with("crates/core/src/")) {
        for (line, text) in file.code().filter(|(line, _)| !file.is_test(*line)) {
            let found = IO.iter().find(|word| text.contains(**word));
            findings.extend(found.map(|word| on(file, line, &format!("core knows {word}"))));
        }
    }
    findings
}

/// Handlers see no decision.
pub(super) fn http(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.starts_with("crates/server/src/http")) {
        let code: Vec<(usize, &str)> = file.code().collect();
        for (index, (line, text)) in code.iter().enumerate() {
            let Some((_, after)) = text.split_once("poundlock_core::") else { continue };
            // An import in braces may run over several lines, to its semicolon.
            let rest = code.iter().skip(index + 1).map(|(_, text)| *text);
            let whole = std::iter::once(after).chain(rest).collect::<Vec<_>>().join(" ");
            let found = first_names(&whole).into_iter().find(|name| DECIDING.contains(name));
            findings.extend(found.map(|name| on(file, *line, &format!("asks core::{name}"))));
        }
    }
    findings
}

/// The names that directly follow `poundlock_core::`: one, or those in braces.
fn first_names(text: &str) -> Vec<&str> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let Some(inside) = text.trim_start().strip_prefix('{') else {
        return text.split(|letter| !is_name(letter)).take(1).collect();
    };
    let mut names = Vec::new();
    let (mut depth, mut expected) = (1_u32, true);
    for (index, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 1 => expected = true,
            _ if depth == 1 && expected && is_name(letter) => {
                let rest = inside.get(index..).unwrap_or_default();
                names.extend(rest.split(|letter| !is_name(letter)).next());
                expected = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// A proof, grant, right or session is made in the one file that defines it.
pub(super) fn sealed(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, home) in &tree.records.sealed {
        let mut defined = 0;
        for file in tree.files.iter().filter(|file| file.path.starts_with("crates/")) {
            for (line, text) in file.code() {
                let defines = text.contains(&format!("struct {name}"))
                    && !follows_name(text.split_once(&format!("struct {name}")).map_or("", |(_, rest)| rest));
                defined += usize::from(defines && file.path == *home);
                if file.path != *home && (makes(text, name) || defines) {
                    findings.push(on(file, line, &format!("makes or defines {name}, which belongs to {home}")));
                }
            }
        }
        if defined != 1 {
            findings.push(at(home, &format!("defines {name} {defined} times; if it moved, {RECORDS} must follow")));
        }
    }
    findings
}

/// Whether a line builds or takes apart `Name { … }`. A result type before a body looks alike and is none.
fn makes(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name} {{")).any(|(start, _)| {
        let before = text.get(..start).unwrap_or_default();
        let joined = before.chars().next_back().is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        let head = before.trim_end();
        let other = is_result(before)
            || ["struct", "impl", "for", "mod", "trait"].iter().any(|word| head.ends_with(word))
            || (head.ends_with('>') && head.starts_with("impl"));
        !joined && !other && !is_variant(before)
    })
}

/// `-> &'a Grant {` and the like: only a path, a lifetime or a `mut` stand between arrow and name.
fn is_result(before: &str) -> bool {
    let Some((_, between)) = before.rsplit_once("->") else { return false };
    between.chars().all(|letter| letter.is_alphanumeric() || "&' _:".contains(letter))
}

/// `Then::Session {` is a case of an enum: what stands before `::` begins with a capital.
fn is_variant(before: &str) -> bool {
    let Some(path) = before.strip_suffix("::") else { return false };
    let last = path.rsplit(|letter: char| !(letter.is_alphanumeric() || letter == '_')).next().unwrap_or_default();
    last.chars().next().is_some_and(char::is_uppercase)
}

fn follows_name(rest: &str) -> bool {
    rest.chars().next().is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
}

/// The places where a secret is opened are counted.
pub(super) fn reveal(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let count = reveals(file);
        let recorded = tree.records.figures.reveal.get(&file.path).copied().unwrap_or(0);
        if count != recorded {
            findings.push(at(&file.path, &format!("opens {count} secrets; {RECORDS} says {recorded}")));
        }
    }
    for path in tree.records.figures.reveal.keys().filter(|path| !tree.files.iter().any(|file| file.path == **path)) {
        findings.push(at(path, &format!("is gone; take it out of {RECORDS}")));
    }
    findings
}

/// How often the source of a file opens a secret.
pub(super) fn reveals(file: &File) -> usize {
    if !file.path.starts_with("crates/") {
        return 0;
    }
    let source = file.code().filter(|(line, _)| !file.is_test(*line));
    source.map(|(_, text)| text.matches(".reveal").count()).sum()
}

fn dependencies<'a>(manifest: &'a toml::Table, table: &str) -> impl Iterator<Item = (&'a str, &'a toml::Value)> {
    let entries = manifest.get(table).and_then(toml::Value::as_table).into_iter().flatten();
    entries.map(|(name, entry)| (name.as_str(), entry))
}

fn manifest_of(folder: &str) -> String {
    format!("crates/{folder}/Cargo.toml")
}

fn at(place: &str, what: &str) -> Finding {
    Finding { place: place.to_owned(), what: what.to_owned() }
}

fn on(file: &File, line: usize, what: &str) -> Finding {
    at(&format!("{}:{line}", file.path), what)
}

#[cfg(test)]
mod tests;
