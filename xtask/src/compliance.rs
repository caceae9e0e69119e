//! `cargo xtask compliance`: writes `docs/compliance.md`, one line for each requirement.
//! Never calls a line met without a test that carries its ID.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    evidence::{self, Evidence},
    requirement::{self, AREAS, Id, Requirement},
};

const REQUIREMENTS: &str = "docs/requirements.md";
const NOTES: &str = "docs/compliance.toml";
/// The generated file.
pub const REPORT: &str = "docs/compliance.md";

/// What is said by hand about lines that no test proves.
#[derive(Debug, Default)]
struct Notes {
    not_applicable: BTreeMap<Id, String>,
    open: BTreeMap<Id, String>,
}

enum Status<'a> {
    Met(Vec<&'a str>),
    NotApplicable(&'a str),
    /// What is still to be done and where, and the tests that prove a part of it.
    Open(&'a str, Vec<&'a str>),
    /// Neither proved nor spoken of.
    Unproved,
}

/// Writes the report. True when every line is met, not applicable or open.
pub fn run() -> Result<bool> {
    let root = crate::root()?;
    fs::write(root.join(REPORT), generate(&root)?)?;
    let unproved = unproved(&root)?;
    for id in &unproved {
        println!("{id} has no test, and {NOTES} does not speak of it");
    }
    println!("{REPORT} is written; {} lines are unproved", unproved.len());
    Ok(unproved.is_empty())
}

/// The report as it should be.
pub fn generate(root: &Path) -> Result<String> {
    let (requirements, notes, evidence) = read(root)?;
    Ok(report(&requirements, &notes, &evidence))
}

/// The lines that nothing proves and nobody speaks of.
pub fn unproved(root: &Path) -> Result<Vec<Id>> {
    let (requirements, notes, evidence) = read(root)?;
    let open = requirements.iter().filter(|one| matches!(status(one.id, &notes, &evidence), Status::Unproved));
    Ok(open.map(|one| one.id).collect())
}

fn read(root: &Path) -> Result<(Vec<Requirement>, Notes, Evidence)> {
    let text = |name: &str| fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
    let requirements = requirement::read(&text(REQUIREMENTS)?)?;
    let known: Vec<Id> = requirements.iter().map(|one| one.id).collect();
    let notes = notes(&text(NOTES)?, &known).with_context(|| NOTES.to_owned())?;
    let evidence = evidence::gather(root)?;
    if let Some(id) = evidence.keys().find(|id| !known.contains(id)) {
        bail!("a test carries {id}, which {REQUIREMENTS} does not have: {:?}", evidence.get(id));
    }
    if let Some(id) = notes.not_applicable.keys().find(|id| evidence.contains_key(id)) {
        bail!("{id} is called not applicable in {NOTES}, yet tests prove it: {:?}", evidence.get(id));
    }
    Ok((requirements, notes, evidence))
}

/// Reads `[open]` and `[not-applicable]`: keys are `AREA`, `AREA-NN` or `AREA-NN..MM`, values say where or why.
fn notes(text: &str, known: &[Id]) -> Result<Notes> {
    let table: toml::Table = text.parse()?;
    let mut notes = Notes::default();
    for (name, entries) in &table {
        let target = match name.as_str() {
            "open" => &mut notes.open,
            "not-applicable" => &mut notes.not_applicable,
            other => bail!("there is no table [{other}] here"),
        };
        for (key, value) in entries.as_table().with_context(|| format!("[{name}] is no table"))? {
            let value = value.as_str().filter(|value| !value.is_empty());
            let value = value.with_context(|| format!("{key} needs a sentence"))?;
            let ids = ids(key, known);
            if ids.is_empty() {
                bail!("{key} names no requirement");
            }
            for id in ids {
                if target.insert(id, value.to_owned()).is_some() {
                    bail!("{id} is spoken of twice in [{name}]");
                }
            }
        }
    }
    if let Some(id) = notes.open.keys().find(|id| notes.not_applicable.contains_key(id)) {
        bail!("{id} is called both open and not applicable");
    }
    Ok(notes)
}

fn ids(key: &str, known: &[Id]) -> Vec<Id> {
    let named: Vec<Id> = match key.split_once("..") {
        Some((first, last)) => requirement::range(first, last),
        None if AREAS.contains(&key) => known.iter().copied().filter(|id| id.area() == key).collect(),
        None => Id::parse(key).into_iter().collect(),
    };
    if named.iter().all(|id| known.contains(id)) { named } else { Vec::new() }
}

fn status<'a>(id: Id, notes: &'a Notes, evidence: &'a Evidence) -> Status<'a> {
    let proofs: Vec<&str> = evidence.get(&id).into_iter().flatten().map(String::as_str).collect();
    if let Some(reason) = notes.not_applicable.get(&id) {
        return Status::NotApplicable(reason);
    }
    match notes.open.get(&id) {
        Some(place) => Status::Open(place, proofs),
        None if proofs.is_empty() => Status::Unproved,
        None => Status::Met(proofs),
    }
}

fn report(requirements: &[Requirement], notes: &Notes, evidence: &Evidence) -> String {
    let mut counts = [0_u32; 4];
    let mut body = String::new();
    let mut area = "";
    for Requirement { id, text } in requirements {
        if id.area() != area {
            area = id.area();
            let _ = write!(body, "\n## {area}\n\n| line | demand | status |\n|---|---|---|\n");
        }
        let (slot, said) = cell(&status(*id, notes, evidence));
        if let Some(count) = counts.get_mut(slot) {
            *count += 1;
        }
        let _ = writeln!(body, "| {id} | {} | {said} |", short(text));
    }
    let [met, not_applicable, open, unproved] = counts;
    format!(
        "# Compliance\n\n\
         Written by `cargo xtask compliance` from `{REQUIREMENTS}`, the tests and `{NOTES}`; do not edit.\n\
         A line is met when tests that carry its ID prove it. What is open says which issue brings it.\n\n\
         {met} met, {not_applicable} not applicable, {open} open, {unproved} unproved.\n{body}"
    )
}

fn cell(status: &Status<'_>) -> (usize, String) {
    match status {
        Status::Met(proofs) => (0, format!("met: {}", listed(proofs))),
        Status::NotApplicable(reason) => (1, format!("not applicable: {reason}")),
        Status::Open(place, proofs) if proofs.is_empty() => (2, format!("open: issue {place}")),
        Status::Open(place, proofs) => (2, format!("open: issue {place}; in part: {}", listed(proofs))),
        Status::Unproved => (3, "**unproved**".to_owned()),
    }
}

fn listed(proofs: &[&str]) -> String {
    proofs.iter().map(|proof| format!("`{}`", proof.replace('`', ""))).collect::<Vec<_>>().join("<br>")
}

/// The first words of a demand: enough to know it by, the rest stands in the requirements.
fn short(text: &str) -> String {
    const LETTERS: usize = 90;
    let text = text.replace('|', "/");
    if text.chars().count() <= LETTERS {
        return text;
    }
    let cut: String = text.chars().take(LETTERS).collect();
    format!("{} …", cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole))
}

#[cfg(test)]
mod tests;
