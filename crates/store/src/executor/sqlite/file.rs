//! A whole store as one SQLite file: its tables as the file itself names them, rows in and out, and a digest over all.
//!
//! Nothing here knows the schema: a table or column of a later migration is copied without a word here.

use poundlock_core::secret::Digest;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{connect, error, run};
use crate::copy::{Kind, Manifested, Sum, Table};
use crate::error::StoreError;
use crate::migrate::{self, Migration};
use crate::row::Row;
use crate::value::Value;

type Result<T> = std::result::Result<T, StoreError>;

/// What a backup says of itself. Not part of the schema: a restored store has no such table.
const MANIFEST: &str = "backup_manifest";

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn failed(e: rusqlite::Error) -> StoreError {
    match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => damaged("its pages contradict each other"),
        Some(ErrorCode::NotADatabase) => no_backup(),
        _ => error::read(&e, "a copy of the store"),
    }
}

fn damaged(what: &str) -> StoreError {
    StoreError::Refused(format!("The file is damaged ({what}): use another backup."))
}

fn no_backup() -> StoreError {
    StoreError::Refused("The file is no backup of Poundlock.".to_owned())
}

/// Opens a file for reading whose schema nobody has checked yet.
pub(crate) fn open(path: &std::path::Path) -> Result<Connection> {
    connect::stranger(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)
}

/// Opens a file of our own making for writing. Nothing waits for the disk: a copy gets its name when all of it is there.
pub(crate) fn open_to_fill(path: &std::path::Path) -> Result<Connection> {
    let connection = connect::stranger(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    // Parents come before their children, but a table may name itself; `check` looks at all of them at the end.
    connection.pragma_update(None, "foreign_keys", false).map_err(failed)?;
    connection.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
    Ok(connection)
}

/// Refuses a file that is damaged.
pub(crate) fn check(connection: &Connection) -> Result<()> {
    let found = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    if found.map_err(failed)? != "ok" {
        return Err(damaged("its pages contradict each other"));
    }
    let mut orphans = connection.prepare("PRAGMA foreign_key_check").map_err(failed)?;
    if orphans.query([]).map_err(failed)?.next().map_err(failed)?.is_some() {
        return Err(damaged("rows are missing that others name"));
    }
    Ok(())
}

/// The number of the newest migration that the file has seen; refuses one that this program does not know.
pub(crate) fn schema(connection: &Connection, list: &[Migration]) -> Result<u32> {
    let applied: Vec<Row> = run::query(connection, &migrate::APPLIED, &[]).map_err(|_| no_backup())?;
    migrate::next(&applied, list)?;
    Ok(u32::try_from(applied.len()).unwrap_or(0))
}

/// The tables of a file, parents before the children that name them.
pub(crate) fn tables(connection: &Connection) -> Result<Vec<Table>> {
    let mut names = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name",
        )
        .map_err(failed)?;
    let names = names.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    let mut waiting = Vec::new();
    for name in names {
        let name = name.map_err(failed)?;
        if name != MANIFEST {
            waiting.push((parents(connection, &name)?, table(connection, name)?));
        }
    }
    let mut placed: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let free = waiting.iter().position(|(parents, table)| {
            parents.iter().all(|parent| *parent == table.name || placed.iter().any(|other| other.name == *parent))
        });
        let Some(free) = free else {
            return Err(StoreError::Fault("tables name each other in a circle".to_owned()));
        };
        placed.push(waiting.remove(free).1);
    }
    Ok(placed)
}

fn parents(connection: &Connection, name: &str) -> Result<Vec<String>> {
    let mut found = connection.prepare("SELECT \"table\" FROM pragma_foreign_key_list(?1)").map_err(failed)?;
    let found = found.query_map([name], |row| row.get(0)).map_err(failed)?;
    found.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn table(connection: &Connection, name: String) -> Result<Table> {
    let mut info =
        connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid").map_err(failed)?;
    let mut rows = info.query([&name]).map_err(failed)?;
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().map_err(failed)? {
        let (column, kind, place): (String, String, i64) =
            (|| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))().map_err(failed)?;
        let kind = match kind.as_str() {
            "INTEGER" => Kind::Int,
            "TEXT" => Kind::Text,
            "BLOB" => Kind::Bytes,
            _ => return Err(StoreError::Fault(format!("{name}.{column} is of no type that both engines have"))),
        };
        if place > 0 {
            key.push((place, columns.len()));
        }
        columns.push((column, kind));
    }
    key.sort_unstable();
    Ok(Table { name, columns, key: key.into_iter().map(|(_, column)| column).collect() })
}

