//! Every state of a row and a request against every kind of token: one cell each, read from the table below.

use super::super::Facts;
use super::{Bench, Decision, RefreshToken, START, TheftKind, good, minted};
use crate::id::{FamilyId, SessionId};
use crate::refresh::Refusal;
use crate::secret::Secret;
use crate::testing::SeededRng;
use crate::time::{Span, Time};

/// What is shown. The row is in generation 4, unless the state says otherwise.
#[derive(Clone, Copy, Debug)]
enum Shown {
    Present,
    Previous,
    Older,
    SameGenerationOtherSecret,
    PreviousGenerationOtherSecret,
    Beyond,
    OtherFamily,
}

const SHOWN: [Shown; 7] = [
    Shown::Present,
    Shown::Previous,
    Shown::Older,
    Shown::SameGenerationOtherSecret,
    Shown::PreviousGenerationOtherSecret,
    Shown::Beyond,
    Shown::OtherFamily,
];

struct Case {
    bench: Bench,
    tokens: Vec<RefreshToken>,
    successor_before: Option<Vec<u8>>,
    facts: Facts,
}

const ROTATED: Time = Time::from_millis(START.millis() + 180_000);

fn case(binding: Option<&str>) -> Case {
    let (mut bench, first) = Bench::new(40, binding);
    let mut tokens = vec![first];
    let mut successor_before = None;
    for minute in 1..=3 {
        successor_before = bench.row.successor.clone();
        let next = bench.rotated(tokens.last().unwrap(), START + Span::from_minutes(minute));
        tokens.push(next);
    }
    let mut facts = good(ROTATED + Span::from_seconds(10));
    facts.sender_constrained = binding.is_some();
    Case { bench, tokens, successor_before, facts }
}

impl Case {
    fn token(&self, shown: Shown) -> RefreshToken {
        let (id, generation) = (self.bench.row.id, self.bench.row.generation);
        let other = FamilyId::new(START, &SeededRng::new(41));
        let known = |back: usize| self.tokens[self.tokens.len() - 1 - back].clone();
        match shown {
            Shown::Present => known(0),
            Shown::Previous => known(1),
            Shown::Older => known(2),
            Shown::SameGenerationOtherSecret => minted(id, generation, 7),
            Shown::PreviousGenerationOtherSecret => minted(id, generation - 1, 7),
            Shown::Beyond => minted(id, generation.saturating_add(1), 7),
            Shown::OtherFamily => RefreshToken::new(other, generation, Secret::new(*known(0).secret().reveal())),
        }
    }

    fn outcome(&self, shown: Shown) -> &'static str {
        match self.bench.decide(&self.token(shown), &self.facts) {
            Decision::Rotate(rotation) => {
                assert_eq!(rotation.generation, self.bench.row.generation + 1);
                "rotate"
            }
            Decision::Retry(retry) => {
                assert_eq!(retry.successor.digest(), self.bench.row.current);
                assert_eq!(retry.successor.generation(), self.bench.row.generation);
                if retry.alert_second_source { "retry!" } else { "retry" }
            }
            Decision::Slow { .. } => "slow",
            Decision::ReproveFactor => "reprove",
            Decision::Theft(TheftKind::OldGeneration) => "old",
            Decision::Theft(TheftKind::WindowPast) => "past",
            Decision::Theft(TheftKind::SuccessorGone) => "gone",
            Decision::Theft(TheftKind::Diverged) => "diverged",
            Decision::Refuse(Refusal::Unknown) => "unknown",
            Decision::Refuse(Refusal::Ended) => "ended",
            Decision::Refuse(Refusal::Expired) => "expired",
            Decision::Refuse(Refusal::Idle) => "idle",
            Decision::Refuse(Refusal::UserInactive) => "inactive",
            Decision::Refuse(Refusal::WrongClient) => "client",
            Decision::Refuse(Refusal::KeyNotProven) => "key",
            Decision::Refuse(Refusal::Damaged) => "damaged",
            Decision::Refuse(Refusal::Superseded) => "superseded",
            Decision::Refuse(Refusal::Exhausted) => "exhausted",
        }
    }
}

