//! Ordered, forward-only changes of the schema, written once for both engines. Never edits what was released: a changed
//! text is refused by its checksum, and a schema newer than the program is refused whole.

use poundlock_core::secret::Digest;

use crate::error::StoreError;
use crate::lexical::{map_code, map_words};
use crate::row::Row;
use crate::statement::Statement;

/// One step of the schema.
///
/// Three tokens differ between the engines and are replaced: `BYTES`, `INT`, and `STRICT` at a table's end (also as
/// `STRICT, WITHOUT ROWID`).
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// 1, 2, 3, … without gaps.
    pub number: u32,
    /// A few words, for people.
    pub name: &'static str,
    /// Statements, each ended by `;`.
    pub sql: &'static str,
}

impl Migration {
    /// SHA-256 of the text, with line ends as `\n` so that a checkout on another system reads the same.
    #[must_use]
    pub fn checksum(&self) -> Digest {
        Digest::of(self.sql.replace("\r\n", "\n").as_bytes())
    }
}

/// Which dialect a migration is written out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The name of the table of what was applied.
pub(crate) const TABLE_NAME: &str = "schema_migration";

/// The table of what was applied.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    number INT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum BYTES NOT NULL,
    applied_at INT NOT NULL
) STRICT;";

pub(crate) static APPLIED: Statement =
    Statement::new("SELECT number, name, checksum FROM schema_migration ORDER BY number");
pub(crate) static RECORD: Statement =
    Statement::new("INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)");

/// The DDL of the table of migrations.
pub(crate) fn table(engine: Engine) -> String {
    ddl(TABLE, engine)
}

/// `sql` in the words of `engine`.
pub(crate) fn ddl(sql: &str, engine: Engine) -> String {
    map_code(sql, |code| match engine {
        Engine::Sqlite => map_words(code, |word| match word {
            "BYTES" => Some("BLOB"),
            "INT" => Some("INTEGER"),
            _ => None,
        }),
        Engine::Postgres => map_words(&code.replace(", WITHOUT ROWID", ""), |word| match word {
            "BYTES" => Some("BYTEA"),
            "INT" => Some("BIGINT"),
            "STRICT" => Some(""),
            _ => None,
        }),
    })
}

/// Refuses a list that no store could follow.
pub(crate) fn check_list(list: &[Migration]) -> Result<(), StoreError> {
    for (want, migration) in (1_u32..).zip(list) {
        let name = format!("migration {} ({})", migration.number, migration.name);
        if migration.number != want {
            return Err(StoreError::Fault(format!("{name} stands at place {want}")));
        }
        // A check put off to COMMIT would fail there for all batches that share one, and harm neighbours.
        if has_word(migration.sql, "DEFERRABLE") || has_word(migration.sql, "DEFERRED") {
            return Err(StoreError::Fault(format!("{name} puts a constraint off to COMMIT")));
        }
    }
    Ok(())
}

fn has_word(sql: &str, wanted: &str) -> bool {
    let found = std::cell::Cell::new(false);
    map_code(sql, |code| {
        map_words(code, |word| {
            found.set(found.get() || word.eq_ignore_ascii_case(wanted));
            None
        })
    });
    found.get()
}

/// The first migration of `list` that `applied` lacks, after checking that the two agree so far.
pub(crate) fn next<'a>(applied: &[Row], list: &'a [Migration]) -> Result<Option<&'a Migration>, StoreError> {
    let mut known = list.iter();
    for row in applied {
        let (number, name) = (row.int(0)?, row.text(1)?);
        let Some(migration) = known.next() else {
            return Err(newer(number, name, list.len()));
        };
        if i64::from(migration.number) != number {
            return Err(StoreError::Refused(format!(
                "The store lacks migration {} ({}) but has {number} ({name}): it was changed by hand. Restore a backup.",
                migration.number, migration.name
            )));
        }
        if row.bytes_as(2, Digest::from_bytes)? != migration.checksum() {
            return Err(StoreError::Refused(format!(
                "Migration {number} ({name}) in the store is not the one of this program: \
                 it was applied by another build. Start the build that wrote the store, or restore a backup."
            )));
        }
    }
    Ok(known.next())
}

