//! What users have allowed clients: one row for each pair.

use poundlock_core::id::UserId;
use poundlock_core::oidc::consent::ConsentRow;

use crate::column::id;
use crate::{Batch, Expect, Result, Row, Statement, Store, params};

static OF: Statement = Statement::new(
    "SELECT account, client, scope, audiences, given_at FROM consent WHERE account = ?1 AND client = ?2",
);
static OF_USER: Statement = Statement::new(
    "SELECT account, client, scope, audiences, given_at FROM consent WHERE account = ?1 ORDER BY client",
);
static PUT: Statement = Statement::new(
    "INSERT INTO consent (account, client, scope, audiences, given_at) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT (account, client) DO UPDATE
         SET scope = excluded.scope, audiences = excluded.audiences, given_at = excluded.given_at",
);
static STANDS: Statement = Statement::new("UPDATE consent SET given_at = given_at WHERE account = ?1 AND client = ?2");
static DELETE: Statement = Statement::new("DELETE FROM consent WHERE account = ?1 AND client = ?2");
static END_ALL: Statement = Statement::new("DELETE FROM consent");
static END_OF_CLIENT: Statement = Statement::new("DELETE FROM consent WHERE client = ?1");

/// What a user has allowed a client.
pub async fn of(store: &Store, user: UserId, client: &str) -> Result<Option<ConsentRow>> {
    store.query_opt(&OF, params![user, client]).await?.as_ref().map(consent_row).transpose()
}

/// What a user has allowed whom.
pub async fn of_user(store: &Store, user: UserId) -> Result<Vec<ConsentRow>> {
    store.query(&OF_USER, params![user]).await?.iter().map(consent_row).collect()
}

/// Stores what a user allows.
pub fn put(batch: &mut Batch, row: &ConsentRow) {
    let (scope, audiences) = (row.scope.as_str(), row.audiences.as_str());
    batch.push(&PUT, params![row.user, row.client.as_str(), scope, audiences, row.given_at], Expect::Rows(1));
}

/// Holds that it has not been taken back: whoever takes it back changes the same row.
pub fn stands(batch: &mut Batch, user: UserId, client: &str) {
    batch.push(&STANDS, params![user, client], Expect::Rows(1));
}

/// Takes it back.
pub fn delete(batch: &mut Batch, user: UserId, client: &str) {
    batch.push(&DELETE, params![user, client], Expect::AtMost(1));
}

/// Forgets what was allowed to a client that is removed: another one of its name is another client.
pub fn end_of_client(batch: &mut Batch, client: &str) {
    batch.push(&END_OF_CLIENT, params![client], Expect::Any);
}

/// Forgets everything that anybody has allowed: after a restore nobody knows what was taken back since.
pub fn end_all(batch: &mut Batch) {
    batch.push(&END_ALL, params![], Expect::Any);
}

fn consent_row(row: &Row) -> Result<ConsentRow> {
    Ok(ConsentRow {
        user: id(row, 0, UserId::from_bytes)?,
        client: row.text(1)?.to_owned(),
        scope: row.text(2)?.to_owned(),
        audiences: row.text(3)?.to_owned(),
        given_at: row.time(4)?,
    })
}
