//! The two engines. Each turns the same values into the same outcomes; the conformance tests hold them to it.

pub(crate) mod postgres;
pub(crate) mod sqlite;
