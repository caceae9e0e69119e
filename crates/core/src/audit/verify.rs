//! Checks an export offline: edits, deletions, insertions, swaps, truncation, forged checkpoints, wrong keys.
//!
//! What it cannot see: records cut off after the last checkpoint that left the host, by somebody who also holds the
//! checkpoint key; and anything at all if neither the key nor a checkpoint comes from elsewhere.
//!
//! What this must never do: stop at the first finding, or repair what it reads.

use std::collections::BTreeMap;

use super::canonical;
use super::chain::{Head, NodeName, link_hash};
use super::checkpoint::{Checkpoint, PublicKey};
use super::export::{End, FORMAT, Header, Line, Linked, Tally};
use super::finding::{Fault, Report};
use super::record::Record;
use crate::secret::Digest;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Body,
    Done,
}

/// Reads an export line by line.
pub struct Verifier<'a> {
    trusted: Option<&'a Checkpoint>,
    stage: Stage,
    line: u64,
    tally: Tally,
    heads: BTreeMap<NodeName, Head>,
    /// The chain read last since the last checkpoint.
    current: Option<NodeName>,
    /// Number and digest of the last checkpoint.
    last: (u64, Digest),
    report: Report,
}

/// Checks a whole export. Each of `lines` has its line feed, as `split_inclusive` and `read_until` give it:
/// `BufRead::lines` would hide a stray carriage return. `trusted` is a checkpoint from the log stream that is not
/// younger than the export; `expected` is the public key as noted elsewhere.
pub fn verify_export(
    lines: impl IntoIterator<Item = impl AsRef<[u8]>>,
    trusted: Option<&Checkpoint>,
    expected: Option<PublicKey>,
) -> Report {
    let mut verifier = Verifier::new(trusted, expected);
    for line in lines {
        verifier.line(line.as_ref());
    }
    verifier.finish()
}

impl<'a> Verifier<'a> {
    /// Begins; the parameters are those of [`verify_export`].
    #[must_use]
    pub fn new(trusted: Option<&'a Checkpoint>, expected: Option<PublicKey>) -> Self {
        let report = Report { key: expected, key_expected: expected.is_some(), ..Report::default() };
        Self {
            trusted,
            stage: Stage::Start,
            line: 0,
            tally: Tally::new(),
            heads: BTreeMap::new(),
            current: None,
            last: (0, Checkpoint::before_first()),
            report,
        }
    }

    /// Reads the next line, with its line feed.
    pub fn line(&mut self, bytes: &[u8]) {
        self.line = self.line.saturating_add(1);
        if self.stage == Stage::Done {
            return self.fault(Fault::AfterEnd);
        }
        let read = Line::read(bytes);
        if self.stage == Stage::Start {
            self.stage = Stage::Body;
            if !matches!(read, Ok(Line::Header(_))) {
                self.fault(Fault::NoHeader);
            }
        }
        match read {
            Ok(Line::Header(_)) if self.line > 1 => self.fault(Fault::HeaderAgain),
            Ok(Line::Header(header)) => self.header(*header),
            Ok(Line::Record(linked)) => self.record(&linked),
            Ok(Line::Damaged(linked)) => self.damaged(&linked),
            Ok(Line::Checkpoint(checkpoint)) => self.checkpoint(&checkpoint),
            Ok(Line::End(end)) => self.end(&end),
            Err(fault) => self.fault(fault),
        }
        self.tally.add(bytes);
    }

    /// Ends the check.
    #[must_use]
    pub fn finish(mut self) -> Report {
        if self.stage != Stage::Done {
            self.report.add(None, Fault::NoEnd);
        }
        if let Some(trusted) = self.trusted {
            self.compare_ends(trusted);
        }
        self.report.records = self.tally.records;
        self.report.checkpoints = self.tally.checkpoints;
        self.report.unsealed = self.tally.records.saturating_sub(self.report.sealed);
        self.report.chains = self.heads.into_values().collect();
        self.report
    }

