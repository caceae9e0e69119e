//! A copy of the tree that may be broken: in `target/sabotage`, with a target folder of its own.
//! Never touches the tree it was copied from.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{process, runner::Tree};

/// The copy, kept between runs so that builds stay warm.
pub struct Scratch {
    from: PathBuf,
    tree: PathBuf,
    environment: Vec<(String, OsString)>,
}

impl Scratch {
    /// Makes the copy, or brings an older one up to date.
    pub fn new(root: &Path, mut environment: Vec<(String, OsString)>) -> Result<Scratch> {
        let folder = root.join("target/sabotage");
        let target = folder.join("target");
        warm(root, &target)?;
        environment.push(("CARGO_TARGET_DIR".to_owned(), target.into()));
        // Without this, git would take the copy for a part of the tree around it and apply nothing.
        environment.push(("GIT_CEILING_DIRECTORIES".to_owned(), folder.clone().into()));
        let scratch = Scratch { from: root.to_path_buf(), tree: folder.join("tree"), environment };
        scratch.restore()?;
        Ok(scratch)
    }

    pub fn tree(&self) -> Tree<'_> {
        Tree { root: &self.tree, environment: &self.environment, echo: false }
    }

    /// Whether the patch fits; if so it is in.
    pub fn apply(&self, patch: &Path) -> Result<bool> {
        Ok(process::quiet(self.tree().command("git").args(["apply", "--whitespace=nowarn"]).arg(patch))?.ok)
    }

    /// Makes the copy equal to the original again. Files that are equal keep their time, so that
    /// cargo builds again only what differed.
    pub fn restore(&self) -> Result<()> {
        let wanted = tracked(&self.from)?;
        for name in &wanted {
            copy_if_different(&self.from.join(name), &self.tree.join(name))?;
        }
        for left in files_below(&self.tree)? {
            let name = left.strip_prefix(&self.tree).unwrap_or(&left);
            if !wanted.contains(name) && name != Path::new("Cargo.lock") {
                fs::remove_file(&left)?;
            }
        }
        Ok(())
    }
}

/// Starts from the libraries that the tests just built: they are the same, and take minutes to build.
fn warm(root: &Path, target: &Path) -> Result<()> {
    let built = root.join("target/debug");
    if target.exists() || !built.exists() {
        return Ok(());
    }
    let debug = target.join("debug");
    fs::create_dir_all(&debug)?;
    for part in ["build", "deps", ".fingerprint"] {
        if built.join(part).exists() {
            process::must(Command::new("cp").args(["-a", "--reflink=auto"]).arg(built.join(part)).arg(&debug))?;
        }
    }
    Ok(())
}

/// What git knows or would add: the tree as a commit of it now would be.
fn tracked(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut command = Command::new("git");
    command.current_dir(root).args(["-c", "core.quotePath=false", "ls-files"]);
    command.args(["--cached", "--others", "--exclude-standard"]);
    let listed = process::must(&mut command).context("git ls-files")?;
    Ok(listed.lines.iter().map(PathBuf::from).filter(|name| root.join(name).is_file()).collect())
}

fn copy_if_different(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from)?;
    if fs::read(to).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    // Written anew, not copied: the file must look newer than what was built from its broken form.
    fs::write(to, bytes)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    Ok(())
}

/// Every file below a folder that has no target folder in it.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "# hole: the answer is wrong\ndiff --git a/src/a.txt b/src/a.txt\n--- a/src/a.txt\n\
                         +++ b/src/a.txt\n@@ -1 +1 @@\n-right\n+wrong\n";

    fn repository(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("poundlock-scratch-{name}-{}", std::process::id()));
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("src/a.txt"), "right\n").unwrap();
        fs::write(root.join(".gitignore"), "/target\n").unwrap();
        fs::write(root.join("hole.patch"), PATCH).unwrap();
        process::must(Command::new("git").current_dir(&root).args(["init", "--quiet"])).unwrap();
        root
    }

    #[test]
    fn a_patch_breaks_the_copy_alone_and_restoring_mends_it() {
        let root = repository("apply");
        let scratch = Scratch::new(&root, Vec::new()).unwrap();
        let copy = scratch.tree.join("src/a.txt");
        assert_eq!(fs::read_to_string(&copy).unwrap(), "right\n");
        assert!(scratch.apply(&root.join("hole.patch")).unwrap());
        assert_eq!(fs::read_to_string(&copy).unwrap(), "wrong\n");
        assert_eq!(fs::read_to_string(root.join("src/a.txt")).unwrap(), "right\n");
        assert!(!scratch.apply(&root.join("hole.patch")).unwrap(), "it does not fit a second time");
        scratch.restore().unwrap();
        assert_eq!(fs::read_to_string(&copy).unwrap(), "right\n");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn restoring_follows_the_original() {
        let root = repository("follow");
        let scratch = Scratch::new(&root, Vec::new()).unwrap();
        fs::write(scratch.tree.join("stray"), "left by a patch").unwrap();
        fs::remove_file(root.join("src/a.txt")).unwrap();
        fs::write(root.join("src/b.txt"), "new").unwrap();
        let untouched = fs::metadata(scratch.tree.join(".gitignore")).unwrap().modified().unwrap();
        scratch.restore().unwrap();
        assert!(!scratch.tree.join("stray").exists() && !scratch.tree.join("src/a.txt").exists());
        assert!(scratch.tree.join("src/b.txt").exists());
        assert_eq!(fs::metadata(scratch.tree.join(".gitignore")).unwrap().modified().unwrap(), untouched);
        fs::remove_dir_all(root).unwrap();
    }
}