/// Hands over every row of a table in the order of its key.
pub(crate) fn rows(connection: &Connection, table: &Table, mut take: impl FnMut(Vec<Value>) -> bool) -> Result<()> {
    let mut statement = connection.prepare(&table.select(false)).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let values = (0..table.columns.len()).map(|i| run::read(i, row.get_ref(i)?)).collect::<rusqlite::Result<_>>();
        if !take(values.map_err(failed)?) {
            break;
        }
    }
    Ok(())
}

/// Adds rows to a table.
pub(crate) fn fill(connection: &mut Connection, table: &Table, rows: &[Vec<Value>]) -> Result<()> {
    let transaction = connection.transaction().map_err(failed)?;
    {
        let mut insert = transaction.prepare_cached(&table.insert()).map_err(failed)?;
        for row in rows {
            insert.execute(rusqlite::params_from_iter(row)).map_err(failed)?;
        }
    }
    transaction.commit().map_err(failed)
}

/// Count and digest of each table but that of the migrations, whose times differ from store to store.
pub(crate) fn sums(connection: &Connection) -> Result<Vec<Sum>> {
    let mut sums = Vec::new();
    for table in tables(connection)?.iter().filter(|table| table.name != migrate::TABLE_NAME) {
        let mut sum = Sum::new(table);
        rows(connection, table, |row| {
            sum.add(&row);
            true
        })?;
        sums.push(sum);
    }
    Ok(sums)
}

/// One digest over every row and over the schema itself, so that no trigger or view can be slipped in unseen.
pub(crate) fn digest(connection: &Connection) -> Result<Digest> {
    let mut told = Vec::new();
    let mut schema = connection
        .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> ?1 AND tbl_name <> ?1 ORDER BY type, name")
        .map_err(failed)?;
    let mut rows = schema.query([MANIFEST]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        for column in 0..4 {
            crate::copy::encode(&run::read(column, row.get_ref(column).map_err(failed)?).map_err(failed)?, &mut told);
        }
    }
    for sum in sums(connection)? {
        crate::copy::encode(&Value::Text(sum.table), &mut told);
        told.extend_from_slice(sum.digest.as_bytes());
    }
    Ok(Digest::of(&told))
}

/// Writes what a backup says of itself.
pub(crate) fn put_manifest(connection: &Connection, manifest: &Manifested) -> Result<()> {
    let make = format!("CREATE TABLE {MANIFEST} (text TEXT NOT NULL, tag BLOB NOT NULL) STRICT");
    connection.execute_batch(&make).map_err(failed)?;
    let insert = format!("INSERT INTO {MANIFEST} (text, tag) VALUES (?1, ?2)");
    connection.execute(&insert, (&manifest.text, manifest.tag.as_bytes().as_slice())).map_err(failed)?;
    Ok(())
}

/// Reads what a backup says of itself; `None` in a store that is no backup.
pub(crate) fn manifest(connection: &Connection) -> Result<Option<Manifested>> {
    let select = format!("SELECT text, tag FROM {MANIFEST}");
    let Ok(mut statement) = connection.prepare(&select) else { return Ok(None) };
    let mut rows = statement.query([]).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
    let (text, tag): (String, Vec<u8>) = (|| Ok((row.get(0)?, row.get(1)?)))().map_err(failed)?;
    Ok(Digest::from_bytes(&tag).map(|tag| Manifested { text, tag }))
}

/// Takes the manifest out of a copy that becomes a store.
pub(crate) fn drop_manifest(connection: &Connection) -> Result<()> {
    connection.execute_batch(&format!("DROP TABLE IF EXISTS {MANIFEST}")).map_err(failed)
}
