//! Notices that wait to be sent: written in the batch of what they tell of, so that none is lost and none is made up.

use poundlock_core::id::{NoticeId, UserId};
use poundlock_core::notice::{Kind, NoticeRow};

use crate::column::id;
use crate::{Batch, Expect, Result, Statement, Store, params};

static INSERT: Statement =
    Statement::new("INSERT INTO outbox (id, account, kind, sealed, made_at) VALUES (?1, ?2, ?3, ?4, ?5)");
static WAITING: Statement =
    Statement::new("SELECT id, account, kind, sealed, made_at FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2");
static END_ALL: Statement = Statement::new("DELETE FROM outbox");

/// Adds a notice.
pub fn insert(batch: &mut Batch, row: &NoticeRow) {
    batch.push(
        &INSERT,
        params![row.id, row.user, row.kind.as_str(), row.sealed.as_slice(), row.made_at],
        Expect::Rows(1),
    );
}

/// The oldest notices after `after`. One of a kind that this program does not know is left to a later one.
pub async fn waiting(store: &Store, after: NoticeId, limit: i64) -> Result<Vec<NoticeRow>> {
    let rows = store.query(&WAITING, params![after, limit]).await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(kind) = Kind::parse(row.text(2)?) else { continue };
        waiting.push(NoticeRow {
            id: id(row, 0, NoticeId::from_bytes)?,
            user: id(row, 1, UserId::from_bytes)?,
            kind,
            sealed: row.bytes(3)?.to_vec(),
            made_at: row.time(4)?,
        });
    }
    Ok(waiting)
}

/// Removes every notice: a restore, whose notices were sent long ago.
pub fn end_all(batch: &mut Batch) {
    batch.push(&END_ALL, params![], Expect::Any);
}
