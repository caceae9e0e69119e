//! Opens SQLite connections with the settings that safety rests on, and copies a live file.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error;
use crate::error::StoreError;
use crate::options::{Durability, Options};

/// No row of ours comes near; a hostile value is refused before it fills memory. In bytes.
const ROW_BYTES_MAX: i32 = 16 * 1024 * 1024;
const SQL_BYTES_MAX: i32 = 1024 * 1024;
/// Prepared statements kept by each connection.
const STATEMENTS_KEPT: usize = 256;
/// A WAL that a long read let grow is cut back to this. In bytes.
const WAL_BYTES_KEPT: i64 = 64 * 1024 * 1024;
/// How often, and how far apart, the change to WAL is tried while others open the same file.
const WAL_TRIES: u32 = 250;
const WAL_PAUSE: Duration = Duration::from_millis(20);

/// Opens the connection of the writer thread, and makes the file if there is none.
pub(super) async fn writer(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let mut tries = 1..=WAL_TRIES;
    loop {
        tries.next();
        let (path, options) = (path.to_owned(), *options);
        let opened = tokio::task::spawn_blocking(move || {
            make_private(&path)?;
            Ok(open_writer(&path, &options))
        })
        .await
        .unwrap_or_else(|_| Err(StoreError::Unavailable("opening was broken off".to_owned())))?;
        match opened {
            // Two that change the same new file to WAL at once: SQLite gives way without waiting.
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && !tries.is_empty() => {
                tokio::time::sleep(WAL_PAUSE).await;
            }
            Err(e) => return Err(error::read(&e, "opening the store")),
            Ok((connection, mode)) if mode == "wal" => return Ok(connection),
            Ok((_, mode)) => {
                return Err(StoreError::Refused(format!(
                    "The store's file system gives no write-ahead log (`{mode}` instead): put the store on a local disk."
                )));
            }
        }
    }
}

/// The connection, and the journal mode that it got.
fn open_writer(path: &Path, options: &Options) -> rusqlite::Result<(Connection, String)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection, options)?;
    let mode = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    let synchronous = match options.durability {
        Durability::Full => "FULL",
        Durability::Off => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
    Ok((connection, mode))
}

/// Opens a connection that cannot write.
pub(super) fn reader(path: &Path, options: &Options) -> Result<Connection, StoreError> {
    let failed = |e: rusqlite::Error| error::read(&e, "opening the store for reading");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    harden(&connection, options).map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    // Only readers map the file: the writer must see a disk error as an error, not as a signal.
    let mapped = i64::try_from(options.mmap_bytes).unwrap_or(i64::MAX);
    connection.pragma_update_and_check(None, "mmap_size", mapped, |_| Ok(())).map_err(failed)?;
    Ok(connection)
}

fn harden(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, ROW_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    // A double-quoted word is a name, as on PostgreSQL, never a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // A database file that someone tampered with must not run functions of its choice, or rewrite itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -i64::from(options.cache_kib))
}

/// Makes the file readable by its owner only; SQLite gives its log files the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut open = OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    match open.open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(StoreError::Unavailable(format!("cannot make {}: {e}", path.display()))),
    }
}

/// Copies the live file `from` to the new file `to`: one read transaction, which no writer waits for.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    refuse_existing(to)?;
    let partial = partial(to);
    // Left over from a copy that was broken off; a half copy must never look like a backup.
    remove(&partial);
    make_private(&partial)?;
    let copied = copy_pages(from, &partial).and_then(|()| publish(&partial, to));
    if copied.is_err() {
        remove(&partial);
    }
    copied
}

/// Removes a copy, and what SQLite keeps beside it while it is made: that holds rows, too.
pub(crate) fn remove(copy: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = copy.as_os_str().to_owned();
        name.push(end);
        // Most of them are not there.
        drop(std::fs::remove_file(name));
    }
}

/// Never over another file: it may be the only good backup.
pub(crate) fn refuse_existing(to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::Refused(format!("{} exists already: choose a new file for the backup.", to.display())));
    }
    Ok(())
}

/// The name of a file while it is being written.
pub(crate) fn partial(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn copy_pages(from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |e: rusqlite::Error| error::read(&e, "backup");
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    source.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    let mut target = Connection::open(to).map_err(failed)?;
    let step = Backup::new(&source, &mut target).and_then(|backup| backup.step(-1)).map_err(failed)?;
    if !matches!(step, StepResult::Done) {
        return Err(StoreError::Unavailable("the store is locked by another program".to_owned()));
    }
    fold(target).map_err(failed)
}

/// Leaves one file that stands alone, without a log beside it.
fn fold(connection: Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    connection.close().map_err(|(_, e)| e)
}

/// The same for a store that nobody has open.
pub(crate) fn stand_alone(path: &Path) -> Result<(), StoreError> {
    let opened = stranger(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
    opened.and_then(fold).map_err(|e| error::read(&e, "folding the log of a copy"))
}

/// Opens a file that may come from anywhere, with all that keeps it from running code of its own.
pub(super) fn stranger(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    harden(&connection, &Options::default())?;
    Ok(connection)
}

/// Sees a file onto the disk.
pub(crate) fn sync(path: &Path) -> Result<(), StoreError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|e| StoreError::Unavailable(format!("cannot write {}: {e}", path.display())))
}

/// Gives the finished copy its name, once it is on disk.
pub(crate) fn publish(partial: &Path, to: &Path) -> Result<(), StoreError> {
    let sync = || {
        File::open(partial)?.sync_all()?;
        std::fs::rename(partial, to)?;
        match to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    };
    sync().map_err(|e: std::io::Error| StoreError::Unavailable(format!("cannot write {}: {e}", to.display())))
}
