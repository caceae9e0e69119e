//! A machine of honest windows that lose answers, a thief with an old copy, revokes and restarts, run against a truth
//! that knows generations only: no digests, no seals, no rows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::super::{Facts, Presented, RETRIES_MAX, rotate_after_reproof};
use super::{Bench, Decision, ELSEWHERE, HOME, RefreshToken, START, TheftKind, login};
use crate::seal::{Keyring, MasterKey, WrappedKey};
use crate::secret::Digest;
use crate::testing::SeededRng;
use crate::time::{Span, Time};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const WINDOW: i64 = MINUTE;
const IDLE: i64 = 10 * MINUTE;
const EXPIRES: i64 = 24 * MINUTE;
const MFA_MAX_AGE: i64 = 9 * MINUTE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Owner,
    Thief,
}

/// Somebody shows the token that he holds, and perhaps never hears the answer.
#[derive(Clone, Copy, Debug)]
struct Show {
    who: Who,
    lost: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    /// All of them are decided on one snapshot of the row; then they commit one after the other.
    Shows(Vec<Show>),
    Steal,
    CompleteReproof,
    Revoke,
    Restart,
}

/// What somebody is told. Generations stand for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Minted(u32),
    Again(u32),
    Slow,
    Theft,
    Reprove,
    Refused,
}

impl Told {
    const fn writes(self) -> bool {
        matches!(self, Self::Minted(_) | Self::Again(_) | Self::Theft)
    }

