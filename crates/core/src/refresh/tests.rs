//! What the refresh tests share: keys, families and a store in memory that commits as the real one must.

mod family;
mod model;

mod rotation;
mod table;
mod token;

use super::{Decision, Ending, Facts, Family, FamilyRow, RefreshToken, Retry, Rotation, Start, TheftKind, decide};
use crate::id::{FamilyId, LoginId, SessionId};
use crate::seal::{Keyring, MasterKey};
use crate::secret::{Digest, Secret};
use crate::testing::SeededRng;
use crate::time::{Span, Time};

pub(super) const START: Time = Time::from_millis(1_800_000_000_000);
pub(super) const HOME: &[u8] = b"203.0.113.7";
pub(super) const ELSEWHERE: &[u8] = b"198.51.100.9";

pub(super) fn ring(seed: u64) -> Keyring {
    let rng = SeededRng::new(seed);
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

/// Facts under which a live family's present token rotates.
pub(super) fn good(now: Time) -> Facts {
    Facts {
        now,
        source: Some(Digest::of(HOME)),
        session_live: true,
        user_active: true,
        client_ok: true,
        mfa_time: now,
        mfa_max_age: Span::from_hours(12),
        idle_until: now + Span::from_hours(1),
        idle: Span::from_hours(1),
        expires: now + Span::from_hours(24),
        sender_constrained: false,
    }
}

/// One family, its keys, and the row as a store holds it.
pub(super) struct Bench {
    pub(super) ring: Keyring,
    pub(super) rng: SeededRng,
    pub(super) row: FamilyRow,
}

impl Bench {
    pub(super) fn new(seed: u64, binding: Option<&str>) -> (Self, RefreshToken) {
        let (ring, rng) = (ring(seed), SeededRng::new(seed + 1000));
        let start = Start {
            session: SessionId::new(START, &rng),
            client: "app".to_owned(),
            binding: binding.map(str::to_owned),
            granted: None,
        };
        let (token, row) = Family::start(start, START, &ring, &rng);
        (Self { ring, rng, row }, token)
    }

    pub(super) fn family(&self) -> Family {
        Family::open(&self.ring, self.row.clone()).unwrap()
    }

    pub(super) fn decide(&self, token: &RefreshToken, facts: &Facts) -> Decision {
        // Through the text, as a client would send it.
        let shown = RefreshToken::parse(&self.ring, &token.text(&self.ring)).unwrap();
        decide(&self.family(), &shown, facts, &self.rng)
    }

    /// Rotates the present token and gives the next one.
    pub(super) fn rotated(&mut self, token: &RefreshToken, now: Time) -> RefreshToken {
        let mut facts = good(now);
        facts.sender_constrained = self.row.binding.is_some();
        let Decision::Rotate(rotation) = self.decide(token, &facts) else { panic!("the present token rotates") };
        assert!(self.commit_rotation(&rotation));
        rotation.next
    }

    pub(super) fn commit_rotation(&mut self, rotation: &Rotation) -> bool {
        let row = &mut self.row;
        let guarded = row.id == rotation.family
            && row.session == rotation.session
            && row.generation == rotation.expected_generation
            && row.current == rotation.previous
            && row.ended.is_none();
        if guarded {
            row.generation = rotation.generation;
            row.current = rotation.current;
            row.previous = Some(rotation.previous);
            row.successor = Some(rotation.successor.clone());
            row.rotated_at = Some(rotation.rotated_at);
            row.retries = rotation.retries;
            row.rotated_source = rotation.rotated_source;
        }
        guarded
    }

    pub(super) fn commit_retry(&mut self, retry: &Retry) -> bool {
        let row = &mut self.row;
        let guarded = row.id == retry.family
            && row.session == retry.session
            && row.generation == retry.expected_generation
            && row.retries < retry.retries_below
            && row.ended.is_none();
        row.retries += u32::from(guarded);
        guarded
    }

    pub(super) fn commit_end(&mut self, at: Time, reason: &str) -> bool {
        let live = self.row.ended.is_none();
        if live {
            self.row.ended = Some(Ending { at, reason: reason.to_owned() });
        }
        live
    }

    /// A process ends and another begins: all that is left is what columns can carry.
    pub(super) fn restart(&mut self) {
        self.row = from_columns(&columns(&self.row));
    }
}

type Columns = (Vec<Option<Vec<u8>>>, Vec<Option<i64>>, Vec<Option<String>>);

fn columns(row: &FamilyRow) -> Columns {
    let digest = |digest: &Option<Digest>| digest.as_ref().map(|d| d.as_bytes().to_vec());
    (
        vec![
            Some(row.id.as_bytes().to_vec()),
            Some(row.session.as_bytes().to_vec()),
            Some(row.current.as_bytes().to_vec()),
            digest(&row.previous),
            row.successor.clone(),
            digest(&row.rotated_source),
            Some(row.seal.clone()),
        ],
        vec![
            Some(i64::from(row.generation)),
            row.rotated_at.map(Time::millis),
            Some(i64::from(row.retries)),
            row.ended.as_ref().map(|ended| ended.at.millis()),
        ],
        vec![Some(row.client.clone()), row.binding.clone(), row.ended.as_ref().map(|ended| ended.reason.clone())],
    )
}

fn from_columns((bytes, numbers, texts): &Columns) -> FamilyRow {
    let blob = |i: usize| bytes[i].clone();
    let digest = |i: usize| blob(i).map(|b| Digest::from_bytes(&b).unwrap());
    FamilyRow {
        id: FamilyId::from_bytes(&blob(0).unwrap()).unwrap(),
        session: SessionId::from_bytes(&blob(1).unwrap()).unwrap(),
        current: digest(2).unwrap(),
        previous: digest(3),
        successor: blob(4),
        rotated_source: digest(5),
        seal: blob(6).unwrap(),
        generation: u32::try_from(numbers[0].unwrap()).unwrap(),
        rotated_at: numbers[1].map(Time::from_millis),
        retries: u32::try_from(numbers[2].unwrap()).unwrap(),
        ended: numbers[3].map(|at| Ending { at: Time::from_millis(at), reason: texts[2].clone().unwrap() }),
        client: texts[0].clone().unwrap(),
        binding: texts[1].clone(),
        granted: None,
    }
}

/// A token with our tag and any secret: what only a leak or a rolled-back store can make.
pub(super) fn minted(family: FamilyId, generation: u32, byte: u8) -> RefreshToken {
    RefreshToken::new(family, generation, Secret::new([byte; 32]))
}

pub(super) fn login(seed: u64) -> LoginId {
    LoginId::new(START, &SeededRng::new(seed))
}

#[test]
fn every_theft_has_its_own_word() {
    use TheftKind::{Diverged, OldGeneration, SuccessorGone, WindowPast};
    let words: std::collections::BTreeSet<_> =
        [OldGeneration, WindowPast, SuccessorGone, Diverged].iter().map(|kind| kind.as_str()).collect();
    assert_eq!(words.len(), 4);
}
