//! Known devices: pairs of a device and an account, made by completed logins.

use poundlock_core::device::DeviceRow;
use poundlock_core::id::{DeviceId, UserId};
use poundlock_core::time::Time;

use crate::column::{id, opt_time};
use crate::{Batch, Expect, Result, Statement, Store, params};

static LISTED: Statement =
    Statement::new("SELECT id, fails, made_at, used_at, revoked_at FROM device WHERE account = ?1 ORDER BY id");
static BY_ID: Statement = Statement::new("SELECT account, fails, revoked_at FROM device WHERE id = ?1");
static INSERT: Statement = Statement::new(
    "INSERT INTO device (id, account, fails, made_at, used_at, revoked_at) VALUES (?1, ?2, 0, ?3, ?3, NULL)",
);
static SPEND: Statement = Statement::new(
    "UPDATE device SET fails = fails + 1 WHERE id = ?1 AND account = ?2 AND revoked_at IS NULL AND fails < ?3",
);
static PROVED: Statement =
    Statement::new("UPDATE device SET fails = 0, used_at = ?3 WHERE id = ?1 AND account = ?2 AND revoked_at IS NULL");
static REVOKED: Statement = Statement::new("SELECT id, revoked_at FROM device WHERE revoked_at IS NOT NULL");
static REVOKE_AGAIN: Statement =
    Statement::new("UPDATE device SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL");
static REVOKE: Statement =
    Statement::new("UPDATE device SET revoked_at = ?3 WHERE id = ?1 AND account = ?2 AND revoked_at IS NULL");
static REVOKE_OTHERS: Statement =
    Statement::new("UPDATE device SET revoked_at = ?3 WHERE account = ?1 AND revoked_at IS NULL AND id <> ?2");

/// A known device as its owner sees it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Row id.
    pub id: DeviceId,
    /// Failures in a row.
    pub fails: i64,
    /// When it became known.
    pub made_at: Time,
    /// When it last completed a login.
    pub used_at: Time,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Time>,
}

/// The devices of an account.
pub async fn listed(store: &Store, user: UserId) -> Result<Vec<Listed>> {
    let rows = store.query(&LISTED, params![user]).await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                id: id(row, 0, DeviceId::from_bytes)?,
                fails: row.int(1)?,
                made_at: row.time(2)?,
                used_at: row.time(3)?,
                revoked_at: opt_time(row, 4)?,
            })
        })
        .collect()
}

/// Reads a device's row.
pub async fn by_id(store: &Store, device: DeviceId) -> Result<Option<DeviceRow>> {
    let Some(row) = store.query_opt(&BY_ID, params![device]).await? else { return Ok(None) };
    Ok(Some(DeviceRow {
        id: device,
        user: id(&row, 0, UserId::from_bytes)?,
        tried_in_a_row: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
        ended: opt_time(&row, 2)?,
    }))
}

/// Makes a device known.
pub fn insert(batch: &mut Batch, device: DeviceId, user: UserId, now: Time) {
    batch.push(&INSERT, params![device, user, now], Expect::Rows(1));
}

/// Counts a failure in advance, while the device may still fail: `fails_max` in a row make it a stranger.
pub fn spend(batch: &mut Batch, device: DeviceId, user: UserId, fails_max: i64) {
    batch.push(&SPEND, params![device, user, fails_max], Expect::Rows(1));
}

/// A login completed on it: its failures are forgotten.
pub fn proved(batch: &mut Batch, device: DeviceId, user: UserId, now: Time) {
    batch.push(&PROVED, params![device, user, now], Expect::AtMost(1));
}

/// Revokes one device.
pub fn revoke(batch: &mut Batch, device: DeviceId, user: UserId, now: Time) {
    batch.push(&REVOKE, params![device, user, now], Expect::Rows(1));
}

/// Revokes all devices of an account but `kept`.
pub fn revoke_others(batch: &mut Batch, user: UserId, kept: Option<DeviceId>, now: Time) {
    let kept = kept.map_or(vec![0; 16], |id| id.as_bytes().to_vec());
    batch.push(&REVOKE_OTHERS, params![user, kept, now], Expect::Any);
}

/// Every device that was made a stranger, and when.
pub async fn revoked(store: &Store) -> Result<Vec<(DeviceId, Time)>> {
    let rows = store.query(&REVOKED, params![]).await?;
    rows.iter().map(|row| Ok((id(row, 0, DeviceId::from_bytes)?, row.time(1)?))).collect()
}

/// Makes a device a stranger again, if a restore has brought it back.
pub fn revoke_again(batch: &mut Batch, device: DeviceId, at: Time) {
    batch.push(&REVOKE_AGAIN, params![device, at], Expect::AtMost(1));
}
