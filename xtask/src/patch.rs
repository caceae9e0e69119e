//! One sabotage patch: a hole in the server, what it breaks and which tests must notice.
//! Never applied to the tree a person works in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::requirement::Id;

/// Where the patches lie.
pub const FOLDER: &str = "tests/sabotage";

/// A patch as its header describes it.
#[derive(Clone, Debug)]
pub struct Patch {
    /// The file name without its ending.
    pub name: String,
    pub file: PathBuf,
    pub requirement: Id,
    pub test: Selection,
    /// One sentence: what the change breaks.
    pub hole: String,
    /// Whether the short run of every change applies it.
    pub ci: bool,
}

/// Which tests of which package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    pub package: String,
    /// Whether they are examples in the documentation.
    pub doc: bool,
    /// What is left for the runner: `--lib`, `--test NAME` and parts of test names.
    pub words: Vec<String>,
}

/// Every patch, by name.
pub fn all(root: &Path) -> Result<Vec<Patch>> {
    let mut patches = Vec::new();
    for entry in fs::read_dir(root.join(FOLDER)).with_context(|| format!("{FOLDER} is missing"))? {
        let file = entry?.path();
        if file.extension().is_some_and(|kind| kind == "patch") {
            let text = fs::read_to_string(&file)?;
            patches.push(read(&file, &text).with_context(|| file.display().to_string())?);
        }
    }
    patches.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(patches)
}

/// Reads the header, which ends where the change begins.
pub fn read(file: &Path, text: &str) -> Result<Patch> {
    let header: Vec<(&str, &str)> = text.lines().map_while(|line| line.strip_prefix("# ")?.split_once(": ")).collect();
    let field = |name: &str| {
        let value = header.iter().find(|(key, _)| *key == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty()).with_context(|| format!("the header has no line `# {name}: …`"))
    };
    let requirement = field("requirement")?;
    if !text.lines().any(|line| line.starts_with("--- ")) {
        bail!("no change follows the header");
    }
    Ok(Patch {
        name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        file: file.to_path_buf(),
        requirement: Id::parse(requirement).with_context(|| format!("{requirement} is no requirement ID"))?,
        test: selection(field("test")?)?,
        hole: field("hole")?.to_owned(),
        ci: field("ci").is_ok_and(|value| value == "yes"),
    })
}

fn selection(text: &str) -> Result<Selection> {
    let mut words = text.split_whitespace().map(str::to_owned);
    let package = words.next().context("`# test:` names no package")?;
    let mut words: Vec<String> = words.collect();
    let doc = words.iter().any(|word| word == "--doc");
    words.retain(|word| word != "--doc");
    if words.is_empty() {
        bail!("`# test:` names the package {package} but no test of it");
    }
    Ok(Selection { package, doc, words })
}

impl std::fmt::Display for Selection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let doc = if self.doc { " --doc" } else { "" };
        write!(out, "{}{doc} {}", self.package, self.words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
# requirement: OTP-05
# test: poundlock-core --lib otp_05_
# hole: A code is accepted a second time.
# ci: yes
diff --git a/crates/core/src/totp.rs b/crates/core/src/totp.rs
--- a/crates/core/src/totp.rs
+++ b/crates/core/src/totp.rs
@@ -1 +1 @@
-# hole: not a header line any more
+x
";

    fn parsed(text: &str) -> Result<Patch> {
        read(Path::new("tests/sabotage/skip-last-step.patch"), text)
    }

    #[test]
    fn reads_a_whole_header() {
        let patch = parsed(GOOD).unwrap();
        assert_eq!(patch.name, "skip-last-step");
        assert_eq!(patch.requirement.to_string(), "OTP-05");
        assert_eq!(patch.test.to_string(), "poundlock-core --lib otp_05_");
        assert_eq!(patch.hole, "A code is accepted a second time.");
        assert!(patch.ci && !patch.test.doc);
    }

    #[test]
    fn the_short_run_is_asked_for() {
        assert!(!parsed(&GOOD.replace("# ci: yes\n", "")).unwrap().ci);
        assert!(!parsed(&GOOD.replace("# ci: yes", "# ci: no")).unwrap().ci);
    }

    #[test]
    fn examples_in_the_documentation_are_a_selection_too() {
        let patch = parsed(&GOOD.replace("--lib otp_05_", "--doc proof")).unwrap();
        assert!(patch.test.doc);
        assert_eq!(patch.test.words, ["proof"]);
        assert_eq!(patch.test.to_string(), "poundlock-core --doc proof");
    }

    #[test]
    fn every_missing_part_is_named() {
        for (line, name) in [
            ("# requirement: OTP-05\n", "requirement"),
            ("# test: poundlock-core --lib otp_05_\n", "test"),
            ("# hole: A code is accepted a second time.\n", "hole"),
        ] {
            let fault = parsed(&GOOD.replace(line, "")).unwrap_err();
            assert!(fault.to_string().contains(name), "{fault}");
        }
    }

    #[test]
    fn a_header_alone_or_a_package_alone_is_refused() {
        let (header, _) = GOOD.split_once("diff").unwrap();
        assert!(parsed(header).unwrap_err().to_string().contains("no change"));
        assert!(parsed(&GOOD.replace(" --lib otp_05_", "")).is_err());
        assert!(parsed(&GOOD.replace("OTP-05", "the one about codes")).is_err());
    }
}
