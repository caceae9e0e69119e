//! Data keys and signing keys, as sealed rows.

use poundlock_core::jws::Alg;
use poundlock_core::keys::{KeyRow, KeyState};
use poundlock_core::seal::WrappedKey;

use crate::column::opt_time;
use crate::{Batch, Expect, Result, Row, Statement, Store, params};

static DATA_KEYS: Statement = Statement::new("SELECT number, purpose, wrapped FROM data_key ORDER BY number");
static DATA_KEY_INSERT: Statement =
    Statement::new("INSERT INTO data_key (number, purpose, wrapped) VALUES (?1, ?2, ?3)");
static DATA_KEY_REWRAP: Statement =
    Statement::new("UPDATE data_key SET wrapped = ?3 WHERE number = ?1 AND wrapped = ?2");
static SIGNING_KEYS: Statement = Statement::new(
    "SELECT kid, alg, state, version, sealed_public, sealed_private, made_at, current_at, retired_at, gone_at
     FROM signing_key ORDER BY made_at, kid",
);
static SIGNING_KEY_INSERT: Statement = Statement::new(
    "INSERT INTO signing_key (kid, alg, state, version, sealed_public, sealed_private, made_at, current_at, retired_at, gone_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
);
static SIGNING_KEY_CHANGE: Statement = Statement::new(
    "UPDATE signing_key SET state = ?3, version = ?2 + 1, sealed_public = ?4, sealed_private = ?5, current_at = ?6,
                            retired_at = ?7, gone_at = ?8
     WHERE kid = ?1 AND version = ?2",
);

/// Every wrapped data key.
pub async fn data_keys(store: &Store) -> Result<Vec<WrappedKey>> {
    let rows = store.query(&DATA_KEYS, params![]).await?;
    rows.iter()
        .map(|row| {
            Ok(WrappedKey {
                number: u32::try_from(row.int(0)?).unwrap_or(0),
                purpose: row.text(1)?.to_owned(),
                wrapped: row.bytes(2)?.to_vec(),
            })
        })
        .collect()
}

/// Stores the data keys of a new store; a conflict when another node was first.
pub fn insert_data_keys(batch: &mut Batch, keys: &[WrappedKey]) {
    for key in keys {
        batch.push(
            &DATA_KEY_INSERT,
            params![i64::from(key.number), key.purpose.as_str(), key.wrapped.as_slice()],
            Expect::Rows(1),
        );
    }
}

/// Replaces wrapped keys by the same keys under another master key.
pub fn rewrap(batch: &mut Batch, old: &[WrappedKey], new: &[WrappedKey]) {
    for (old, new) in old.iter().zip(new) {
        batch.push(
            &DATA_KEY_REWRAP,
            params![i64::from(old.number), old.wrapped.as_slice(), new.wrapped.as_slice()],
            Expect::Rows(1),
        );
    }
}

/// Every signing key, oldest first.
pub async fn signing_keys(store: &Store) -> Result<Vec<KeyRow>> {
    store.query(&SIGNING_KEYS, params![]).await?.iter().map(key_row).collect()
}

/// Stores a new signing key; a conflict when another node has made a current one of this algorithm.
pub fn insert_signing_key(batch: &mut Batch, key: &KeyRow) {
    batch.push(
        &SIGNING_KEY_INSERT,
        params![
            key.kid.as_str(),
            key.alg.as_str(),
            key.state.as_str(),
            key.version,
            key.sealed_public.as_slice(),
            key.sealed_private.as_slice(),
            key.made_at,
            key.current_at,
            key.retired_at,
            key.gone_at
        ],
        Expect::Rows(1),
    );
}

/// Moves a signing key one version on.
pub fn change_signing_key(batch: &mut Batch, key: &KeyRow) {
    batch.push(
        &SIGNING_KEY_CHANGE,
        params![
            key.kid.as_str(),
            key.version - 1,
            key.state.as_str(),
            key.sealed_public.as_slice(),
            key.sealed_private.as_slice(),
            key.current_at,
            key.retired_at,
            key.gone_at
        ],
        Expect::Rows(1),
    );
}

fn key_row(row: &Row) -> Result<KeyRow> {
    Ok(KeyRow {
        kid: row.text(0)?.to_owned(),
        alg: row.text_as(1, Alg::parse)?,
        state: row.text_as(2, KeyState::parse)?,
        version: row.int(3)?,
        sealed_public: row.bytes(4)?.to_vec(),
        sealed_private: row.bytes(5)?.to_vec(),
        made_at: row.time(6)?,
        current_at: opt_time(row, 7)?,
        retired_at: opt_time(row, 8)?,
        gone_at: opt_time(row, 9)?,
    })
}
