//! Runs the outside judges of `tests/judges`: programs in other languages, with other libraries, that
//! must agree with us. Never gives a judge anything but the path of the server's binary.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{process, runner::Tree, summary::Counts, tools::Tools};

const FOLDER: &str = "tests/judges";

/// Runs every judge; each is one check and must exit with 0.
pub fn run(tree: &Tree<'_>, binary: &Path) -> Result<Counts> {
    let tools = Tools::of(tree.root);
    let judges = judges(&tree.root.join(FOLDER))?;
    if judges.is_empty() {
        bail!("{FOLDER} holds no judge");
    }
    let mut counts = Counts::default();
    for judge in judges {
        let (program, script) = program(&tools, &judge)?;
        let name = judge.file_name().unwrap_or_default().to_string_lossy();
        println!("{name}");
        let ran = process::stream(tree.command(program).arg(script).env("POUNDLOCK", binary))?;
        if !ran.ok {
            println!("FAILED {name}");
        }
        counts += Counts::one(ran.ok);
    }
    Ok(counts)
}

/// The scripts in the folder, by name. A file whose name begins with `_` is imported by others.
pub(crate) fn judges(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{FOLDER} is missing"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('_') && (name.ends_with(".py") || name.ends_with(".mjs")) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn program(tools: &Tools, judge: &Path) -> Result<(OsString, PathBuf)> {
    if judge.extension().is_some_and(|kind| kind == "py") {
        return Ok((tools.python().into(), judge.to_path_buf()));
    }
    let folder = tools.scripts(judge.parent().context("a judge lies in a folder")?)?;
    Ok(("node".into(), folder.join(judge.file_name().unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, files: &[&str]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("poundlock-judges-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for file in files {
            fs::write(folder.join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn every_script_is_a_judge_except_what_they_share() {
        let folder = folder("list", &["pyjwt.py", "jose.mjs", "_server.py", "notes.md"]);
        let names: Vec<_> = judges(&folder).unwrap().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["jose.mjs", "pyjwt.py"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        assert!(judges(Path::new("/no/such/folder")).is_err());
    }

    #[test]
    fn a_script_for_node_runs_where_its_imports_are() {
        let folder = folder("node", &["jose.mjs", "_server.mjs"]);
        let tools = Tools::of(&folder.join("root"));
        let (program, script) = program(&tools, &folder.join("jose.mjs")).unwrap();
        assert_eq!(program, "node");
        assert!(script.starts_with(tools.node()) && script.ends_with("jose.mjs") && script.is_file(), "{script:?}");
        fs::remove_dir_all(folder).unwrap();
    }
}
