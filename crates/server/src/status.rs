//! Places in status lists, and the lists as they are served. Reserves in blocks; never gives a place twice.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use poundlock_core::time::Time;

/// A status list as it is served: bytes made once, sent many times.
#[derive(Debug)]
pub(crate) struct Served {
    /// The signed list.
    pub(crate) token: Arc<str>,
    /// Its entity tag.
    pub(crate) etag: String,
    /// When it was signed.
    pub(crate) signed_at: Time,
    /// How many of its sessions have ended.
    pub(crate) ended: usize,
}

/// The lists of this process.
#[derive(Debug, Default)]
pub(crate) struct StatusLists {
    pub(crate) block: tokio::sync::Mutex<Block>,
    pub(crate) served: RwLock<BTreeMap<i64, Arc<Served>>>,
}

/// A block of counter values that this process alone gives out.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) list: i64,
    pub(crate) next: i64,
    pub(crate) end: i64,
}