type Change = fn(&mut Case);
type Row = (&'static str, Option<&'static str>, Change, [&'static str; 7]);

const fn all(word: &'static str) -> [&'static str; 7] {
    [word, word, word, word, word, word, "unknown"]
}

fn at(case: &mut Case, since_rotation: Span) {
    case.facts = Facts { sender_constrained: case.facts.sender_constrained, ..good(ROTATED + since_rotation) };
}

const KEY: Option<&str> = Some("thumb");

const TABLE: &[Row] = &[
    // state, binding, how, [present, previous, older, same other, previous other, beyond, other family]
    ("as it should be", None, |_| {}, ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"]),
    ("bound", KEY, |_| {}, ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"]),
    (
        "two repeats",
        None,
        |c| c.bench.row.retries = 2,
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "three repeats",
        None,
        |c| c.bench.row.retries = 3,
        ["rotate", "slow", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "bound, three repeats",
        KEY,
        |c| c.bench.row.retries = 3,
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "the last moment of the window",
        None,
        |c| at(c, Span::from_millis(60_000)),
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "a millisecond past the window",
        None,
        |c| at(c, Span::from_millis(60_001)),
        ["rotate", "past", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "three repeats and past the window",
        None,
        |c| {
            c.bench.row.retries = 3;
            at(c, Span::from_minutes(2));
        },
        ["rotate", "past", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "bound, past the window",
        KEY,
        |c| at(c, Span::from_minutes(30)),
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "unbound, past the window, with a key of the thief's own",
        None,
        |c| {
            at(c, Span::from_minutes(2));
            c.facts.sender_constrained = true;
        },
        ["rotate", "past", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "unbound, three repeats, with a key of the thief's own",
        None,
        |c| {
            c.bench.row.retries = 3;
            c.facts.sender_constrained = true;
        },
        ["rotate", "slow", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "the clock stepped back",
        None,
        |c| at(c, Span::from_seconds(-4)),
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "a second source",
        None,
        |c| c.facts.source = Some(crate::secret::Digest::of(super::ELSEWHERE)),
        ["rotate", "retry!", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "an unknown source",
        None,
        |c| c.facts.source = None,
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "bound, a second source, past the window",
        KEY,
        |c| {
            at(c, Span::from_minutes(30));
            c.facts.source = Some(crate::secret::Digest::of(super::ELSEWHERE));
        },
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "the secret was replaced without the token",
        None,
        |c| c.bench.row.successor = None,
        ["rotate", "gone", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "no memory of the previous token",
        None,
        |c| c.bench.row.previous = None,
        ["rotate", "diverged", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "no moment of the rotation",
        None,
        |c| c.bench.row.rotated_at = None,
        ["rotate", "past", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "the stored successor is damaged",
        None,
        |c| *c.bench.row.successor.as_mut().unwrap().last_mut().unwrap() ^= 1,
        ["rotate", "damaged", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "the stored successor is an older one's",
        None,
        |c| c.bench.row.successor = c.successor_before.take(),
        ["rotate", "damaged", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "the second factor is stale",
        None,
        |c| c.facts.mfa_time = c.facts.now - Span::from_hours(12) - Span::from_millis(1),
        ["reprove", "reprove", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "the second factor is just fresh",
        None,
        |c| c.facts.mfa_time = c.facts.now - Span::from_hours(12),
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "bound and stale: repeats are no way around the factor",
        KEY,
        |c| c.facts.mfa_time = c.facts.now - Span::from_hours(13),
        ["reprove", "reprove", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "stale and past the window",
        None,
        |c| {
            at(c, Span::from_minutes(2));
            c.facts.mfa_time = c.facts.now - Span::from_hours(13);
        },
        ["reprove", "past", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "the user is disabled",
        None,
        |c| c.facts.user_active = false,
        ["inactive", "inactive", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    ("another client", None, |c| c.facts.client_ok = false, all("client")),
    ("the key is not proved", KEY, |c| c.facts.sender_constrained = false, all("key")),
    ("the session has ended", None, |c| c.facts.session_live = false, all("ended")),
    (
        "the family has ended",
        None,
        |c| {
            c.bench.commit_end(ROTATED, "logout");
        },
        all("ended"),
    ),
    ("at the absolute limit", None, |c| c.facts.expires = c.facts.now, all("expired")),
    ("at the idle limit", None, |c| c.facts.idle_until = c.facts.now, all("idle")),
    (
        "a millisecond before both limits",
        None,
        |c| {
            c.facts.expires = c.facts.now + Span::from_millis(1);
            c.facts.idle_until = c.facts.expires;
        },
        ["rotate", "retry", "old", "diverged", "diverged", "unknown", "unknown"],
    ),
    (
        "everything is wrong at once",
        KEY,
        |c| {
            c.bench.commit_end(ROTATED, "logout");
            c.facts = Facts {
                session_live: false,
                user_active: false,
                client_ok: false,
                sender_constrained: false,
                expires: START,
                idle_until: START,
                ..c.facts
            };
        },
        all("ended"),
    ),
];

#[test]
fn rft_02_rft_07_t_15_t_34_every_row_state_and_every_token() {
    for (state, binding, change, expected) in TABLE {
        let mut case = case(*binding);
        change(&mut case);
        for (shown, expected) in SHOWN.into_iter().zip(expected) {
            assert_eq!(case.outcome(shown), *expected, "{state} × {shown:?}");
        }
    }
}

#[test]
fn rft_10_every_cell_is_the_same_after_a_restart() {
    for (state, binding, change, expected) in TABLE {
        let mut case = case(*binding);
        change(&mut case);
        case.bench.restart();
        for (shown, expected) in SHOWN.into_iter().zip(expected) {
            assert_eq!(case.outcome(shown), *expected, "{state} × {shown:?}");
        }
    }
}

#[test]
fn rft_13_theft_stays_theft_however_the_family_goes_on() {
    for (state, binding, change, _) in TABLE {
        for shown in SHOWN {
            let mut case = case(*binding);
            change(&mut case);
            let stolen = case.token(shown);
            if !matches!(case.bench.decide(&stolen, &case.facts), Decision::Theft(_)) {
                continue;
            }
            let mut present = case.token(Shown::Present);
            for minute in 1..4 {
                present = case.bench.rotated(&present, case.facts.now + Span::from_minutes(minute));
                // Limits apart: past them nothing is judged any more, and nothing minted.
                let now = case.facts.now + Span::from_minutes(minute);
                let (expires, idle_until) = (now + Span::from_hours(1), now + Span::from_hours(1));
                let facts = Facts { now, expires, idle_until, ..case.facts };
                let decision = case.bench.decide(&stolen, &facts);
                assert!(matches!(decision, Decision::Theft(_)), "{state} × {shown:?}: {decision:?}");
            }
        }
    }
}

#[test]
fn the_first_generation_has_nothing_before_it() {
    let (bench, first) = Bench::new(42, None);
    let facts = good(START + Span::from_seconds(1));
    assert!(matches!(bench.decide(&first, &facts), Decision::Rotate(_)));
    let before = minted(bench.row.id, 0, 7);
    assert!(matches!(bench.decide(&before, &facts), Decision::Theft(_)));
}

#[test]
fn the_last_generation_is_refused_and_does_not_wrap() {
    let mut case = case(None);
    case.bench.row.generation = u32::MAX;
    let last = case.token(Shown::Present);
    let shown = RefreshToken::new(last.family(), u32::MAX, Secret::new(*last.secret().reveal()));
    assert!(matches!(case.bench.decide(&shown, &case.facts), Decision::Refuse(Refusal::Exhausted)));
    let zero = RefreshToken::new(last.family(), 0, Secret::new(*last.secret().reveal()));
    assert!(matches!(case.bench.decide(&zero, &case.facts), Decision::Theft(TheftKind::OldGeneration)));
}

#[test]
fn rft_08_another_session_does_not_open_the_family() {
    let mut case = case(None);
    case.bench.row.session = SessionId::new(START, &SeededRng::new(43));
    assert!(crate::refresh::Family::open(&case.bench.ring, case.bench.row).is_err());
}
