//! Digests of clients' secrets: the present one, and the one before it while that is still good.

use poundlock_core::oidc::client_auth::ClientSecretRow;
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;

use crate::column::{digest, opt_time};
use crate::{Batch, Expect, Result, Statement, Store, params};

static OF_CLIENT: Statement =
    Statement::new("SELECT digest, expires_at FROM client_secret WHERE client = ?1 ORDER BY made_at, digest");
static INSERT: Statement =
    Statement::new("INSERT INTO client_secret (digest, client, made_at, expires_at) VALUES (?1, ?2, ?3, NULL)");
static END_BY: Statement = Statement::new(
    "UPDATE client_secret SET expires_at = ?2 WHERE client = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
);
static DELETE_ENDED: Statement = Statement::new("DELETE FROM client_secret WHERE client = ?1 AND expires_at <= ?2");

/// The secrets of a client.
pub async fn of_client(store: &Store, client: &str) -> Result<Vec<ClientSecretRow>> {
    let rows = store.query(&OF_CLIENT, params![client]).await?;
    rows.iter().map(|row| Ok(ClientSecretRow { digest: digest(row, 0)?, expires_at: opt_time(row, 1)? })).collect()
}

/// Stores a client's new secret.
pub fn insert(batch: &mut Batch, client: &str, secret: Digest, now: Time) {
    batch.push(&INSERT, params![secret, client, now], Expect::Rows(1));
}

/// Lets the secrets that a client has end at `end`, and forgets those that have ended by `now`.
pub fn end_by(batch: &mut Batch, client: &str, end: Time, now: Time) {
    batch.push(&END_BY, params![client, end], Expect::Any);
    batch.push(&DELETE_ENDED, params![client, now], Expect::Any);
}
