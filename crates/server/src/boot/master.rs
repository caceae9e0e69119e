//! Where the master key comes from: a systemd credential, a file, a variable; in the data folder only for `up` on
//! loopback. Never from the database (CAR-04).

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
    if let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") {
        let path = Path::new(&folder).join("poundlock-master-key");
        if path.exists() {
            // systemd lets its service alone read this; it may say so by an access list, which looks like a mode of 0440.
            return parse(&path).map(|key| Some((key, MasterSource::Credential)));
        }
    }
    if let Some(path) = &config.master_key.file {
        return read(path).map(|key| Some((key, MasterSource::File(path.clone()))));
    }
    if let Ok(text) = std::env::var("POUNDLOCK_MASTER_KEY") {
        let text = Zeroizing::new(text);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn car_04_a_key_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        std::fs::write(&path, "ab".repeat(32)).unwrap();
        for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o444, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path).is_ok(), good, "{mode:o}");
        }
        // A credential of systemd may look like this, and nobody else reads it.
        assert!(parse(&path).is_ok());
    }

    #[test]
    fn car_04_what_is_not_a_key_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        std::fs::write(&path, "not a key").unwrap();
        let said = format!("{:#}", parse(&path).unwrap_err());
        assert!(said.contains("64 hexadecimal digits") && !said.contains("not a key"), "{said}");
    }
}
