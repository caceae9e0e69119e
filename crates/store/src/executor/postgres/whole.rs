//! A whole PostgreSQL store out of one snapshot, and a whole store in, in one transaction.

use std::pin::pin;

use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt;
use tokio::sync::mpsc;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::connect::Held;
use super::hold::LOCK;
use super::{MIGRATION_LOCK, Postgres, error};
use crate::copy::{Kind, PAGE_ROWS, Page, Sum, Table};
use crate::error::StoreError;
use crate::executor::sqlite::hold::taken;
use crate::options::Hold;
use crate::value::Value;

type Result<T> = std::result::Result<T, StoreError>;

/// A copy takes as long as it takes.
const NO_LIMITS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
     SET LOCAL lock_timeout = '10s'";

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn failed(e: tokio_postgres::Error) -> StoreError {
    error::read(&e, "a copy of the store")
}

fn kind(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::INT8,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    }
}

impl Postgres {
    /// Sends every row of `tables` as they stood at one moment, and gives their counts and digests.
    pub(crate) async fn dump(&self, tables: &[Table], pages: mpsc::Sender<Page>) -> Result<Vec<Sum>> {
        let held = Held::take(&self.pool).await?;
        let client = held.client()?;
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {NO_LIMITS}");
        client.batch_execute(&begin).await.map_err(failed)?;
        let mut sums = Vec::new();
        for (place, table) in tables.iter().enumerate() {
            let (mut page, mut sum) = (Vec::with_capacity(PAGE_ROWS), Sum::new(table));
            let mut rows = pin!(client.query_raw(&table.select(true), no_params()).await.map_err(failed)?);
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                let values: Vec<Value> = values(&row)?;
                sum.add(&values);
                page.push(values);
                if page.len() == PAGE_ROWS {
                    give(&pages, (place, std::mem::take(&mut page))).await?;
                }
            }
            give(&pages, (place, page)).await?;
            sums.push(sum);
        }
        client.batch_execute("COMMIT").await.map_err(failed)?;
        held.give_back();
        Ok(sums)
    }

    /// Replaces all there is by the rows that come, and commits only if what was then read back has the counts and
    /// digests of `sums`. Dropping the connection undoes it.
    pub(crate) async fn load(&self, tables: &[Table], mut pages: mpsc::Receiver<Page>, sums: &[Sum]) -> Result<()> {
        let held = Held::take(&self.pool).await?;
        let client = held.client()?;
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {NO_LIMITS}; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
        );
        client.batch_execute(&begin).await.map_err(failed)?;
        refuse_shared(client).await?;
        let names: Vec<String> = tables.iter().map(Table::quoted).collect();
        client.batch_execute(&format!("TRUNCATE {}", names.join(", "))).await.map_err(failed)?;
        while let Some((place, rows)) = pages.recv().await {
            if let Some(table) = tables.get(place) {
                copy_in(client, table, &rows).await?;
            }
        }
        for (table, want) in tables.iter().zip(sums) {
            if read_back(client, table).await? != *want {
                return Err(StoreError::Fault(format!("{} was not copied whole: nothing was changed", table.name)));
            }
        }
        client.batch_execute("COMMIT").await.map_err(failed)?;
        held.give_back();
        Ok(())
    }
}

/// Refuses while anybody else has the store. Asked in the transaction itself, and held to its end: whoever starts
/// meanwhile finds what it leaves, and nothing before that.
async fn refuse_shared(client: &ClientWrapper) -> Result<()> {
    let sql = format!("SELECT pg_try_advisory_xact_lock({LOCK})");
    let is_alone: bool = client.query_one(&sql, &[]).await.and_then(|row| row.try_get(0)).map_err(failed)?;
    if is_alone { Ok(()) } else { Err(StoreError::Refused(taken(Hold::Alone).to_owned())) }
}

fn values(row: &tokio_postgres::Row) -> Result<Vec<Value>> {
    (0..row.len()).map(|i| row.try_get(i)).collect::<std::result::Result<_, _>>().map_err(failed)
}

fn no_params() -> std::iter::Empty<Value> {
    std::iter::empty()
}

async fn give(pages: &mpsc::Sender<Page>, page: Page) -> Result<()> {
    pages.send(page).await.map_err(|_| StoreError::Unavailable("the copy was broken off".to_owned()))
}

async fn copy_in(client: &ClientWrapper, table: &Table, rows: &[Vec<Value>]) -> Result<()> {
    let types: Vec<Type> = table.columns.iter().map(|(_, column)| kind(*column)).collect();
    let mut writer = pin!(BinaryCopyInWriter::new(client.copy_in(&table.copy_in()).await.map_err(failed)?, &types));
    for row in rows {
        writer.as_mut().write_raw(row.iter()).await.map_err(failed)?;
    }
    writer.finish().await.map_err(failed)?;
    Ok(())
}

async fn read_back(client: &ClientWrapper, table: &Table) -> Result<Sum> {
    let mut sum = Sum::new(table);
    let mut rows = pin!(client.query_raw(&table.select(true), no_params()).await.map_err(failed)?);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        sum.add(&values(&row)?);
    }
    Ok(sum)
}
