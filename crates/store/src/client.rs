//! The registry of clients and audiences.

use poundlock_core::time::Time;

use crate::{Batch, Expect, Result, Row, Statement, Store, params};

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
static REVISION: Statement = Statement::new("SELECT value FROM setting WHERE name = 'registry.revision'");
static REVISED: Statement = Statement::new(
    "INSERT INTO setting (name, value) VALUES ('registry.revision', ?2)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE setting.value = ?1",
);

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

/// The whole registry, as it stood at one moment.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Moves with every change of a client or an audience; see [`revised`].
    pub revision: i64,
    /// Name and algorithm of every audience, by name.
    pub audiences: Vec<(String, String)>,
    /// Every client, by id.
    pub clients: Vec<StoredClient>,
}

/// Reads clients, audiences and their revision in one snapshot.
pub async fn registry(store: &Store) -> Result<Registry> {
    store
        .read(move |r| {
            Box::pin(async move {
                let revision = r.query_opt(&REVISION, params![]).await?;
                let revision = revision.map(|row| row.bytes(0).map(number)).transpose()?.unwrap_or(0);
                let audiences = r.query(&AUDIENCES, params![]).await?.iter().map(audience).collect::<Result<_>>()?;
                let clients = r.query(&ALL, params![]).await?.iter().map(stored).collect::<Result<_>>()?;
                Ok(Registry { revision, audiences, clients })
            })
        })
        .await
}

/// Guards that neither a client nor an audience has changed since `revision`, and moves it: each is checked against
/// all the others, so of two changes at once one is decided anew.
pub fn revised(batch: &mut Batch, revision: i64) {
    let (old, new) = (revision.to_be_bytes(), revision.saturating_add(1).to_be_bytes());
    batch.push(&REVISED, params![old.as_slice(), new.as_slice()], Expect::Rows(1));
}

/// Every client.
pub async fn all(store: &Store) -> Result<Vec<StoredClient>> {
    store.query(&ALL, params![]).await?.iter().map(stored).collect()
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
    store.query(&AUDIENCES, params![]).await?.iter().map(audience).collect()
}

/// Adds an audience or changes its algorithm.
pub fn put_audience(batch: &mut Batch, name: &str, alg: &str, now: Time) {
    batch.push(&AUDIENCE_PUT, params![name, alg, now], Expect::Rows(1));
}

/// Removes an audience.
pub fn delete_audience(batch: &mut Batch, name: &str) {
    batch.push(&AUDIENCE_DELETE, params![name], Expect::Rows(1));
}

fn stored(row: &Row) -> Result<StoredClient> {
    Ok(StoredClient { id: row.text(0)?.to_owned(), version: row.int(1)?, spec: row.text(2)?.to_owned() })
}

fn audience(row: &Row) -> Result<(String, String)> {
    Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
}

fn number(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_be_bytes)
}
