//! Runs one statement on one connection, and translates values. Knows nothing of transactions.

use std::error::Error;
use std::pin::pin;

use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt;
use tokio_postgres::Statement as Prepared;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

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

type Boxed = Box<dyn Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, to: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match (self, to) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(int), &Type::INT8) => int.to_sql(to, out),
            (Self::Int(int), &Type::INT4) => i32::try_from(*int)?.to_sql(to, out),
            (Self::Int(int), &Type::INT2) => i16::try_from(*int)?.to_sql(to, out),
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME) => text.to_sql(to, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(to, out),
            _ => Err(format!("{} given where the statement takes {to}", self.kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(from: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        match *from {
            Type::INT8 => i64::from_sql(from, raw).map(Self::Int),
            Type::INT4 => i32::from_sql(from, raw).map(|int| Self::Int(int.into())),
            Type::INT2 => i16::from_sql(from, raw).map(|int| Self::Int(int.into())),
            Type::BOOL => bool::from_sql(from, raw).map(|flag| Self::Int(flag.into())),
            Type::TEXT | Type::VARCHAR | Type::NAME => String::from_sql(from, raw).map(Self::Text),
            Type::BYTEA => Ok(Self::Bytes(raw.to_vec())),
            _ => Err(format!("a column of type {from}").into()),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The prepared form of `statement` on this connection; a round trip only the first time.
pub(super) async fn prepare(
    client: &ClientWrapper,
    statement: &'static Statement,
) -> Result<Prepared, tokio_postgres::Error> {
    client.prepare_cached(statement.postgres()).await
}

/// Runs a prepared statement. Its request is sent when this is first polled, so that several can travel together.
pub(super) async fn run(
    client: &ClientWrapper,
    prepared: &Prepared,
    statement: &'static Statement,
    params: &[Value],
) -> Result<Outcome, Failed> {
    if prepared.params().len() != params.len() {
        let (want, found) = (prepared.params().len(), params.len());
        return Err(Failed::Fault(format!("`{}` takes {want} parameters, {found} given", statement.sql())));
    }
    let mut stream = pin!(client.query_raw(prepared, params).await?);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        let columns = (0..row.len()).map(|i| row.try_get(i)).collect::<Result<_, _>>()?;
        rows.push(Row::new(statement, columns));
    }
    let count = stream.rows_affected().unwrap_or(rows.len() as u64);
    Ok(Outcome { rows, count })
}

/// Why a statement did not run.
pub(super) enum Failed {
    Postgres(tokio_postgres::Error),
    Fault(String),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl Failed {
    /// The meaning for a reader.
    pub(super) fn read(self, statement: &'static Statement) -> StoreError {
        match self {
            Self::Postgres(e) => error::read(&e, statement.sql()),
            Self::Fault(text) => StoreError::Fault(text),
        }
    }
}

/// Prepares and runs one statement.
pub(super) async fn query(
    client: &ClientWrapper,
    statement: &'static Statement,
    params: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let prepared = prepare(client, statement).await.map_err(|e| error::read(&e, statement.sql()))?;
    run(client, &prepared, statement, params).await.map(|outcome| outcome.rows).map_err(|e| e.read(statement))
}

/// Refuses a statement whose parameters or columns have types that SQLite would treat otherwise.
pub(super) async fn check(client: &ClientWrapper, statement: &'static Statement) -> Result<(), StoreError> {
    let prepared = prepare(client, statement).await.map_err(|e| error::read(&e, statement.sql()))?;
    let fault = |what: String| Err(StoreError::Fault(format!("`{}`: {what}", statement.sql())));
    for (number, kind) in (1..).zip(prepared.params()) {
        if !matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA) {
            // `?1 + 1` is inferred as a 32-bit number, which no time fits in.
            return fault(format!("parameter ?{number} is inferred as {kind}: write CAST(?{number} AS BIGINT)"));
        }
    }
    for (number, column) in prepared.columns().iter().enumerate() {
        if !matches!(*column.type_(), Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL | Type::TEXT | Type::BYTEA) {
            // `sum` of 64-bit numbers is NUMERIC.
            return fault(format!("column {number} has type {}: write CAST(… AS BIGINT)", column.type_()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &Value, to: &Type) -> Option<Vec<u8>> {
        let mut out = BytesMut::new();
        match ToSql::to_sql(value, to, &mut out) {
            Ok(IsNull::No) => Some(out.to_vec()),
            Ok(IsNull::Yes) => Some(Vec::new()),
            Err(_) => None,
        }
    }

    #[test]
    fn a_value_goes_only_where_its_kind_fits() {
        assert_eq!(encoded(&Value::Int(1), &Type::INT8), Some(vec![0, 0, 0, 0, 0, 0, 0, 1]));
        assert_eq!(encoded(&Value::Int(1), &Type::INT4), Some(vec![0, 0, 0, 1]));
        assert_eq!(encoded(&Value::Int(i64::MAX), &Type::INT4), None);
        assert_eq!(encoded(&Value::Int(1), &Type::TEXT), None);
        assert_eq!(encoded(&Value::from("a"), &Type::TEXT), Some(b"a".to_vec()));
        assert_eq!(encoded(&Value::from("a"), &Type::BYTEA), None);
        assert_eq!(encoded(&Value::from(b"a"), &Type::BYTEA), Some(b"a".to_vec()));
        assert_eq!(encoded(&Value::from(b"a"), &Type::TEXT), None);
        assert_eq!(encoded(&Value::Null, &Type::BYTEA), Some(Vec::new()));
    }

    #[test]
    fn a_number_too_long_or_of_another_type_is_no_value() {
        assert!(Value::from_sql(&Type::INT8, &[0; 7]).is_err());
        assert!(Value::from_sql(&Type::NUMERIC, &[0; 8]).is_err());
        assert!(Value::from_sql(&Type::BOOL, &[1]).unwrap() == Value::Int(1));
    }
}
