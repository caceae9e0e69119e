//! The rotation of goal 6 through `sqlx`, a transaction for each request: what a server on that stack does. Prints one
//! line of JSON. Called by the bench with a file that it has seeded: `poundlock-peers FILE SECONDS CLIENTS`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

/// The four statements of a rotation, the same for every stack.
const ROTATION: &str = include_str!("../../rotation.sql");
const CLIENTS: &str = "SELECT r.id, r.session, s.account, r.generation, r.current FROM refresh r
     JOIN session s ON s.id = r.session ORDER BY r.id LIMIT ?1";
/// What stands in for a sealed successor and for a record: as many bytes as the real ones.
const SUCCESSOR: [u8; 65] = [7; 65];
const RECORD: [u8; 526] = [7; 526];

/// One client: its rows, and where its token stands.
struct Client {
    family: Vec<u8>,
    session: Vec<u8>,
    account: Vec<u8>,
    generation: i64,
    current: Vec<u8>,
}

/// Ids in time order, as the server makes them.
struct Ids(AtomicU64);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, seconds, clients] = words.as_slice() else { bail!("poundlock-peers FILE SECONDS CLIENTS") };
    let pool = open(file).await?;
    let clients = read(&pool, clients.parse()?).await?;
    let (ids, begun, slice) =
        (Arc::new(Ids(AtomicU64::new(0))), Instant::now(), Duration::from_secs_f64(seconds.parse()?));
    let running: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::spawn(one(pool.clone(), client, Arc::clone(&ids), begun + slice)))
        .collect();
    let mut millis = Vec::new();
    for client in running {
        millis.extend(client.await??);
    }
    println!("{}", serde_json::json!({ "seconds": begun.elapsed().as_secs_f64(), "millis": millis }));
    Ok(())
}

/// One connection for all: the quickest pool that this stack has for writes.
async fn open(file: &str) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(60));
    pool.connect_with(options).await.context("cannot open the store")
}

async fn read(pool: &SqlitePool, count: i64) -> Result<Vec<Client>> {
    let rows = sqlx::query(CLIENTS).bind(count).fetch_all(pool).await?;
    let client = |row: &sqlx::sqlite::SqliteRow| -> Result<Client> {
        Ok(Client {
            family: row.try_get(0)?,
            session: row.try_get(1)?,
            account: row.try_get(2)?,
            generation: row.try_get(3)?,
            current: row.try_get(4)?,
        })
    };
    rows.iter().map(client).collect()
}

/// Rotates until the end; how long each rotation took, in milliseconds.
async fn one(pool: SqlitePool, mut client: Client, ids: Arc<Ids>, end: Instant) -> Result<Vec<f64>> {
    let mut millis = Vec::new();
    while Instant::now() < end {
        let asked = Instant::now();
        rotate(&pool, &mut client, &ids.next()).await?;
        millis.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(millis)
}

async fn rotate(pool: &SqlitePool, client: &mut Client, record: &[u8]) -> Result<()> {
    let mut statements = ROTATION.split(';').map(str::trim);
    let mut statement = || statements.next().context("a statement");
    let (now, next) = (millis(), [record, record].concat());
    let mut transaction = pool.begin().await?;
    let rotated = sqlx::query(statement()?)
        .bind(&client.family)
        .bind(client.generation)
        .bind(client.generation + 1)
        .bind(&next)
        .bind(&client.current)
        .bind(&SUCCESSOR[..])
        .bind(now)
        .bind(&client.current)
        .bind(0_i64)
        .execute(&mut *transaction)
        .await?;
    let used = sqlx::query(statement()?).bind(&client.session).bind(1_i64).bind(now).bind(now + 3_600_000);
    let used = used.execute(&mut *transaction).await?;
    let stands = sqlx::query(statement()?).bind(&client.account).bind(1_i64).execute(&mut *transaction).await?;
    sqlx::query(statement()?)
        .bind(record)
        .bind("n0123456789ab")
        .bind(&client.account)
        .bind("refresh.rotated")
        .bind(now)
        .bind(&RECORD[..])
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    if [rotated, used, stands].iter().any(|done| done.rows_affected() != 1) {
        bail!("a rotation changed nothing");
    }
    (client.generation, client.current) = (client.generation + 1, next);
    Ok(())
}

impl Ids {
    /// Six bytes of milliseconds, then a count: 16 bytes.
    fn next(&self) -> Vec<u8> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let mut id = millis().to_be_bytes()[2..].to_vec();
        id.extend_from_slice(&[0x70, 0]);
        id.extend_from_slice(&count.to_be_bytes());
        id
    }
}

fn millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_in_time_order_and_have_sixteen_bytes() {
        let ids = Ids(AtomicU64::new(0));
        let made: Vec<Vec<u8>> = (0..100).map(|_| ids.next()).collect();
        assert!(made.iter().all(|id| id.len() == 16) && made.is_sorted());
    }

    #[test]
    fn a_rotation_has_four_statements() {
        let statements = ROTATION.split(';').map(str::trim).filter(|statement| !statement.is_empty());
        assert_eq!(statements.count(), 4);
    }
}