    const fn token(self) -> Option<u32> {
        match self {
            Self::Minted(generation) | Self::Again(generation) => Some(generation),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Truth {
    bound: bool,
    now: i64,
    generation: u32,
    rotated_at: i64,
    repeats: u32,
    dead: bool,
    idle_until: i64,
    mfa_time: i64,
    owner: u32,
    thief: Option<u32>,
    /// Generation and moment of a token that waits for a re-proof.
    waiting: Option<(u32, i64)>,
    told: Vec<Told>,
}

impl Truth {
    fn look(&self, shown: u32, shown_at: i64, mfa_time: i64) -> Told {
        let stale = self.now - mfa_time > MFA_MAX_AGE;
        if self.dead || self.now >= EXPIRES || shown_at >= self.idle_until {
            Told::Refused
        } else if shown == self.generation {
            if stale { Told::Reprove } else { Told::Minted(self.generation + 1) }
        } else if shown + 1 < self.generation || (shown_at - self.rotated_at > WINDOW && !self.bound) {
            Told::Theft
        } else if self.repeats >= 3 && !self.bound {
            Told::Slow
        } else if stale {
            Told::Reprove
        } else {
            Told::Again(self.generation)
        }
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Minted(generation) => {
                self.generation = generation;
                self.rotated_at = self.now;
                self.repeats = 0;
                self.idle_until = (self.now + IDLE).min(EXPIRES);
            }
            Told::Again(_) => self.repeats += 1,
            Told::Theft => self.dead = true,
            Told::Slow | Told::Reprove | Told::Refused => {}
        }
    }

    const fn holds(&self, who: Who) -> Option<u32> {
        match who {
            Who::Owner => Some(self.owner),
            Who::Thief => self.thief,
        }
    }

    fn show_all(&mut self, shows: &[Show]) {
        let shown: Vec<_> = shows.iter().filter_map(|show| Some((*show, self.holds(show.who)?))).collect();
        let snapshot = self.clone();
        for (show, token) in shown {
            let first = snapshot.look(token, self.now, self.mfa_time);
            let told = if first.writes() { self.look(token, self.now, self.mfa_time) } else { first };
            self.take(told);
            self.hear(show, token, told);
            self.told.push(told);
        }
    }

    fn hear(&mut self, show: Show, token: u32, told: Told) {
        if told == Told::Reprove && show.who == Who::Owner && !show.lost {
            self.waiting = Some((token, self.now));
        }
        let Some(got) = told.token().filter(|_| !show.lost) else { return };
        match show.who {
            Who::Owner => self.owner = self.owner.max(got),
            Who::Thief => self.thief = self.thief.max(Some(got)),
        }
    }

    fn complete(&mut self) {
        let Some((token, shown_at)) = self.waiting.take() else { return };
        let told = match self.look(token, shown_at, self.now) {
            Told::Theft => Told::Refused,
            told => told,
        };
        self.take(told);
        if let Some(got) = told.token() {
            self.mfa_time = self.now;
            self.owner = self.owner.max(got);
        }
        self.told.push(told);
    }
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Truth;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Truth> {
        any::<bool>()
            .prop_map(|bound| Truth {
                bound,
                now: 0,
                generation: 1,
                rotated_at: 0,
                repeats: 0,
                dead: false,
                idle_until: IDLE,
                mfa_time: 0,
                owner: 1,
                thief: None,
                waiting: None,
                told: Vec::new(),
            })
            .boxed()
    }

    fn transitions(_: &Truth) -> BoxedStrategy<Step> {
        let who = prop_oneof![3 => Just(Who::Owner), 1 => Just(Who::Thief)];
        let show = (who, any::<bool>()).prop_map(|(who, lost)| Show { who, lost });
        let wait = prop_oneof![
            2 => Just(0),
            2 => Just(1),
            6 => 1..20 * SECOND,
            2 => Just(WINDOW),
            2 => Just(WINDOW + 1),
            6 => Just(4 * MINUTE),
            1 => Just(IDLE - 1),
            1 => Just(IDLE),
        ];
        prop_oneof![
            6 => wait.prop_map(Step::Wait),
            10 => proptest::collection::vec(show, 1..6).prop_map(Step::Shows),
            1 => Just(Step::Steal),
            2 => Just(Step::CompleteReproof),
            1 => Just(Step::Restart),
            // Rare: after it nothing more happens.
            1 => prop_oneof![19 => Just(Step::Restart), 1 => Just(Step::Revoke)],
        ]
        .boxed()
    }

    fn apply(mut truth: Truth, step: &Step) -> Truth {
        truth.told.clear();
        match step {
            Step::Wait(millis) => truth.now += millis,
            Step::Shows(shows) => truth.show_all(shows),
            Step::Steal => truth.thief = Some(truth.owner),
            Step::CompleteReproof => truth.complete(),
            Step::Revoke => truth.dead = true,
            Step::Restart => {}
        }
        truth
    }
}

/// The code under test, with what the promises need to be checked without the truth.
struct World {
    bench: Bench,
    master: MasterKey,
    keys: Vec<WrappedKey>,
    now: Time,
    idle_until: Time,
    mfa_time: Time,
    owner: RefreshToken,
    thief: Option<RefreshToken>,
    waiting: Option<Vec<u8>>,
    /// Digest of every token that left, by generation.
    sent: BTreeMap<u32, Digest>,
    /// Newest generation that was ever exchanged for its successor.
    newest_used: u32,
    /// By generation: how often the owner showed it, and when first. Cleared for good by a theft.
    owner_shows: Option<BTreeMap<u32, (u32, Time)>>,
}

fn expires() -> Time {
    START + Span::from_millis(EXPIRES)
}

impl World {
    fn facts(&self, who: Who) -> Facts {
        Facts {
            now: self.now,
            source: Some(Digest::of(if who == Who::Owner { HOME } else { ELSEWHERE })),
            session_live: true,
            user_active: true,
            client_ok: true,
            mfa_time: self.mfa_time,
            mfa_max_age: Span::from_millis(MFA_MAX_AGE),
            idle_until: self.idle_until,
            idle: Span::from_millis(IDLE),
            expires: expires(),
            sender_constrained: self.bench.row.binding.is_some(),
        }
    }

    fn holds(&self, who: Who) -> Option<RefreshToken> {
        match who {
            Who::Owner => Some(self.owner.clone()),
            Who::Thief => self.thief.clone(),
        }
    }

    /// Commits what was decided; `None` is a conflict.
    fn commit(&mut self, decision: &Decision) -> Option<Told> {
        match decision {
            Decision::Rotate(rotation) => self.bench.commit_rotation(rotation).then(|| {
                assert!(rotation.idle_until <= expires() && self.now < expires(), "RFT-04");
                self.idle_until = rotation.idle_until;
                self.newest_used = self.newest_used.max(rotation.expected_generation);
                Told::Minted(rotation.generation)
            }),
            Decision::Retry(retry) => self.bench.commit_retry(retry).then(|| Told::Again(retry.successor.generation())),
            Decision::Theft(kind) => {
                assert_ne!(*kind, TheftKind::Diverged, "no generation is ever minted twice here");
                self.bench.commit_end(self.now, kind.as_str()).then_some(Told::Theft)
            }
            Decision::Slow { .. } => Some(Told::Slow),
            Decision::ReproveFactor => Some(Told::Reprove),
            Decision::Refuse(_) => Some(Told::Refused),
        }
    }

    /// The answer leaves: no dead family mints, and a generation is one token.
    fn send(&mut self, decision: Decision) -> Option<RefreshToken> {
        let token = match decision {
            Decision::Rotate(rotation) => rotation.next,
            Decision::Retry(retry) => retry.successor,
            _ => return None,
        };
        assert!(self.bench.row.ended.is_none(), "a dead family minted");
        let digest = *self.sent.entry(token.generation()).or_insert_with(|| token.digest());
        assert_eq!(digest, token.digest(), "RFT-03: two tokens of generation {}", token.generation());
        Some(token)
    }

    fn show(&mut self, show: Show, token: &RefreshToken, on_snapshot: Decision) -> Told {
        let mut decision = on_snapshot;
        let mut told = self.commit(&decision);
        if told.is_none() {
            decision = self.bench.decide(token, &self.facts(show.who));
            told = self.commit(&decision);
        }
        let told = told.expect("nobody commits between the second look and its commit");
        self.check_owner_is_safe(show, token, told);
        self.check_copies_kill(token, told);
        let sent = self.send(decision);
        if told == Told::Reprove && show.who == Who::Owner && !show.lost {
            let presented = Presented { token: token.clone(), at: self.now };
            self.waiting = Some(presented.to_stored(&self.bench.ring, &login(1), &self.bench.rng));
        }
        if let Some(sent) = sent.filter(|_| !show.lost) {
            self.hear(show.who, sent);
        }
        told
    }

    fn hear(&mut self, who: Who, sent: RefreshToken) {
        let newer = |held: &RefreshToken| sent.generation() > held.generation();
        match who {
            Who::Owner if newer(&self.owner) => self.owner = sent,
            Who::Thief if self.thief.as_ref().is_some_and(newer) => self.thief = Some(sent),
            _ => {}
        }
    }

    /// Two hands: whoever shows a token whose successor was used gets nothing and leaves a dead family, unless a limit
    /// came first or his request was read before that use.
    fn check_copies_kill(&self, token: &RefreshToken, told: Told) {
        if token.generation() < self.newest_used {
            assert_eq!(told.token(), None, "RFT-02");
            let limit = self.now >= expires() || self.now >= self.idle_until;
            let before = matches!(told, Told::Slow | Told::Reprove);
            assert!(self.bench.row.ended.is_some() || limit || before, "RFT-02: {told:?}");
        }
    }

    /// Nobody stole: whoever shows one token up to four times in a minute (three answers lost) is never told off.
    fn check_owner_is_safe(&mut self, show: Show, token: &RefreshToken, told: Told) {
        let Some(shows) = self.owner_shows.as_mut().filter(|_| show.who == Who::Owner) else { return };
        let (count, first) = shows.entry(token.generation()).or_insert((0, self.now));
        *count += 1;
        if *count <= RETRIES_MAX + 1 && self.now - *first <= Span::from_millis(WINDOW) {
            assert!(!matches!(told, Told::Theft | Told::Slow), "C-12: {told:?} at show {count}");
        }
    }

    fn show_all(&mut self, shows: &[Show]) -> Vec<Told> {
        let snapshot: Vec<_> = shows
            .iter()
            .filter_map(|show| {
                let token = self.holds(show.who)?;
                let decision = self.bench.decide(&token, &self.facts(show.who));
                Some((*show, token, decision))
            })
            .collect();
        snapshot.into_iter().map(|(show, token, decision)| self.show(show, &token, decision)).collect()
    }

    fn complete(&mut self) -> Vec<Told> {
        let Some(stored) = self.waiting.take() else { return Vec::new() };
        let presented = Presented::from_stored(&self.bench.ring, &login(1), &stored).unwrap();
        let facts = Facts { mfa_time: self.now, ..self.facts(Who::Owner) };
        let decision = rotate_after_reproof(&self.bench.family(), &presented, &facts, &self.bench.rng);
        let told = self.commit(&decision).expect("nobody else commits meanwhile");
        assert_ne!(told, Told::Theft, "a completed re-proof never kills");
        if let Some(sent) = self.send(decision) {
            self.mfa_time = self.now;
            self.hear(Who::Owner, sent);
        }
        vec![told]
    }

    fn restart(&mut self) {
        self.bench.restart();
        self.bench.ring = Keyring::open(&self.master, &self.keys).unwrap();
    }
}

struct Refreshing;

impl StateMachineTest for Refreshing {
    type SystemUnderTest = World;
    type Reference = Machine;

    fn init_test(truth: &Truth) -> World {
        let (mut bench, owner) = Bench::new(80, truth.bound.then_some("thumb"));
        // The same keys again, but kept, so that a restart can open them anew.
        let rng = SeededRng::new(80);
        let master = MasterKey::random(&rng);
        let keys = Keyring::create(&master, &rng);
        bench.ring = Keyring::open(&master, &keys).unwrap();
        World {
            bench,
            master,
            keys,
            now: START,
            idle_until: START + Span::from_millis(IDLE),
            mfa_time: START,
            sent: BTreeMap::from([(1, owner.digest())]),
            owner,
            thief: None,
            waiting: None,
            newest_used: 0,
            owner_shows: Some(BTreeMap::new()),
        }
    }

    fn apply(mut world: World, truth: &Truth, step: Step) -> World {
        let told = match step {
            Step::Wait(millis) => {
                world.now = world.now + Span::from_millis(millis);
                Vec::new()
            }
            Step::Shows(shows) => world.show_all(&shows),
            Step::Steal => {
                world.thief = Some(world.owner.clone());
                world.owner_shows = None;
                Vec::new()
            }
            Step::CompleteReproof => world.complete(),
            Step::Revoke => {
                world.bench.commit_end(world.now, "logout");
                Vec::new()
            }
            Step::Restart => {
                world.restart();
                Vec::new()
            }
        };
        assert_eq!(told, truth.told);
        world
    }

    fn check_invariants(world: &World, truth: &Truth) {
        assert_eq!(world.bench.row.generation, truth.generation);
        assert_eq!(world.bench.row.ended.is_some(), truth.dead);
        assert_eq!(world.bench.row.retries, truth.repeats);
        assert_eq!(world.owner.generation(), truth.owner);
        assert_eq!(world.thief.as_ref().map(RefreshToken::generation), truth.thief);
        assert!(world.idle_until <= expires(), "RFT-04");
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rft_02_rft_03_rft_04_rft_10_c_12_t_15_owners_thieves_races_and_restarts(sequential 1..60 => Refreshing);
}
