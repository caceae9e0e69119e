//! Keeps a flood out of the log: refusals of one kind, source and target within a minute become one counted record.
//!
//! Only refusals, and only from the sixth a minute on: the record of a change, a success or an alert is always written
//! in the batch that decides (AUD-07). What is held here is the stated buffer of AUD-07: a crash loses counts of at
//! most a minute, while the guard's own counters, spent in the store, lose nothing.
//!
//! What this must never do: hold a change, grow without bound, or keep source addresses longer than their window.

use std::collections::BTreeMap;

use super::event::{Event, Outcome};
use super::record::Record;
use crate::id::RecordId;
use crate::secret::Digest;
use crate::time::{Span, Time};

/// How many refusals alike are written one by one in a window.
const WRITTEN_MAX: u32 = 5;
const WINDOW: Span = Span::from_minutes(1);

/// What to do with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// Write it, in the batch that decides.
    Write(Box<Record>),
    /// Write nothing: it is counted in the record of this reference, which [`Collapser::flush`] gives within a
    /// minute. Show this reference to the caller in place of its own.
    Counted(RecordId),
}

/// Open windows, in bounded memory. Refusals about known users and about nobody have room of their own, so a flood of
/// made-up names cannot crowd out what happens to an account. When the room is used up, refusals without a window
/// share one for each event and reason, without source and target.
#[derive(Debug)]
pub struct Collapser {
    users: Windows,
    nobody: Windows,
}

#[derive(Debug, Default)]
struct Windows {
    open: BTreeMap<Digest, Window>,
    shared: BTreeMap<Digest, Window>,
    most: usize,
}

#[derive(Debug)]
struct Window {
    since: Time,
    seen: u32,
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    record: Record,
    count: u32,
    last_at: Time,
}

impl Collapser {
    /// Keeps at most `windows_max` windows each for known users and for nobody. A window takes about 1 KiB, 8 at
    /// worst.
    #[must_use]
    pub fn new(windows_max: usize) -> Self {
        let windows = || Windows { most: windows_max, ..Windows::default() };
        Self { users: windows(), nobody: windows() }
    }

    /// Decides about one record. `source` is the address or prefix; `target` the account's id or the pseudo-id of an
    /// unknown name. Both stay in memory only, as a digest.
    pub fn offer(&mut self, record: Record, source: &str, target: &[u8], now: Time) -> Offered {
        // A change, a success, or anything raised to an alert: never held.
        if record.outcome() != Outcome::Refused {
            return Offered::Write(Box::new(record));
        }
        // What comes before a first proof is anybody's guess at a name: known and unknown names share one room, or a
        // flood would tell them apart by which of them still gets a reference of its own (THR-14).
        let guessed = matches!(
            record.event(),
            Event::LoginFirstRefused | Event::LoginDelayed | Event::LoginBlocked | Event::LoginShed
        );
        let windows = if record.user().is_some() && !guessed { &mut self.users } else { &mut self.nobody };
        windows.offer(record, source, target, now)
    }

    /// The counted records of the windows that are over. Call it every second, and write what it gives.
    pub fn flush(&mut self, now: Time) -> Vec<Record> {
        // A clock that was set back ends a window early, rather than holding it until the old time comes again.
        let over = |since: Time| !(Span::ZERO..WINDOW).contains(&(now - since));
        self.take(over)
    }

    /// All counted records, at shutdown.
    pub fn drain(&mut self) -> Vec<Record> {
        self.take(|_| true)
    }

    /// The record that counts under `reference`, as it would be written now. For those who ask before it is.
    #[must_use]
    pub fn held(&self, reference: RecordId) -> Option<Record> {
        let windows = [&self.users.open, &self.users.shared, &self.nobody.open, &self.nobody.shared];
        let mut held = windows.into_iter().flat_map(BTreeMap::values).filter_map(|window| window.held.as_ref());
        let found = held.find(|held| held.record.id() == reference)?;
        Some(found.record.clone().counting(found.count, found.last_at))
    }

    fn take(&mut self, over: impl Fn(Time) -> bool) -> Vec<Record> {
        let mut counted = Vec::new();
        for windows in [&mut self.users, &mut self.nobody] {
            for open in [&mut windows.open, &mut windows.shared] {
                open.retain(|_, window| {
                    let ended = over(window.since);
                    if ended && let Some(held) = window.held.take() {
                        counted.push(held.record.counting(held.count, held.last_at));
                    }
                    !ended
                });
            }
        }
        counted.sort_by_key(Record::id);
        counted
    }
}

impl Windows {
    fn offer(&mut self, record: Record, source: &str, target: &[u8], now: Time) -> Offered {
        let (event, reason) = (record.event().name().as_bytes(), record.reason().unwrap_or("").as_bytes());
        let own = key(&[event, reason, source.as_bytes(), target]);
        if self.open.contains_key(&own) || self.open.len() < self.most {
            return self.open.entry(own).or_insert_with(|| Window::new(now)).offer(record, now, |record| record);
        }
        let shared = key(&[event, reason]);
        self.shared.entry(shared).or_insert_with(|| Window::new(now)).offer(record, now, Record::anonymous)
    }
}

impl Window {
    const fn new(since: Time) -> Self {
        Self { since, seen: 0, held: None }
    }

    fn offer(&mut self, record: Record, now: Time, keep: impl FnOnce(Record) -> Record) -> Offered {
        self.seen = self.seen.saturating_add(1);
        if self.seen <= WRITTEN_MAX {
            return Offered::Write(Box::new(record));
        }
        let held = self.held.get_or_insert_with(|| Held { record: keep(record), count: 0, last_at: now });
        held.count = held.count.saturating_add(1);
        held.last_at = now;
        Offered::Counted(held.record.id())
    }
}

/// One digest for the parts; the lengths keep them apart.
fn key(parts: &[&[u8]]) -> Digest {
    let mut input = Vec::new();
    for part in parts {
        input.extend_from_slice(&(part.len() as u64).to_be_bytes());
        input.extend_from_slice(part);
    }
    Digest::of(&input)
}
