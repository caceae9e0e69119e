//! Reads the columns that several nouns share: ids, digests, subjects.

use poundlock_core::secret::Digest;
use poundlock_core::time::Time;

use crate::{Result, Row};

/// Reads an id of 16 bytes.
pub(crate) fn id<T>(row: &Row, column: usize, make: fn(&[u8]) -> Option<T>) -> Result<T> {
    row.bytes_as(column, make)
}

/// Reads an id that may be absent.
pub(crate) fn opt_id<T>(row: &Row, column: usize, make: fn(&[u8]) -> Option<T>) -> Result<Option<T>> {
    row.opt_bytes_as(column, make)
}

/// Reads a digest.
pub(crate) fn digest(row: &Row, column: usize) -> Result<Digest> {
    id(row, column, Digest::from_bytes)
}

/// Reads a moment that may be absent.
pub(crate) fn opt_time(row: &Row, column: usize) -> Result<Option<Time>> {
    row.opt_time(column)
}
