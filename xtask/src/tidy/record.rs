//! `cargo xtask tidy`: shows what the rules find; with `--record` writes the present figures as the ratchets.
//! Never touches what is decided by hand: sealed types and exceptions stay as they are.

use std::{collections::BTreeMap, fmt::Write, fs};

use anyhow::{Result, bail};

use super::{RECORDS, RULES, Tree, shape, walls};

/// Everything after this line is written by the command.
const MARK: &str =
    "# Below this line: written by `cargo xtask tidy --record`. A figure that grows must be argued for in review.";

/// True when no rule found anything.
pub fn run(words: &[String]) -> Result<bool> {
    match words {
        [] => Ok(show(&Tree::read()?)),
        [word] if word == "--record" => write().map(|()| true),
        _ => bail!("tidy takes --record or nothing"),
    }
}

fn show(tree: &Tree) -> bool {
    let mut clean = true;
    for rule in &RULES {
        let findings = (rule.find)(tree);
        clean &= findings.is_empty();
        if !findings.is_empty() {
            println!("{}: {}", rule.name, rule.remedy);
        }
        for finding in findings {
            println!("  {finding}");
        }
    }
    clean
}

fn write() -> Result<()> {
    let path = crate::root()?.join(RECORDS);
    let text = fs::read_to_string(&path)?;
    let kept = by_hand(&text).ok_or_else(|| anyhow::anyhow!("{RECORDS} has lost its mark line"))?;
    fs::write(path, format!("{kept}{MARK}\n{}", figures(&Tree::read()?)))?;
    Ok(())
}

fn by_hand(text: &str) -> Option<&str> {
    text.split_once(MARK).map(|(kept, _)| kept)
}

fn figures(tree: &Tree) -> String {
    let long: BTreeMap<&str, usize> = tree
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.lines.len()))
        .filter(|(_, lines)| *lines > 300)
        .collect();
    let reveals: BTreeMap<&str, usize> = tree
        .files
        .iter()
        .map(|file| (file.path.as_str(), walls::reveals(file)))
        .filter(|(_, count)| *count > 0)
        .collect();
    let (count, longer) = shape::longer_functions(tree);
    let permille = (longer.len() * 1000).div_ceil(count.max(1));
    let mut text = format!("\n[figures]\nfunctions_over_26_lines_permille = {permille}\n");
    for (name, entries) in [("long_files", long), ("reveal", reveals)] {
        let _ = write!(text, "\n[figures.{name}]\n");
        for (path, value) in entries {
            let _ = writeln!(text, "\"{path}\" = {value}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Records, tree};
    use super::*;

    #[test]
    fn the_figures_read_back_and_satisfy_their_rules() {
        let long = format!("//! A.\nfn one() {{\n{}}}\n", "    x.reveal();\n".repeat(310));
        let mut tree = tree(&[("crates/core/src/a.rs", &long), ("crates/core/src/b.rs", "//! B.\nfn b() {}\n")]);
        assert!(!shape::long_files(&tree).is_empty() && !walls::reveal(&tree).is_empty());
        let records: Records = toml::from_str(&figures(&tree)).unwrap();
        tree.records = records;
        assert!(shape::long_files(&tree).is_empty());
        assert!(walls::reveal(&tree).is_empty());
        assert!(shape::function_share(&tree).is_empty());
        assert_eq!(tree.records.figures.functions_over_26_lines_permille, 500);
    }

    #[test]
    fn what_is_decided_by_hand_is_kept() {
        assert_eq!(by_hand(&format!("[sealed]\nA = \"a.rs\"\n{MARK}\n[figures]\n")), Some("[sealed]\nA = \"a.rs\"\n"));
        assert_eq!(by_hand("[sealed]\n"), None);
    }
}
