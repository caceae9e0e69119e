//! The registry of clients and audiences.

use poundlock_core::time::Time;

use crate::{Batch, Expect, Result, Statement, Store, params};

static ALL: Statement = Statement::new("SELECT id, version, spec FROM client ORDER BY id");
static INSERT: Statement = Statement::new("INSERT INTO client (id, version, spec, made_at) VALUES (?1, 1, ?2, ?3)");
static CHANGE: Statement =
    Statement::new("UPDATE client SET spec = ?3, version = version + 1 WHERE id = ?1 AND version = ?2");
static DELETE: Statement = Statement::new("DELETE FROM client WHERE id = ?1");
static AUDIENCES: Statement = Statement::new("SELECT name, alg FROM audience ORDER BY name");
static AUDIENCE_PUT: Statement = Statement::new(
    "INSERT INTO audience (name, alg, made_at) VALUES (?1, ?2, ?3)
     ON CONFLICT (name) DO UPDATE SET alg = excluded.alg",
);
static AUDIENCE_DELETE: Statement = Statement::new("DELETE FROM audience WHERE name = ?1");

/// A client as stored: its specification is JSON that `core` checks when it is read.
#[derive(Clone, Debug)]
pub struct StoredClient {
    /// Client id.
    pub id: String,
    /// Moves with each change.
    pub version: i64,
    /// The specification.
    pub spec: String,
}

/// Every client.
pub async fn all(store: &Store) -> Result<Vec<StoredClient>> {
    let rows = store.query(&ALL, params![]).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredClient { id: row.text(0)?.to_owned(), version: row.int(1)?, spec: row.text(2)?.to_owned() })
        })
        .collect()
}

/// Stores a new client.
pub fn insert(batch: &mut Batch, id: &str, spec: &str, now: Time) {
    batch.push(&INSERT, params![id, spec, now], Expect::Rows(1));
}

/// Changes a client that is at `version`.
pub fn change(batch: &mut Batch, id: &str, version: i64, spec: &str) {
    batch.push(&CHANGE, params![id, version, spec], Expect::Rows(1));
}

/// Removes a client.
pub fn delete(batch: &mut Batch, id: &str) {
    batch.push(&DELETE, params![id], Expect::Rows(1));
}

/// Every audience: name and algorithm.
pub async fn audiences(store: &Store) -> Result<Vec<(String, String)>> {
    let rows = store.query(&AUDIENCES, params![]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// Adds an audience or changes its algorithm.
pub fn put_audience(batch: &mut Batch, name: &str, alg: &str, now: Time) {
    batch.push(&AUDIENCE_PUT, params![name, alg, now], Expect::Rows(1));
}

/// Removes an audience.
pub fn delete_audience(batch: &mut Batch, name: &str) {
    batch.push(&AUDIENCE_DELETE, params![name], Expect::Rows(1));
}
