//! Writes an export: a header, the linked records with the checkpoints between them, and a signed end, each one line
//! of canonical JSON, so that no byte can change unseen.
//!
//! **Order.** For each checkpoint in turn: the records since the one before it, chain by chain in order of names and
//! by number within a chain, then the checkpoint itself; at last, in the same order, the records after the last one.
//!
//! What this must never do: mend what it exports. A stored text that no longer reads as a record goes out as damaged.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::canonical::{self, Unread, base64url, hex};
use super::chain::{Link, NodeName};
use super::checkpoint::{Checkpoint, CheckpointKey, PublicKey};
use super::finding::Fault;
use super::record::Record;
use crate::secret::Digest;
use crate::time::Time;

/// The format that this version writes and reads.
pub(super) const FORMAT: &str = "poundlock-audit-1";

/// One line of an export.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Header(Box<Header>),
    Record(Box<Linked<Record>>),
    /// A linked record whose stored text is not a record any more.
    Damaged(Box<Linked<String>>),
    Checkpoint(Box<Checkpoint>),
    End(Box<End>),
}

impl Line {
    /// Reads a line with its line feed; only what [`Export`] writes is taken.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let text = bytes.strip_suffix(b"\n").ok_or(Fault::LineCut)?;
        let text = std::str::from_utf8(text).map_err(|_| Fault::Unreadable)?;
        canonical::decode(text).map_err(|unread| match unread {
            Unread::Unreadable => Fault::Unreadable,
            Unread::NotCanonical => Fault::NotCanonical,
        })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) at: Time,
    pub(super) key: PublicKey,
    /// Records not linked yet when the export was made, and so not in it.
    pub(super) waiting: u64,
    /// Where a pruned log begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cut: Option<Checkpoint>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Linked<T> {
    pub(super) chain: NodeName,
    pub(super) seq: u64,
    #[serde(with = "hex")]
    pub(super) prev: Digest,
    #[serde(with = "hex")]
    pub(super) hash: Digest,
    pub(super) record: T,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Totals {
    pub(super) records: u64,
    pub(super) checkpoints: u64,
    /// SHA-256 over all lines before.
    #[serde(with = "hex")]
    pub(super) lines: Digest,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) totals: Totals,
    #[serde(with = "base64url")]
    pub(super) signature: Vec<u8>,
}

/// Counts and digests lines, the same way for writer and reader.
#[derive(Clone)]
pub(super) struct Tally {
    lines: digest::Context,
    pub(super) records: u64,
    pub(super) checkpoints: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { lines: digest::Context::new(&digest::SHA256), records: 0, checkpoints: 0 }
    }

    pub(super) fn add(&mut self, line: &[u8]) {
        self.lines.update(line);
    }

    pub(super) fn totals(&self) -> Totals {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.lines.clone().finish().as_ref());
        Totals { records: self.records, checkpoints: self.checkpoints, lines: Digest::from_raw(bytes) }
    }
}

/// Writes an export line by line. Every method returns one line with its line feed.
pub struct Export {
    tally: Tally,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Export({} records)", self.tally.records)
    }
}

impl Export {
    /// Begins an export at `now`. `cut` is the checkpoint at which the log was pruned, if it was; `waiting` counts
    /// the records that have no link yet.
    #[must_use]
    pub fn begin(now: Time, key: PublicKey, cut: Option<&Checkpoint>, waiting: u64) -> (Self, String) {
        let mut export = Self { tally: Tally::new() };
        let header = Header { format: FORMAT.to_owned(), at: now, key, waiting, cut: cut.cloned() };
        let line = export.write(&Line::Header(Box::new(header)));
        (export, line)
    }

    /// The next record, by its stored text; [`super::stretches`] tells the order.
    pub fn record(&mut self, link: &Link, stored: &[u8]) -> String {
        self.tally.records = self.tally.records.saturating_add(1);
        let text = String::from_utf8_lossy(stored);
        // A text that names another record than its link does was swapped in its row.
        match Record::parse(&text).ok().filter(|record| record.id() == link.record) {
            Some(record) => self.write(&Line::Record(Box::new(linked(link, record)))),
            None => self.write(&Line::Damaged(Box::new(linked(link, text.into_owned())))),
        }
    }

    /// The next checkpoint, after all records that it covers.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> String {
        self.tally.checkpoints = self.tally.checkpoints.saturating_add(1);
        self.write(&Line::Checkpoint(Box::new(checkpoint.clone())))
    }

    /// The last line: counts and a digest of all lines before, signed.
    #[must_use]
    pub fn finish(mut self, key: &CheckpointKey) -> String {
        let totals = self.tally.totals();
        let signature = key.sign("export", &canonical::encode(&totals));
        self.write(&Line::End(Box::new(End { totals, signature })))
    }

    fn write(&mut self, line: &Line) -> String {
        let mut text = canonical::encode(line);
        text.push('\n');
        self.tally.add(text.as_bytes());
        text
    }
}

fn linked<T>(link: &Link, record: T) -> Linked<T> {
    Linked { chain: link.chain.clone(), seq: link.seq, prev: link.prev, hash: link.hash, record }
}
