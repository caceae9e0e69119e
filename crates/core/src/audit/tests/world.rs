//! A small audit log of several nodes, made the same way for the same seed.

use crate::audit::{Chain, Checkpoint, CheckpointKey, Event, Export, Head, Key, Lane, Link, NodeName, Record, Report};
use crate::audit::{PublicKey, verify_export};
use crate::id::{RecordId, UserId};
use crate::secret::{Rng, random_bytes};
use crate::testing::SeededRng;
use crate::time::{Span, Time};

pub(super) const START: Time = Time::from_millis(1_700_000_000_000);

/// One stored row, or a checkpoint between rows.
#[derive(Clone)]
pub(super) enum Row {
    Record(Link, String),
    Checkpoint(Checkpoint),
}

pub(super) struct World {
    pub(super) rng: SeededRng,
    pub(super) key: CheckpointKey,
    pub(super) rows: Vec<Row>,
}

pub(super) fn node(name: &str) -> NodeName {
    NodeName::parse(name).unwrap()
}

pub(super) fn below(rng: &dyn Rng, end: usize) -> usize {
    usize::try_from(u64::from_le_bytes(random_bytes(rng)) % u64::try_from(end).unwrap()).unwrap()
}

pub(super) fn record(rng: &SeededRng, at: Time, node: &NodeName) -> Record {
    let event = Event::ALL[below(rng, Event::ALL.len())];
    Record::new(RecordId::new(at, rng), at, node, event)
        .about(UserId::new(at, rng))
        .asked_by("web")
        .in_request("req-1\r\n{\"record\":{}}\u{1b}[2J")
        .because("budget")
        .with(Key::Lane, Lane::Strangers)
        .with(Key::Tried, 50_u32)
        .with(Key::Limit, 50_u32)
}

impl World {
    /// `nodes` chains, `checkpoints` checkpoints with `each` records a chain before every one, and as many after the
    /// last.
    pub(super) fn new(seed: u64, nodes: usize, checkpoints: usize, each: usize) -> Self {
        let rng = SeededRng::new(seed);
        let key = CheckpointKey::random(&rng).unwrap();
        let names: Vec<NodeName> = (0..nodes).map(|i| node(&format!("node-{i}"))).collect();
        let mut chains: Vec<Chain> = names.iter().map(|n| Chain::continue_from(Head::empty(n.clone()))).collect();
        let (mut rows, mut last, mut now) = (Vec::new(), None, START);
        for round in 0..=checkpoints {
            for (chain, name) in chains.iter_mut().zip(&names) {
                for _ in 0..each {
                    now = now + Span::from_seconds(1);
                    let record = record(&rng, now, name);
                    rows.push(Row::Record(chain.link(&record), record.canonical()));
                }
            }
            if round < checkpoints {
                let heads = chains.iter().map(|chain| chain.head().clone()).collect();
                let next = Checkpoint::after(last.as_ref(), now, heads, &key);
                rows.push(Row::Checkpoint(next.clone()));
                last = Some(next);
            }
        }
        Self { rng, key, rows }
    }

    pub(super) fn checkpoints(&self) -> Vec<Checkpoint> {
        let of = |row: &Row| if let Row::Checkpoint(checkpoint) = row { Some(checkpoint.clone()) } else { None };
        self.rows.iter().filter_map(of).collect()
    }

    pub(super) fn text(&self) -> String {
        export(&self.rows, None, &self.key)
    }

    pub(super) fn check(&self, text: &str) -> Report {
        check(text.as_bytes(), None, Some(self.key.public()))
    }
}

pub(super) fn export(rows: &[Row], cut: Option<&Checkpoint>, key: &CheckpointKey) -> String {
    let (mut export, mut text) = Export::begin(START, key.public(), cut, 0);
    for row in rows {
        text += &match row {
            Row::Record(link, canonical) => export.record(link, canonical.as_bytes()),
            Row::Checkpoint(checkpoint) => export.checkpoint(checkpoint),
        };
    }
    text + &export.finish(key)
}

pub(super) fn check(text: &[u8], trusted: Option<&Checkpoint>, expected: Option<PublicKey>) -> Report {
    verify_export(text.split_inclusive(|byte| *byte == b'\n'), trusted, expected)
}
