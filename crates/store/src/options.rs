//! How a store is opened. The defaults are the safe ones: what was acknowledged is on disk.

use std::time::Duration;

/// Whether an acknowledged batch survives a crash of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// An answer leaves only after its commit is on disk.
    #[default]
    Full,
    /// A crash may lose what was acknowledged. For tests.
    Off,
}

/// Who else may have the store open meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// Others that share it. Refused while one is alone with it.
    #[default]
    Shared,
    /// Nobody: what a move and a restore need. Refused while anybody has it.
    Alone,
    /// Nothing is held: a copy of our own making, or a file held by [`crate::copy::hold`] already.
    Unheld,
}

/// Settings of a store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether commits reach the disk before they are acknowledged.
    pub durability: Durability,
    /// SQLite: page cache of each connection, in KiB.
    pub cache_kib: u32,
    /// SQLite: how much of the file readers may map into memory, in bytes; 0 for none.
    pub mmap_bytes: u64,
    /// SQLite: how long to wait for a lock that another process holds.
    pub busy_timeout: Duration,
    /// SQLite: how many idle read connections are kept. PostgreSQL: how many connections there are at most.
    pub connections: usize,
    /// Who else may have it open.
    pub hold: Hold,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            cache_kib: 8 * 1024,
            mmap_bytes: 256 * 1024 * 1024,
            busy_timeout: Duration::from_secs(5),
            connections: 16,
            hold: Hold::Shared,
        }
    }
}

impl Options {
    /// For a move or a restore, which must have the store for itself.
    #[must_use]
    pub fn alone() -> Self {
        Self { connections: 1, hold: Hold::Alone, ..Self::default() }
    }

    /// For a copy of our own making, or a file that is held already.
    #[must_use]
    pub fn unheld() -> Self {
        Self { connections: 1, hold: Hold::Unheld, ..Self::default() }
    }

    /// As the default, without waiting for the disk. For tests.
    #[must_use]
    pub fn fast() -> Self {
        Self { durability: Durability::Off, cache_kib: 1024, mmap_bytes: 0, connections: 8, ..Self::default() }
    }
}
