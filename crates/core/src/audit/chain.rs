//! The hash chain of one node: each link covers its record, its number and the link before it, so an edit, a gap or a
//! swap shows (AUD-06).
//!
//! What this must never do: link a record twice, or restart a chain that has a head.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::canonical::hex;
use super::record::Record;
use crate::id::RecordId;
use crate::secret::Digest;

/// The name of a node, which also names its chain: 1 to 64 of `a-z 0-9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct NodeName(String);

/// The text is not a node name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a node name has 1 to 64 characters of a-z, 0-9, '.', '_' and '-'")]
pub struct BadNodeName;

/// Where a chain ends: what the next link builds on, and what a checkpoint names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The chain.
    pub chain: NodeName,
    /// Number of the last link; 0 when there is none yet.
    pub seq: u64,
    /// Hash of the last link.
    #[serde(with = "hex")]
    pub hash: Digest,
}

/// A record's place in a chain. Storage keeps (chain, seq) unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The chain.
    pub chain: NodeName,
    /// The number in it, from 1, without gaps.
    pub seq: u64,
    /// The record that is linked.
    pub record: RecordId,
    /// Hash of the link before.
    pub prev: Digest,
    /// Hash over all of the above and the record's canonical text.
    pub hash: Digest,
}

/// A chain while it is written: by its node's sealer alone. When another node seals the records of a dead one, it
/// links them into its own chain, so a node that comes back never finds its numbers taken.
#[derive(Clone, Debug)]
pub struct Chain {
    head: Head,
}

impl NodeName {
    /// Reads a node name.
    ///
    /// # Errors
    /// [`BadNodeName`] when it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, BadNodeName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let good = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        if good { Ok(Self(text.to_owned())) } else { Err(BadNodeName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NodeName {
    type Error = BadNodeName;
    fn try_from(text: String) -> Result<Self, BadNodeName> {
        Self::parse(&text)
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Head {
    /// The head of a chain without links.
    #[must_use]
    pub fn empty(chain: NodeName) -> Self {
        let mut input = b"poundlock audit chain v1".to_vec();
        input.extend_from_slice(chain.as_str().as_bytes());
        Self { hash: Digest::of(&input), seq: 0, chain }
    }
}

impl Chain {
    /// Goes on after `head`; begin with [`Head::empty`].
    #[must_use]
    pub const fn continue_from(head: Head) -> Self {
        Self { head }
    }

    /// Where the chain ends now.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Links a record.
    pub fn link(&mut self, record: &Record) -> Link {
        self.link_stored(record.id(), record.canonical().as_bytes())
    }

    /// Links a record by its stored text, unread: what was stored is what is linked, damaged or not.
    pub fn link_stored(&mut self, record: RecordId, stored: &[u8]) -> Link {
        let seq = self.head.seq.saturating_add(1);
        let prev = self.head.hash;
        let hash = link_hash(&self.head.chain, seq, &prev, stored);
        self.head.seq = seq;
        self.head.hash = hash;
        Link { chain: self.head.chain.clone(), seq, record, prev, hash }
    }
}

/// The links of one chain that an export has to write next: `after < seq <= until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The chain.
    pub chain: NodeName,
    /// The last number written before; 0 at the beginning.
    pub after: u64,
    /// The last number to write.
    pub until: u64,
}

/// What lies between two sets of heads, in the order of an export: between two checkpoints, or from the last one to
/// the present heads. Chains that did not grow are left out.
#[must_use]
pub fn stretches(after: &[Head], until: &[Head]) -> Vec<Stretch> {
    let before = |chain: &NodeName| after.iter().find(|head| head.chain == *chain).map_or(0, |head| head.seq);
    let stretch = |head: &Head| Stretch { chain: head.chain.clone(), after: before(&head.chain), until: head.seq };
    let mut grown: Vec<Stretch> = until.iter().map(stretch).filter(|s| s.after < s.until).collect();
    grown.sort_by(|a, b| a.chain.cmp(&b.chain));
    grown
}

/// The hash of a link. Texts go in behind their lengths, so no two links share an input.
pub(super) fn link_hash(chain: &NodeName, seq: u64, prev: &Digest, stored: &[u8]) -> Digest {
    let mut input = Vec::with_capacity(stored.len() + 160);
    input.extend_from_slice(b"poundlock audit link v1");
    for part in [chain.as_str().as_bytes(), stored] {
        input.extend_from_slice(&(part.len() as u64).to_be_bytes());
        input.extend_from_slice(part);
    }
    input.extend_from_slice(&seq.to_be_bytes());
    input.extend_from_slice(prev.as_bytes());
    Digest::of(&input)
}
