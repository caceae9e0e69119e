//! The lock beside a SQLite file: shared by whoever has the store open, exclusive for a move or a restore. SQLite's own
//! locks are let go after each transaction and say nothing of a server that is idle. The system ends these with the
//! process, so that a crash leaves none.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::StoreError;
use crate::options::Hold;

/// How often, and how far apart, a lock is tried: one that is about to end may be another's last moment, or lie in a
/// process that was just made and has not become its program yet.
pub(crate) const TRIES: u32 = 20;
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// Why a lock is refused.
pub(crate) const fn taken(hold: Hold) -> &'static str {
    match hold {
        Hold::Alone => {
            "The store is open elsewhere: stop every server and close every other program that uses it first."
        }
        Hold::Shared | Hold::Unheld => "The store is being moved or restored: wait until that has ended.",
    }
}

/// Takes the lock; it is let go when the file is dropped.
pub(crate) async fn take(store: &Path, hold: Hold) -> Result<Option<File>, StoreError> {
    if hold == Hold::Unheld {
        return Ok(None);
    }
    let path = beside(store);
    let failed = |e: std::io::Error| StoreError::Unavailable(format!("cannot lock {}: {e}", path.display()));
    let file = open(&path).map_err(failed)?;
    for _ in 1..TRIES {
        match lock(&file, hold) {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
    }
    Err(StoreError::Refused(taken(hold).to_owned()))
}

fn lock(file: &File, hold: Hold) -> Result<(), TryLockError> {
    if hold == Hold::Alone { file.try_lock() } else { file.try_lock_shared() }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The lock's name. A link to the file, or to its folder, is the same store.
fn beside(store: &Path) -> PathBuf {
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let in_folder = || Some(folder.canonicalize().ok()?.join(store.file_name()?));
    let real = store.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| store.to_owned());
    let mut name = real.into_os_string();
    name.push(".lock");
    PathBuf::from(name)
}
