//! Small facts of the store itself: the key check value, the clock's high-water mark, the issuer it was made for.

use crate::{Batch, Expect, Result, Statement, Store, params};

/// The setting that says where the store has gone: set by a move, and never copied along.
pub const MOVED: &str = "store.moved";

static READ: Statement = Statement::new("SELECT value FROM setting WHERE name = ?1");
static REMOVE: Statement = Statement::new("DELETE FROM setting WHERE name = ?1");
static PUT: Statement = Statement::new(
    "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
);
static PUT_NEW: Statement = Statement::new("INSERT INTO setting (name, value) VALUES (?1, ?2)");

/// Reads a setting.
pub async fn read(store: &Store, name: &str) -> Result<Option<Vec<u8>>> {
    store.query_opt(&READ, params![name]).await?.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// Writes a setting.
pub fn put(batch: &mut Batch, name: &str, value: &[u8]) {
    batch.push(&PUT, params![name, value], Expect::Rows(1));
}

/// Writes a setting that must not exist yet.
pub fn put_new(batch: &mut Batch, name: &str, value: &[u8]) {
    batch.push(&PUT_NEW, params![name, value], Expect::Rows(1));
}

/// Removes a setting.
pub fn remove(batch: &mut Batch, name: &str) {
    batch.push(&REMOVE, params![name], Expect::AtMost(1));
}
