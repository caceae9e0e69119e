//! Runs one statement on one connection. Knows nothing of transactions.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};

use super::error;
use crate::error::StoreError;
use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

/// What a statement did: its rows, and how many it changed or returned.
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    pub(super) count: u64,
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Runs a statement that may write.
pub(super) fn run(
    connection: &Connection,
    statement: &'static Statement,
    params: &[Value],
) -> rusqlite::Result<Outcome> {
    let mut prepared = connection.prepare_cached(statement.sql())?;
    if prepared.parameter_count() != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), prepared.parameter_count()));
    }
    for (place, value) in (1_usize..).zip(params) {
        prepared.raw_bind_parameter(place, value)?;
    }
    let width = prepared.column_count();
    if width == 0 {
        let count = prepared.raw_execute()?;
        return Ok(Outcome { rows: Vec::new(), count: count as u64 });
    }
    let mut rows = Vec::new();
    let mut found = prepared.raw_query();
    while let Some(row) = found.next()? {
        let columns = (0..width).map(|i| read(i, row.get_ref(i)?)).collect::<rusqlite::Result<_>>()?;
        rows.push(Row::new(statement, columns));
    }
    let count = rows.len() as u64;
    Ok(Outcome { rows, count })
}

/// Runs a statement that only reads.
pub(super) fn query(
    connection: &Connection,
    statement: &'static Statement,
    params: &[Value],
) -> Result<Vec<Row>, StoreError> {
    run(connection, statement, params).map(|outcome| outcome.rows).map_err(|e| error::read(&e, statement.sql()))
}

/// A column as one of the four kinds.
pub(super) fn read(column: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(int) => Value::Int(int),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(rusqlite::Error::Utf8Error(column, error)),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => {
            let name = format!("column {column}");
            return Err(rusqlite::Error::InvalidColumnType(column, name, rusqlite::types::Type::Real));
        }
    })
}
