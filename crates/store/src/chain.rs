//! Records linked into the chains of their nodes, and which nodes are alive. A link is never changed, and only a prune
//! removes one; the last of each chain stays for ever, so that its numbers go on.

use poundlock_core::audit::{Head, Link, NodeName};
use poundlock_core::id::RecordId;
use poundlock_core::secret::Digest;
use poundlock_core::time::Time;

use crate::audit::{StoredRecord, record_row};
use crate::column::{digest, id};
use crate::{Batch, Expect, Reader, Result, Row, Statement, Store, params};

// The mark makes it fast, the link decides: a mark that was taken away would otherwise stop the sealer for good.
static UNSEALED: Statement = Statement::new(
    "SELECT r.id, r.body FROM audit_record r WHERE r.node = ?1 AND r.sealed = 0
     AND NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.record = r.id) ORDER BY r.id LIMIT ?2",
);
// By the links and not by the mark: whoever edits the mark of a record to keep it out of every chain is counted.
static UNLINKED: Statement = Statement::new(
    "SELECT r.id, r.body FROM audit_record r
     WHERE NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.record = r.id) ORDER BY r.id LIMIT ?1",
);
static UNLINKED_COUNT: Statement = Statement::new(
    "SELECT count(*) FROM audit_record r WHERE NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.record = r.id)",
);
static TAIL: Statement = Statement::new("SELECT count(*) FROM audit_record r WHERE r.node = ?1 AND r.sealed = 0");
static MARK: Statement = Statement::new("UPDATE audit_record SET sealed = 1 WHERE id = ?1 AND sealed = 0");
static LINK: Statement =
    Statement::new("INSERT INTO audit_link (chain, seq, record, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5)");
static HEAD: Statement =
    Statement::new("SELECT chain, seq, hash FROM audit_link WHERE chain = ?1 ORDER BY seq DESC LIMIT 1");
// Steps from chain to chain along the key: a log of millions of links has few chains.
static HEADS: Statement = Statement::new(
    "WITH RECURSIVE named (chain) AS (
         SELECT min(l.chain) FROM audit_link l
         UNION ALL
         SELECT (SELECT min(l.chain) FROM audit_link l WHERE l.chain > n.chain) FROM named n WHERE n.chain IS NOT NULL
     )
     SELECT l.chain, l.seq, l.hash FROM named n JOIN audit_link l ON l.chain = n.chain
     WHERE l.seq = (SELECT max(m.seq) FROM audit_link m WHERE m.chain = n.chain)",
);
static BETWEEN: Statement = Statement::new(
    "SELECT r.id, r.body, l.seq, l.previous, l.hash FROM audit_link l JOIN audit_record r ON r.id = l.record
     WHERE l.chain = ?1 AND l.seq > ?2 AND l.seq <= ?3 ORDER BY l.seq LIMIT ?4",
);
static SEEN: Statement = Statement::new(
    "INSERT INTO node (name, seen_at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at",
);
// A node without a row died before it could write one, and its records are nobody's.
static SILENT: Statement = Statement::new(
    "SELECT DISTINCT r.node FROM audit_record r LEFT JOIN node n ON n.name = r.node
     WHERE r.sealed = 0 AND (n.seen_at IS NULL OR n.seen_at < ?1)
     AND NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.record = r.id)",
);
static PRUNE_RECORDS: Statement = Statement::new(
    "DELETE FROM audit_record WHERE id IN (SELECT record FROM audit_link WHERE chain = ?1 AND seq <= ?2)",
);
// The last link stays: a chain that began anew at 1 would look forged.
static PRUNE_LINKS: Statement = Statement::new(
    "DELETE FROM audit_link WHERE chain = ?1 AND seq <= ?2
     AND seq < (SELECT max(l.seq) FROM audit_link l WHERE l.chain = ?1)",
);

/// Records of a node that no chain holds yet, oldest first.
pub async fn unsealed(store: &Store, node: &NodeName, limit: i64) -> Result<Vec<StoredRecord>> {
    store.query(&UNSEALED, params![node.as_str(), limit]).await?.iter().map(record_row).collect()
}

