//! Where the master key comes from: a systemd credential, a file, a variable; in the data folder only for `up` on
//! loopback. Never from the database (CAR-04).

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use poundlock_core::seal::MasterKey;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::rng::SystemRng;

/// Where a master key was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MasterSource {
    Credential,
    File(PathBuf),
    Variable,
    /// Beside the data it protects: a backup of the folder is a backup of the key.
    DataFolder,
}

/// Finds the master key; `None` when there is none yet.
pub(crate) fn load_master(config: &Config) -> anyhow::Result<Option<(MasterKey, MasterSource)>> {
    find(config, |name| std::env::var_os(name))
}

fn find(
    config: &Config,
    variable: impl Fn(&str) -> Option<OsString>,
) -> anyhow::Result<Option<(MasterKey, MasterSource)>> {
    if let Some(folder) = variable("CREDENTIALS_DIRECTORY") {
        let path = Path::new(&folder).join("poundlock-master-key");
        if path.exists() {
            // systemd lets its service alone read this; it may say so by an access list, which looks like a mode of 0440.
            return parse(&path).map(|key| Some((key, MasterSource::Credential)));
        }
    }
    if let Some(path) = &config.master_key.file {
        return read(path).map(|key| Some((key, MasterSource::File(path.clone()))));
    }
    if let Some(text) = variable("POUNDLOCK_MASTER_KEY") {
        // What is no text is a wrong key, and not a missing one: `up` would make another in its place.
        let text = Zeroizing::new(text.into_string().unwrap_or_default());
        let key = MasterKey::from_hex(&text).context("POUNDLOCK_MASTER_KEY is not 64 hexadecimal digits")?;
        return Ok(Some((key, MasterSource::Variable)));
    }
    let path = in_data_folder(&config.data);
    if path.exists() { read(&path).map(|key| Some((key, MasterSource::DataFolder))) } else { Ok(None) }
}

/// Makes a master key in the data folder: for `up` on loopback alone.
pub(crate) fn write_master(data: &Path, rng: &SystemRng) -> anyhow::Result<MasterKey> {
    let (key, path) = (MasterKey::random(rng), in_data_folder(data));
    write_to(&path, &key)?;
    Ok(key)
}

/// Writes a key to a new file that only its owner may read.
pub(crate) fn write_to(path: &Path, key: &MasterKey) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write the master key {}", path.display()))?;
    writeln!(file, "{}", *key.to_hex())?;
    file.sync_all()?;
    Ok(())
}

fn in_data_folder(data: &Path) -> PathBuf {
    data.join("master.key")
}

/// Reads a key file; one that others can read is refused.
pub(crate) fn read(path: &Path) -> anyhow::Result<MasterKey> {
    let mode = std::fs::metadata(path).with_context(|| format!("cannot read the master key {}", path.display()))?;
    if mode.permissions().mode() & 0o077 != 0 {
        bail!("the master key {0} can be read by others: run chmod 600 {0}", path.display());
    }
    parse(path)
}

fn parse(path: &Path) -> anyhow::Result<MasterKey> {
    let text = Zeroizing::new(
        std::fs::read_to_string(path).with_context(|| format!("cannot read the master key {}", path.display()))?,
    );
    MasterKey::from_hex(&text).with_context(|| format!("{} is not 64 hexadecimal digits", path.display()))
}
