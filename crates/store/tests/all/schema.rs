//! The small schema that these tests run on.

use poundlock_store::{Migration, Statement};

/// Accounts with a balance, and notes on them.
pub(crate) const LIST: &[Migration] = &[Migration {
    number: 1,
    name: "accounts",
    sql: "
        CREATE TABLE account (
            id INT NOT NULL PRIMARY KEY,
            name TEXT UNIQUE,
            balance INT NOT NULL CHECK (balance >= 0),
            version INT NOT NULL,
            seal BYTES
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE note (
            id BYTES NOT NULL PRIMARY KEY,
            account INT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
            text TEXT
        ) STRICT;
        CREATE INDEX note_account ON note (account);
    ",
}];

pub(crate) static INSERT: Statement =
    Statement::new("INSERT INTO account (id, name, balance, version, seal) VALUES (?1, ?2, ?3, 0, ?4)");
pub(crate) static SELECT: Statement =
    Statement::new("SELECT id, name, balance, version, seal FROM account WHERE id = ?1");
pub(crate) static ALL: Statement = Statement::new("SELECT id FROM account ORDER BY id");
pub(crate) static COUNT: Statement = Statement::new("SELECT count(*) FROM account");
pub(crate) static ADD: Statement =
    Statement::new("UPDATE account SET balance = balance + ?2, version = version + 1 WHERE id = ?1");
pub(crate) static TAKE: Statement =
    Statement::new("UPDATE account SET balance = balance - 1 WHERE id = ?1 AND balance > 0 RETURNING balance, name");
pub(crate) static COMPARE_AND_SET: Statement =
    Statement::new("UPDATE account SET version = ?3, balance = ?4 WHERE id = ?1 AND version = ?2");
pub(crate) static UPSERT: Statement = Statement::new(
    "INSERT INTO account (id, name, balance, version) VALUES (?1, ?2, 1, 0)
     ON CONFLICT (id) DO UPDATE SET balance = account.balance + 1 WHERE account.balance < ?3 RETURNING balance",
);
pub(crate) static DELETE: Statement = Statement::new("DELETE FROM account WHERE id = ?1");
pub(crate) static NOTE: Statement = Statement::new("INSERT INTO note (id, account, text) VALUES (?1, ?2, ?3)");
pub(crate) static NOTES: Statement =
    Statement::new("SELECT id, text FROM note WHERE account = ?1 AND (text, id) > (?2, ?3) ORDER BY text, id LIMIT ?4");

/// Every statement above that must work on both engines.
pub(crate) const EVERY: [&Statement; 12] =
    [&INSERT, &SELECT, &ALL, &COUNT, &ADD, &TAKE, &COMPARE_AND_SET, &UPSERT, &DELETE, &NOTE, &NOTES, &TEN];

/// Eleven parameters out of order: `?10` must not be read as `?1` and a zero, nor be numbered by appearance.
pub(crate) static TEN: Statement = Statement::new(
    "SELECT id FROM account WHERE id IN (?11, ?10, ?9, ?8, ?7, ?6, ?5, ?4, ?3, ?2) AND name = ?1 AND name <> '?1' \
     ORDER BY id",
);
