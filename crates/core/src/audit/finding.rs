//! What a check of an export tells: counts, and findings in plain words with their line.
//!
//! What this must never do: call a log whole that has a finding.

use std::fmt;

use super::chain::{Head, NodeName};
use super::checkpoint::PublicKey;
use super::utc::utc;
use crate::time::Time;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line of the export, from 1; `None` when it is about what is missing.
    pub line: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with an export.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not a line of an export.
    #[error("this line cannot be read")]
    Unreadable,
    /// Readable, but not in our spelling.
    #[error("this line was written by another program: it is not in canonical form")]
    NotCanonical,
    /// The line has no end.
    #[error("this line has no line feed: the export was cut in its middle")]
    LineCut,
    /// The first line is no header.
    #[error("the header is missing")]
    NoHeader,
    /// A header that is not the first line.
    #[error("a second header: two exports were joined or lines were moved")]
    HeaderAgain,
    /// A format that this version does not know.
    #[error("the export has a format that this version does not know")]
    UnknownFormat,
    /// Another key than the one asked for.
    #[error("the export names another checkpoint key than the one expected")]
    WrongKey,
    /// The checkpoint at which the log was pruned is not signed.
    #[error("the checkpoint at which this log begins is not signed by its key")]
    CutForged,
    /// The stored text of a linked record is not a record.
    #[error("record {seq} of chain {chain} is damaged: its stored text is not a record")]
    Damaged {
        /// The chain.
        chain: NodeName,
        /// The number in it.
        seq: u64,
    },
    /// The record does not match its hash.
    #[error("record {seq} of chain {chain} was edited: it does not match its hash")]
    Edited {
        /// The chain.
        chain: NodeName,
        /// The number in it.
        seq: u64,
    },
    /// The record does not follow the one before it.
    #[error("record {seq} of chain {chain} does not follow the one before it: one of them was replaced")]
    BrokenLink {
        /// The chain.
        chain: NodeName,
        /// The number in it.
        seq: u64,
    },
    /// Numbers are missing.
    #[error("records {first} to {last} of chain {chain} are missing")]
    Gap {
        /// The chain.
        chain: NodeName,
        /// The first missing number.
        first: u64,
        /// The last missing number.
        last: u64,
    },
    /// A number that was there already.
    #[error("record {seq} of chain {chain} comes again or out of order")]
    Repeated {
        /// The chain.
        chain: NodeName,
        /// The number in it.
        seq: u64,
    },
    /// The chains between two checkpoints are out of order.
    #[error("records of chain {chain} are out of their place between two checkpoints")]
    ChainOrder {
        /// The chain.
        chain: NodeName,
    },
    /// The checkpoint's signature is bad.
    #[error("checkpoint {number} is not signed by its key")]
    CheckpointForged {
        /// The number it claims.
        number: u64,
    },
    /// The checkpoint does not follow the one before it.
    #[error("checkpoint {number} does not follow the one before it: checkpoints are missing, moved or repeated")]
    CheckpointOrder {
        /// The number it claims.
        number: u64,
    },
    /// The checkpoint names another end of a chain.
    #[error("checkpoint {number} names another end of chain {chain} than this export has here")]
    CheckpointHead {
        /// The checkpoint.
        number: u64,
        /// The chain.
        chain: NodeName,
    },
    /// The end is missing.
    #[error("the end is missing: the export was cut off")]
    NoEnd,
    /// The end does not match.
    #[error("the end does not match the lines before it, or is not signed by the key")]
    EndForged,
    /// Lines after the end.
    #[error("there are lines after the end")]
    AfterEnd,
    /// The trusted checkpoint is not signed by the key.
    #[error("the trusted checkpoint is not signed by this export's key")]
    TrustedForged,
    /// The log is shorter than the trusted checkpoint says.
    #[error("chain {chain} was cut: it ends at {has}, but the trusted checkpoint saw {wants}")]
    Truncated {
        /// The chain.
        chain: NodeName,
        /// The last number here.
        has: u64,
        /// The number that the checkpoint names.
        wants: u64,
    },
    /// Checkpoints up to the trusted one are missing.
    #[error("checkpoints were cut: the last one here is {has}, but the trusted one is {wants}")]
    CheckpointsCut {
        /// The last number here.
        has: u64,
        /// The number of the trusted checkpoint.
        wants: u64,
    },
    /// The checkpoint of this number is another than the trusted one.
    #[error("checkpoint {number} is not the trusted one of that number")]
    CheckpointForked {
        /// The number.
        number: u64,
    },
    /// The log is another one than the trusted checkpoint saw.
    #[error("chain {chain} was written anew: record {seq} is not the one that the trusted checkpoint saw")]
    Forked {
        /// The chain.
        chain: NodeName,
        /// The number in it.
        seq: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.fault),
            None => write!(f, "{}", self.fault),
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Where each chain ends, by name.
    pub chains: Vec<Head>,
    /// Records read.
    pub records: u64,
    /// Checkpoints read.
    pub checkpoints: u64,
    /// Records that a good checkpoint covers.
    pub sealed: u64,
    /// Records after the last good checkpoint. Only the export's own signature speaks for them.
    pub unsealed: u64,
    /// Records that were not linked yet when the export was made.
    pub waiting: u64,
    /// When the log was pruned: the time of the checkpoint at which it begins.
    pub begins_at: Option<Time>,
    /// The time of the last good checkpoint.
    pub last_checkpoint: Option<Time>,
    /// The key that the signatures were checked with.
    pub key: Option<PublicKey>,
    /// Whether that key was given by the caller. If not, the export vouches for itself only.
    pub key_expected: bool,
    /// What is wrong; the first thousand.
    pub findings: Vec<Finding>,
    /// How many findings more there were.
    pub more: u64,
}

const FINDINGS_MAX: usize = 1000;

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn add(&mut self, line: Option<u64>, fault: Fault) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { line, fault });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl fmt::Display for Report {
    /// The report as the command line prints it: lines of plain words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} records in {} chains, {} checkpoints", self.records, self.chains.len(), self.checkpoints)?;
        if let Some(begin) = self.begins_at {
            writeln!(f, "pruned: begins at the checkpoint of {}", utc(begin))?;
        }
        let last = self.last_checkpoint.map_or_else(|| "none".to_owned(), utc);
        writeln!(
            f,
            "{} sealed (last checkpoint: {last}), {} after it, {} not linked",
            self.sealed, self.unsealed, self.waiting
        )?;
        if let (Some(key), false) = (self.key, self.key_expected) {
            writeln!(f, "checked with the key that the export itself names: {key}; compare it with yours")?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        if self.more > 0 {
            writeln!(f, "and {} findings more", self.more)?;
        }
        f.write_str(if self.holds() { "the log holds" } else { "the log DOES NOT HOLD" })
    }
}
