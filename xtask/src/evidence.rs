//! Finds which tests carry the ID of which requirement.
//! Never counts code that only mentions an ID: a proof is something that the test command runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::Result;

use crate::{
    requirement::{Id, in_name, in_prose},
    source::{self, File},
};

/// The proofs of each requirement, as `path: name`.
pub type Evidence = BTreeMap<Id, BTreeSet<String>>;

/// Reads every test, every example in the documentation, the demo and the judges.
pub fn gather(root: &Path) -> Result<Evidence> {
    let mut evidence = Evidence::new();
    for file in source::all(root)? {
        // The tests of xtask speak of IDs as examples; its style rules do prove some.
        if !file.path.starts_with("xtask/src/") {
            tests(&file, &mut evidence);
            examples(&file, &mut evidence);
        }
    }
    let mut scripts = vec![root.join("docs/demo.sh")];
    scripts.extend(source::below(&root.join("tests/judges"), "py")?);
    scripts.extend(source::below(&root.join("tests/judges"), "mjs")?);
    for script in scripts {
        if let Ok(text) = fs::read_to_string(&script) {
            comments(&source::relative(root, &script), &text, &mut evidence);
        }
    }
    Ok(evidence)
}

fn tests(file: &File, evidence: &mut Evidence) {
    for function in file.functions().into_iter().filter(|function| function.test) {
        let mut ids = in_name(&function.name);
        ids.extend(in_prose(&function.above));
        add(evidence, &ids, &format!("{}: {}", file.path, function.name));
    }
}

/// Blocks of documentation that hold code, which `cargo test --doc` compiles and runs.
fn examples(file: &File, evidence: &mut Evidence) {
    let mut block: Vec<&str> = Vec::new();
    for line in file.lines.iter().map(|line| line.trim_start()).chain([""]) {
        if line.starts_with("///") || line.starts_with("//!") {
            block.push(line);
        } else if !block.is_empty() {
            if block.iter().any(|line| runs(line)) {
                add(evidence, &in_prose(&block.join("\n")), &format!("{}: example at {}", file.path, subject(line)));
            }
            block.clear();
        }
    }
}

fn runs(line: &str) -> bool {
    let line = line.trim_start_matches(['/', '!']).trim();
    line.strip_prefix("```").is_some_and(|kind| matches!(kind, "" | "rust" | "compile_fail" | "should_panic"))
}

/// What a block of documentation stands over, for a name that survives edits.
fn subject(line: &str) -> String {
    let line = line.trim_end_matches(['{', ';', ' ']);
    if line.is_empty() || line.starts_with("#[") { "the item below it".to_owned() } else { format!("`{line}`") }
}

fn comments(path: &str, text: &str, evidence: &mut Evidence) {
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with('#') || line.starts_with("//") {
            add(evidence, &in_prose(line), path);
        }
    }
}

fn add(evidence: &mut Evidence, ids: &[Id], proof: &str) {
    for id in ids {
        evidence.entry(*id).or_default().insert(proof.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(evidence: &Evidence) -> Vec<(String, Vec<&str>)> {
        evidence.iter().map(|(id, proofs)| (id.to_string(), proofs.iter().map(String::as_str).collect())).collect()
    }

    #[test]
    fn tests_prove_by_name_and_by_documentation() {
        let text = "//! A.\n\n/// Proves OTP-06 and T-09.\n#[test]\nfn otp_05_once() {\n    a();\n}\n\n\
                    fn otp_07_no_test() {\n    b();\n}\n";
        let mut evidence = Evidence::new();
        tests(&File::new("crates/a/tests/x.rs", text), &mut evidence);
        let proof = vec!["crates/a/tests/x.rs: otp_05_once"];
        let expected = ["OTP-05", "OTP-06", "T-09"].map(|id| (id.to_owned(), proof.clone()));
        assert_eq!(shown(&evidence), expected);
    }

    #[test]
    fn examples_prove_only_if_they_run() {
        let text = "//! A.\n\n/// MFA-01: no forging.\n/// ```compile_fail\n/// x\n/// ```\npub struct Proof {\n\n\
                    /// MFA-02 is only spoken of.\npub struct B;\n\n/// MFA-03:\n/// ```text\n/// x\n/// ```x\npub struct C;\n";
        let mut evidence = Evidence::new();
        examples(&File::new("crates/a/src/x.rs", text), &mut evidence);
        assert_eq!(shown(&evidence), [("MFA-01".to_owned(), vec!["crates/a/src/x.rs: example at `pub struct Proof`"])]);
    }

    #[test]
    fn scripts_prove_by_their_comments() {
        let mut evidence = Evidence::new();
        comments("docs/demo.sh", "# MFA-01: no token yet\necho TOK-01\n  // TOK-02\n", &mut evidence);
        assert_eq!(shown(&evidence).len(), 2);
        assert!(!evidence.contains_key(&Id::parse("TOK-01").unwrap()));
    }
}