/// Records that no chain holds, oldest first, whatever their marks say.
pub async fn unlinked(store: &Store, limit: i64) -> Result<Vec<StoredRecord>> {
    store.query(&UNLINKED, params![limit]).await?.iter().map(record_row).collect()
}

/// How many records no chain holds, whatever their marks say.
pub async fn unlinked_count(r: &mut Reader<'_>) -> Result<i64> {
    r.query_opt(&UNLINKED_COUNT, params![]).await?.map_or(Ok(0), |row| row.int(0))
}

/// How many records of a node wait to be linked, by their marks: what the index gives at once.
pub async fn tail(store: &Store, node: &NodeName) -> Result<i64> {
    store.query_opt(&TAIL, params![node.as_str()]).await?.map_or(Ok(0), |row| row.int(0))
}

/// Puts a record into a chain: a conflict when another sealer was first.
pub fn link(batch: &mut Batch, link: &Link) {
    let seq = i64::try_from(link.seq).unwrap_or(i64::MAX);
    batch.push(&LINK, params![link.chain.as_str(), seq, link.record, link.prev, link.hash], Expect::Rows(1));
    batch.push(&MARK, params![link.record], Expect::Rows(1));
}

/// Where a chain ends; an empty head when it has no link yet.
pub async fn head(store: &Store, chain: &NodeName) -> Result<Head> {
    let row = store.query_opt(&HEAD, params![chain.as_str()]).await?;
    row.as_ref().map_or_else(|| Ok(Head::empty(chain.clone())), head_row)
}

/// Where all chains end, read in the snapshot that reads the checkpoint before. In no order.
pub async fn heads(r: &mut Reader<'_>) -> Result<Vec<Head>> {
    r.query(&HEADS, params![]).await?.iter().map(head_row).collect()
}

/// Links of one chain with their records, `after < seq <= until`, at most `limit`.
pub async fn between(
    store: &Store,
    chain: &NodeName,
    (after, until): (u64, u64),
    limit: i64,
) -> Result<Vec<(Link, StoredRecord)>> {
    let seq = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
    let rows = store.query(&BETWEEN, params![chain.as_str(), seq(after), seq(until), limit]).await?;
    rows.iter()
        .map(|row| {
            let link = Link {
                chain: chain.clone(),
                seq: u64::try_from(row.int(2)?).unwrap_or(0),
                record: id(row, 0, RecordId::from_bytes)?,
                prev: digest(row, 3)?,
                hash: digest(row, 4)?,
            };
            Ok((link, record_row(row)?))
        })
        .collect()
}

/// Marks a node as alive.
pub fn seen(batch: &mut Batch, node: &NodeName, now: Time) {
    batch.push(&SEEN, params![node.as_str(), now], Expect::Rows(1));
}

/// Nodes not seen since `before` that left records which no chain holds.
pub async fn silent(store: &Store, before: Time) -> Result<Vec<NodeName>> {
    store.query(&SILENT, params![before]).await?.iter().map(|row| row.text_as(0, node_name)).collect()
}

/// Removes what a checkpoint covers of one chain: its records up to `head`, and their links but the last of the chain.
pub fn prune(batch: &mut Batch, head: &Head) {
    let seq = i64::try_from(head.seq).unwrap_or(i64::MAX);
    batch.push(&PRUNE_RECORDS, params![head.chain.as_str(), seq], Expect::Any);
    batch.push(&PRUNE_LINKS, params![head.chain.as_str(), seq], Expect::Any);
}

fn head_row(row: &Row) -> Result<Head> {
    let hash: Digest = digest(row, 2)?;
    Ok(Head { chain: row.text_as(0, node_name)?, seq: u64::try_from(row.int(1)?).unwrap_or(0), hash })
}

fn node_name(text: &str) -> Option<NodeName> {
    NodeName::parse(text).ok()
}