fn newer(number: i64, name: &str, known: usize) -> StoreError {
    StoreError::Refused(format!(
        "The store was written by a newer Poundlock (schema {number}, {name}); this one knows up to schema {known}. \
         Start the newer program, or restore a backup made before the upgrade."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    const LIST: &[Migration] = &[
        Migration { number: 1, name: "one", sql: "CREATE TABLE a (id INT) STRICT;" },
        Migration { number: 2, name: "two", sql: "CREATE TABLE b (id INT) STRICT;" },
    ];

    fn applied(list: &[Migration]) -> Vec<Row> {
        list.iter().map(|m| Row::new(&APPLIED, params![m.number, m.name, m.checksum()])).collect()
    }

    #[test]
    fn three_tokens_differ_between_the_engines() {
        let sql =
            "CREATE TABLE t (a BYTES, b INT, c TEXT DEFAULT 'INT BYTES STRICT', d_INT INT) STRICT, WITHOUT ROWID;";
        assert_eq!(
            ddl(sql, Engine::Sqlite),
            "CREATE TABLE t (a BLOB, b INTEGER, c TEXT DEFAULT 'INT BYTES STRICT', d_INT INTEGER) STRICT, WITHOUT ROWID;"
        );
        assert_eq!(
            ddl(sql, Engine::Postgres),
            "CREATE TABLE t (a BYTEA, b BIGINT, c TEXT DEFAULT 'INT BYTES STRICT', d_INT BIGINT) ;"
        );
    }

    #[test]
    fn the_next_migration_is_the_first_not_applied() {
        let next = |rows: &[Row]| next(rows, LIST).map(|m| m.map(|m| m.number));
        assert_eq!(next(&[]), Ok(Some(1)));
        assert_eq!(next(&applied(&LIST[..1])), Ok(Some(2)));
        assert_eq!(next(&applied(LIST)), Ok(None));
    }

    #[test]
    fn a_newer_store_is_refused_with_a_sentence() {
        let Err(StoreError::Refused(sentence)) = next(&applied(LIST), &LIST[..1]) else { panic!("not refused") };
        assert!(sentence.contains("newer Poundlock (schema 2, two); this one knows up to schema 1"), "{sentence}");
    }

    #[test]
    fn a_changed_migration_and_a_gap_are_refused() {
        let changed = [Migration { sql: "CREATE TABLE a (id TEXT) STRICT;", ..LIST[0] }];
        assert!(matches!(next(&applied(&changed), LIST), Err(StoreError::Refused(_))));
        assert!(matches!(next(&applied(&LIST[1..]), LIST), Err(StoreError::Refused(_))));
    }

    #[test]
    fn line_ends_do_not_change_a_checksum() {
        let with = |sql| Migration { number: 1, name: "x", sql };
        assert_eq!(with("a\r\nb").checksum(), with("a\nb").checksum());
        assert_ne!(with("a b").checksum(), with("a\nb").checksum());
    }

    #[test]
    fn a_list_out_of_order_and_deferred_constraints_are_refused() {
        assert_eq!(check_list(LIST), Ok(()));
        assert!(check_list(&LIST[1..]).is_err());
        let deferred = |sql| [Migration { number: 1, name: "d", sql }];
        assert!(check_list(&deferred("CREATE TABLE c (a INT REFERENCES a DEFERRABLE INITIALLY DEFERRED);")).is_err());
        assert!(check_list(&deferred("CREATE TABLE c (a INT REFERENCES a initially deferred);")).is_err());
        assert!(check_list(&deferred("CREATE TABLE c (a TEXT DEFAULT 'DEFERRED');")).is_ok());
    }
}
