//! The name of a node, which is the name of its audit chain.
//!
//! It stays with the data folder, whatever the store: the folder's lock is held, so no two live processes share one, and
//! a chain goes on over restarts and over commands that ran without a server. A name drawn for each process would leave
//! a chain behind each time, and every checkpoint names every chain for ever. Where a folder was copied with its name,
//! two nodes write one chain: the store takes each number once, and the later one tries again.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use poundlock_core::audit::NodeName;
use poundlock_core::secret::{Rng, random_bytes};

/// The name that the data folder holds, or a new one.
pub(crate) fn node_name(data: &Path, rng: &dyn Rng) -> anyhow::Result<NodeName> {
    let path = data.join("node");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let read = NodeName::parse(text.trim_end_matches('\n'));
            read.with_context(|| format!("{} holds no name of a node: remove it to get a new one", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let name = draw(rng);
            write(data, &path, &name).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(name)
        }
        Err(error) => bail!("cannot read {}: {error}", path.display()),
    }
}

/// Gives the folder a new name: its store goes on from an earlier moment, and so would the numbers of its chain.
pub(crate) fn replace(data: &Path, name: &NodeName) -> anyhow::Result<()> {
    let path = data.join("node");
    write(data, &path, name).with_context(|| format!("cannot write {}", path.display()))
}

/// A name that no other node has.
#[expect(clippy::expect_used, reason = "a letter and hexadecimal digits are always a name")]
pub(crate) fn draw(rng: &dyn Rng) -> NodeName {
    let bytes: [u8; 6] = random_bytes(rng);
    let name = bytes.iter().fold("n".to_owned(), |name, byte| format!("{name}{byte:02x}"));
    NodeName::parse(&name).expect("a name of letters and digits")
}

/// Written whole or not at all: half a name would be another node's.
fn write(data: &Path, path: &Path, name: &NodeName) -> std::io::Result<()> {
    let new = data.join("node.new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    writeln!(file, "{name}")?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use poundlock_core::testing::SeededRng;

    #[test]
    fn a_name_stays_with_its_folder() {
        let (folder, rng) = (tempfile::tempdir().unwrap(), SeededRng::new(1));
        let name = node_name(folder.path(), &rng).unwrap();
        assert_eq!(node_name(folder.path(), &rng).unwrap(), name);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(node_name(other.path(), &rng).unwrap(), name);
    }

    #[test]
    fn a_file_that_holds_no_name_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("node"), "Not A Name\n").unwrap();
        let error = node_name(folder.path(), &SeededRng::new(1)).unwrap_err().to_string();
        assert!(error.contains("remove it"), "{error}");
    }
}
