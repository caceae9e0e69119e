//! The yardstick: `rusqlite` as a first server would use it, a connection for each client and a transaction for each
//! request.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, params};

use super::CLIENTS;
use crate::clock::wall;
use crate::load::{self, Loaded};

/// The four statements of a rotation, the same for every stack.
const ROTATION: &str = include_str!("../../../rotation.sql");
const CLIENTS_OF: &str = "SELECT r.id, r.session, s.account, r.generation, r.current FROM refresh r
     JOIN session s ON s.id = r.session ORDER BY r.id LIMIT ?1";
/// What stands in for a sealed successor and for a record: as many bytes as the real ones.
const SUCCESSOR: [u8; 65] = [7; 65];
pub(super) const RECORD: [u8; 526] = [7; 526];
/// Longer than any client waits for its turn here: a client that is turned away would be no yardstick.
const BUSY_DEADLINE: Duration = Duration::from_secs(60);

/// One client with its connection.
struct Client {
    connection: Connection,
    family: Vec<u8>,
    session: Vec<u8>,
    account: Vec<u8>,
    generation: i64,
    current: Vec<u8>,
}

/// All clients rotate for a while.
pub(super) fn rotate(file: &Path, slice: f64) -> Result<Loaded> {
    static RECORDS: AtomicU64 = AtomicU64::new(0);
    let mut clients = clients(file)?;
    load::each(&mut clients, slice, |_, client| {
        client.rotate(&record_id(RECORDS.fetch_add(1, Ordering::Relaxed)))?;
        Ok(true)
    })
}

impl Client {
    fn rotate(&mut self, record: &[u8]) -> Result<()> {
        let mut statements = ROTATION.split(';').map(str::trim);
        let mut statement = || statements.next().context("a statement");
        let (now, next) = (wall().millis(), [record, record].concat());
        let connection = &self.connection;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let rotated = connection.prepare_cached(statement()?)?.execute(params![
            self.family,
            self.generation,
            self.generation + 1,
            next,
            self.current,
            SUCCESSOR,
            now,
            next,
            0
        ])?;
        let used = connection.prepare_cached(statement()?)?.execute(params![self.session, 1, now, now + 3_600_000])?;
        let stands = connection.prepare_cached(statement()?)?.execute(params![self.account, 1])?;
        let node = "n0123456789ab";
        let event = "refresh.rotated";
        connection.prepare_cached(statement()?)?.execute(params![record, node, self.account, event, now, RECORD])?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        if rotated + used + stands != 3 {
            bail!("a rotation changed nothing");
        }
        (self.generation, self.current) = (self.generation + 1, next);
        Ok(())
    }
}

fn clients(file: &Path) -> Result<Vec<Client>> {
    let reading = open(file)?;
    let mut statement = reading.prepare(CLIENTS_OF)?;
    let mut rows = statement.query([CLIENTS as i64])?;
    let mut clients = Vec::with_capacity(CLIENTS);
    while let Some(row) = rows.next()? {
        clients.push(Client {
            connection: open(file)?,
            family: row.get(0)?,
            session: row.get(1)?,
            account: row.get(2)?,
            generation: row.get(3)?,
            current: row.get(4)?,
        });
    }
    Ok(clients)
}

fn open(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_DEADLINE)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Six bytes of milliseconds, then a count: 16 bytes in time order, as the server makes them.
fn record_id(count: u64) -> Vec<u8> {
    let mut id: Vec<u8> = wall().millis().to_be_bytes().into_iter().skip(2).collect();
    id.extend_from_slice(&[0x70, 0]);
    id.extend_from_slice(&count.to_be_bytes());
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_in_time_order_and_have_sixteen_bytes() {
        let made: Vec<Vec<u8>> = (0..100).map(record_id).collect();
        assert!(made.iter().all(|id| id.len() == 16) && made.is_sorted());
    }

    #[test]
    fn a_rotation_has_four_statements() {
        let statements = ROTATION.split(';').map(str::trim).filter(|statement| !statement.is_empty());
        assert_eq!(statements.count(), 4);
    }
}
