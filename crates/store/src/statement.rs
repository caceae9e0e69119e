//! One SQL text for both engines. A statement stands once, in the dialect that SQLite and PostgreSQL read alike, with
//! `?1` to `?n`. Never `$1`: on SQLite that is a *named* parameter numbered by first appearance, and binds swapped.

use std::fmt;
use std::sync::OnceLock;

use crate::lexical;

/// A statement in the common dialect. Keep it in a `static`: it is referred to by `&'static Statement`.
pub struct Statement {
    sql: &'static str,
    postgres: OnceLock<String>,
}

impl Statement {
    /// A statement with parameters `?1` to `?n`.
    #[must_use]
    pub const fn new(sql: &'static str) -> Self {
        Self { sql, postgres: OnceLock::new() }
    }

    /// The text as written, which SQLite reads.
    #[must_use]
    pub const fn sql(&self) -> &'static str {
        self.sql
    }

    /// The text with `$n`, rewritten once.
    pub(crate) fn postgres(&self) -> &str {
        self.postgres.get_or_init(|| lexical::dollar_placeholders(self.sql))
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({:?})", self.sql)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static UPDATE: Statement = Statement::new("UPDATE t SET a = ?2 WHERE id = ?1");

    #[test]
    fn each_engine_gets_its_own_placeholders() {
        assert_eq!(UPDATE.sql(), "UPDATE t SET a = ?2 WHERE id = ?1");
        assert_eq!(UPDATE.postgres(), "UPDATE t SET a = $2 WHERE id = $1");
        assert!(std::ptr::eq(UPDATE.postgres(), UPDATE.postgres()));
    }
}
