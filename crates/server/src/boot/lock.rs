//! The lock on a data folder: one server at a time, and the command line either talks to it or takes its place.

use std::fs::{File, OpenOptions};
use std::path::Path;

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};

/// A held lock; it is released when this is dropped, or when the process dies.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock; `None` while another process holds it.
    pub(crate) fn take(data: &Path) -> anyhow::Result<Option<Self>> {
        make_folder(data)?;
        refuse_open_folder(data)?;
        let path = data.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then_some(Self { _file: file }))
    }
}

/// Refuses a folder in which every user of the machine can put files. Attack: a link at a name that is written here
/// soon, or a store or key of somebody else's making.
fn refuse_open_folder(data: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::fs::metadata(data).with_context(|| format!("cannot read {}", data.display()))?;
    if folder.permissions().mode() & 0o002 != 0 {
        bail!("every user of this machine can write in the data folder {0}: run chmod 700 {0}", data.display());
    }
    Ok(())
}

/// Makes the data folder, for its owner alone.
fn make_folder(data: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("cannot make the data folder {}", data.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn car_04_a_folder_that_everyone_can_write_in_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, good) in [(0o700, true), (0o755, true), (0o775, true), (0o777, false), (0o1777, false)] {
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(DataLock::take(folder.path()).is_ok(), good, "{mode:o}");
        }
    }

    #[test]
    fn a_new_folder_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        assert!(DataLock::take(&data).unwrap().is_some());
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn one_holds_a_folder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let held = DataLock::take(folder.path()).unwrap().unwrap();
        assert!(DataLock::take(folder.path()).unwrap().is_none());
        assert!(DataLock::take(other.path()).unwrap().is_some(), "another folder is free");
        // The same folder by another way is the same folder.
        let link = other.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(DataLock::take(&link).unwrap().is_none());
        drop(held);
        assert!(DataLock::take(folder.path()).unwrap().is_some());
    }

    #[test]
    fn what_a_dead_holder_left_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lock"), "1234").unwrap();
        assert!(DataLock::take(folder.path()).unwrap().is_some());
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::write(&data, "").unwrap();
        let why = format!("{:#}", DataLock::take(&data).unwrap_err());
        assert!(why.contains(&data.display().to_string()), "{why}");
        std::fs::remove_file(&data).unwrap();
        std::fs::create_dir_all(data.join("lock")).unwrap();
        let why = format!("{:#}", DataLock::take(&data).unwrap_err());
        assert!(why.contains("cannot open") && why.contains("lock"), "{why}");
    }
}