    fn compare_ends(&mut self, trusted: &Checkpoint) {
        if !self.signed(trusted) {
            self.report.add(None, Fault::TrustedForged);
        }
        if self.last.0 < trusted.number() {
            self.report.add(None, Fault::CheckpointsCut { has: self.last.0, wants: trusted.number() });
        }
        for head in trusted.heads() {
            let has = self.heads.get(&head.chain).map_or(0, |head| head.seq);
            if has < head.seq {
                self.report.add(None, Fault::Truncated { chain: head.chain.clone(), has, wants: head.seq });
            }
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.report.add(Some(self.line), fault);
    }

    fn header(&mut self, header: Header) {
        if header.format != FORMAT {
            self.fault(Fault::UnknownFormat);
        }
        if *self.report.key.get_or_insert(header.key) != header.key {
            self.fault(Fault::WrongKey);
        }
        self.report.waiting = header.waiting;
        if let Some(cut) = header.cut {
            self.begin_at(&cut);
        }
    }

    fn begin_at(&mut self, cut: &Checkpoint) {
        if !self.signed(cut) {
            self.fault(Fault::CutForged);
        }
        self.report.begins_at = Some(cut.at());
        self.report.last_checkpoint = Some(cut.at());
        self.reach(cut);
        for head in cut.heads() {
            self.refuse_fork(&head.chain, head.seq, &head.hash);
            self.heads.insert(head.chain.clone(), head.clone());
        }
    }

    fn reach(&mut self, checkpoint: &Checkpoint) {
        let number = checkpoint.number();
        if self.trusted.is_some_and(|trusted| trusted.number() == number && trusted != checkpoint) {
            self.fault(Fault::CheckpointForked { number });
        }
        self.last = (number, checkpoint.digest());
    }

    fn record(&mut self, linked: &Linked<Record>) {
        self.follow(linked);
        if link_hash(&linked.chain, linked.seq, &linked.prev, linked.record.canonical().as_bytes()) != linked.hash {
            self.fault(Fault::Edited { chain: linked.chain.clone(), seq: linked.seq });
        }
    }

    fn damaged(&mut self, linked: &Linked<String>) {
        self.follow(linked);
        self.fault(Fault::Damaged { chain: linked.chain.clone(), seq: linked.seq });
    }

    /// Checks a link against the one before it. After a fault it goes on from what the link says, so that one edit
    /// gives one finding and not one a line.
    fn follow<T>(&mut self, linked: &Linked<T>) {
        self.tally.records = self.tally.records.saturating_add(1);
        let (chain, seq) = (linked.chain.clone(), linked.seq);
        self.refuse_fork(&chain, seq, &linked.hash);
        if self.current.replace(chain.clone()).is_some_and(|before| before > chain) {
            self.fault(Fault::ChainOrder { chain: chain.clone() });
        }
        let head = self.heads.entry(chain.clone()).or_insert_with(|| Head::empty(chain.clone()));
        let (last, hash) = (head.seq, head.hash);
        if seq <= last {
            return self.fault(Fault::Repeated { chain, seq });
        }
        head.seq = seq;
        head.hash = linked.hash;
        let next = last.saturating_add(1);
        if seq > next {
            self.fault(Fault::Gap { chain, first: next, last: seq - 1 });
        } else if hash != linked.prev {
            self.fault(Fault::BrokenLink { chain, seq });
        }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        let (number, before) = (checkpoint.number(), self.report.findings.len());
        self.tally.checkpoints = self.tally.checkpoints.saturating_add(1);
        if !self.signed(checkpoint) {
            self.fault(Fault::CheckpointForged { number });
        }
        if (number.checked_sub(1), checkpoint.prev()) != (Some(self.last.0), &self.last.1) {
            self.fault(Fault::CheckpointOrder { number });
        }
        self.reach(checkpoint);
        self.current = None;
        for chain in checkpoint.chains_that_differ(&self.heads) {
            self.fault(Fault::CheckpointHead { number, chain });
        }
        if self.report.findings.len() == before {
            self.report.sealed = self.tally.records;
            self.report.last_checkpoint = Some(checkpoint.at());
        }
    }

    fn end(&mut self, end: &End) {
        self.stage = Stage::Done;
        let signed = |key: PublicKey| key.verifies("export", &canonical::encode(&end.totals), &end.signature);
        if end.totals != self.tally.totals() || !self.report.key.is_some_and(signed) {
            self.fault(Fault::EndForged);
        }
    }

    fn signed(&self, checkpoint: &Checkpoint) -> bool {
        self.report.key.is_some_and(|key| checkpoint.signed_by(&key))
    }

    fn refuse_fork(&mut self, chain: &NodeName, seq: u64, hash: &Digest) {
        let heads = self.trusted.map_or(&[][..], Checkpoint::heads);
        if heads.iter().any(|head| head.chain == *chain && head.seq == seq && head.hash != *hash) {
            self.fault(Fault::Forked { chain: chain.clone(), seq });
        }
    }
}

impl std::fmt::Debug for Verifier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verifier(line {})", self.line)
    }
}
