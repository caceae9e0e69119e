//! A row that came back. A column of another type than asked for is a fault that names statement and column, never a
//! panic: an operator may have edited the database.

use poundlock_core::time::Time;

use crate::error::StoreError;
use crate::statement::Statement;
use crate::value::Value;

/// One row. Columns are counted from 0, in the order of the statement.
#[derive(Clone, Debug)]
pub struct Row {
    statement: &'static Statement,
    columns: Vec<Value>,
}

type Read<T> = Result<T, StoreError>;

impl Row {
    pub(crate) const fn new(statement: &'static Statement, columns: Vec<Value>) -> Self {
        Self { statement, columns }
    }

    /// The value of column `i`, of whatever kind.
    ///
    /// # Errors
    /// A fault when there is no such column.
    pub fn value(&self, i: usize) -> Read<&Value> {
        self.columns.get(i).ok_or_else(|| self.fault(i, "no such column"))
    }

    /// A whole number.
    ///
    /// # Errors
    /// A fault when column `i` is not a number.
    pub fn int(&self, i: usize) -> Read<i64> {
        self.opt_int(i)?.ok_or_else(|| self.wrong(i, "integer"))
    }

    /// A whole number or nothing.
    ///
    /// # Errors
    /// A fault when column `i` is neither.
    pub fn opt_int(&self, i: usize) -> Read<Option<i64>> {
        match self.value(i)? {
            Value::Int(int) => Ok(Some(*int)),
            Value::Null => Ok(None),
            Value::Text(_) | Value::Bytes(_) => Err(self.wrong(i, "integer")),
        }
    }

    /// A boolean, stored as 0 or 1.
    ///
    /// # Errors
    /// A fault when column `i` is not 0 or 1.
    pub fn flag(&self, i: usize) -> Read<bool> {
        match self.int(i)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.fault(i, "expected 0 or 1")),
        }
    }

    /// Text.
    ///
    /// # Errors
    /// A fault when column `i` is not text.
    pub fn text(&self, i: usize) -> Read<&str> {
        self.opt_text(i)?.ok_or_else(|| self.wrong(i, "text"))
    }

    /// Text or nothing.
    ///
    /// # Errors
    /// A fault when column `i` is neither.
    pub fn opt_text(&self, i: usize) -> Read<Option<&str>> {
        match self.value(i)? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            Value::Int(_) | Value::Bytes(_) => Err(self.wrong(i, "text")),
        }
    }

    /// Bytes.
    ///
    /// # Errors
    /// A fault when column `i` is not bytes.
    pub fn bytes(&self, i: usize) -> Read<&[u8]> {
        self.opt_bytes(i)?.ok_or_else(|| self.wrong(i, "bytes"))
    }

    /// Bytes or nothing.
    ///
    /// # Errors
    /// A fault when column `i` is neither.
    pub fn opt_bytes(&self, i: usize) -> Read<Option<&[u8]>> {
        match self.value(i)? {
            Value::Bytes(bytes) => Ok(Some(bytes)),
            Value::Null => Ok(None),
            Value::Int(_) | Value::Text(_) => Err(self.wrong(i, "bytes")),
        }
    }

    /// A moment, stored as milliseconds.
    ///
    /// # Errors
    /// A fault when column `i` is not a number.
    pub fn time(&self, i: usize) -> Read<Time> {
        self.int(i).map(Time::from_millis)
    }

    /// A moment or nothing.
    ///
    /// # Errors
    /// A fault when column `i` is neither.
    pub fn opt_time(&self, i: usize) -> Read<Option<Time>> {
        Ok(self.opt_int(i)?.map(Time::from_millis))
    }

    /// Bytes read as a type of `core`: `row.bytes_as(0, UserId::from_bytes)`.
    ///
    /// # Errors
    /// A fault when column `i` is not bytes, or `read` does not take them.
    pub fn bytes_as<T>(&self, i: usize, read: impl FnOnce(&[u8]) -> Option<T>) -> Read<T> {
        read(self.bytes(i)?).ok_or_else(|| self.fault(i, "bytes of the wrong length or form"))
    }

    /// Bytes read as a type of `core`, or nothing.
    ///
    /// # Errors
    /// A fault when column `i` is neither null nor bytes, or `read` does not take them.
    pub fn opt_bytes_as<T>(&self, i: usize, read: impl FnOnce(&[u8]) -> Option<T>) -> Read<Option<T>> {
        let Some(bytes) = self.opt_bytes(i)? else { return Ok(None) };
        read(bytes).map(Some).ok_or_else(|| self.fault(i, "bytes of the wrong length or form"))
    }

    /// Text read as a type of `core`: `row.text_as(1, Kind::from_stored)`.
    ///
    /// # Errors
    /// A fault when column `i` is not text, or `read` does not take it.
    pub fn text_as<T>(&self, i: usize, read: impl FnOnce(&str) -> Option<T>) -> Read<T> {
        read(self.text(i)?).ok_or_else(|| self.fault(i, "text of the wrong form"))
    }

    fn wrong(&self, i: usize, want: &str) -> StoreError {
        let found = self.columns.get(i).map_or("nothing", Value::kind);
        self.fault(i, &format!("expected {want}, found {found}"))
    }

    fn fault(&self, i: usize, what: &str) -> StoreError {
        StoreError::Fault(format!("column {i} of `{}`: {what}", self.statement.sql()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;
    use poundlock_core::secret::Digest;

    static SELECT: Statement = Statement::new("SELECT a, b FROM t");

    fn row() -> Row {
        Row::new(&SELECT, params![1_i64, "two", b"three", None::<i64>, 2_i64])
    }

    #[test]
    fn columns_read_back_as_their_kind() {
        let row = row();
        assert_eq!(row.int(0), Ok(1));
        assert_eq!(row.flag(0), Ok(true));
        assert_eq!(row.time(0), Ok(Time::from_millis(1)));
        assert_eq!(row.text(1), Ok("two"));
        assert_eq!(row.bytes(2), Ok(&b"three"[..]));
        assert_eq!(row.opt_int(3), Ok(None));
        assert_eq!(row.opt_text(3), Ok(None));
        assert_eq!(row.opt_bytes(3), Ok(None));
        assert_eq!(row.opt_time(3), Ok(None));
        assert_eq!(row.text_as(1, |text| Some(text.len())), Ok(3));
    }

    #[test]
    fn a_wrong_type_is_a_fault_that_names_statement_and_column() {
        let fault = |what: &str| StoreError::Fault(format!("column 1 of `SELECT a, b FROM t`: {what}"));
        assert_eq!(row().int(1), Err(fault("expected integer, found text")));
        assert_eq!(row().bytes(1), Err(fault("expected bytes, found text")));
        assert!(row().text(3).is_err());
        assert!(row().int(3).is_err());
        assert!(row().bytes(3).is_err());
        assert!(row().flag(4).is_err());
        assert!(row().value(5).is_err());
    }

    #[test]
    fn bytes_that_are_no_digest_are_a_fault() {
        assert!(row().bytes_as(2, Digest::from_bytes).is_err());
        assert!(row().opt_bytes_as(2, Digest::from_bytes).is_err());
        assert_eq!(row().opt_bytes_as(3, Digest::from_bytes), Ok(None));
        assert!(row().text_as(1, |_| None::<i64>).is_err());
    }

    #[test]
    fn a_row_prints_no_content() {
        assert!(!format!("{:?}", row()).contains("two"));
    }
}
