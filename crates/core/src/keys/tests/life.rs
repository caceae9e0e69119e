//! One key's steps, and single decisions of the plan.

use super::super::*;
use super::{NOW, current, keyring};
use crate::testing::SeededRng;
use crate::time::Span;

const ALL: [Alg; 3] = [Alg::Es256, Alg::EdDsa, Alg::Rs256];

/// A row without a real key: the plan looks at states and dates alone.
pub(super) fn row(kid: &str, alg: Alg, made_at: Time) -> KeyRow {
    KeyRow {
        kid: kid.to_owned(),
        alg,
        state: KeyState::Next,
        made_at,
        current_at: None,
        retired_at: None,
        gone_at: None,
        sealed_public: vec![1],
        sealed_private: vec![2],
        version: 0,
    }
}

fn days(days: i64) -> Span {
    Span::from_hours(24 * days)
}

#[test]
fn key_06_a_key_goes_forward_only() {
    let next = row("a", Alg::Es256, NOW);
    let current = next.promoted(NOW).unwrap();
    let retired = current.retired(NOW).unwrap();
    let gone = retired.removed(NOW).unwrap();
    for (row, may) in [
        (&next, [true, false, true]),
        (&current, [false, true, true]),
        (&retired, [false, false, true]),
        (&gone, [false, false, false]),
    ] {
        let steps = [row.promoted(NOW).is_ok(), row.retired(NOW).is_ok(), row.removed(NOW).is_ok()];
        assert_eq!(steps, may, "{:?}", row.state);
    }
    assert_eq!([next.version, current.version, retired.version, gone.version], [0, 1, 2, 3]);
}

#[test]
fn a_retired_key_has_lost_its_private_part_and_a_gone_one_both() {
    let ring = keyring(20);
    let current = current(Alg::EdDsa, &ring);
    assert!(!current.sealed_private.is_empty());
    let retired = current.retired(NOW).unwrap();
    assert!(retired.sealed_private.is_empty() && !retired.sealed_public.is_empty());
    let gone = current.removed(NOW).unwrap();
    assert!(gone.sealed_private.is_empty() && gone.sealed_public.is_empty());
    assert_eq!(gone.gone_at, Some(NOW));
}

#[test]
fn key_14_states_read_back() {
    for state in KeyState::ALL {
        assert_eq!(KeyState::parse(state.as_str()), Some(state));
    }
    assert_eq!(KeyState::parse("NEXT"), None);
    let undated = KeyRow { state: KeyState::Retired, ..row("a", Alg::Es256, NOW) };
    assert_eq!(undated.life(), Err(BadState));
    assert!(plan(&[undated], &[], &Schedule::default(), NOW + days(99)).is_empty());
}

#[test]
fn key_11_every_made_key_is_another_one() {
    let ring = keyring(21);
    // The same seed twice: keys come from the library, not from the generator that seals them.
    let make = || KeyRow::make_next(Alg::Es256, &ring, NOW, &SeededRng::new(1)).unwrap();
    assert_ne!(make().kid, make().kid);
}

#[test]
fn the_first_start_makes_keys_that_sign_at_once() {
    let schedule = Schedule::default();
    assert_eq!(plan(&[], &[Alg::Es256], &schedule, NOW), [Action::MakeCurrent(Alg::Es256)]);
    assert_eq!(plan(&[], &ALL, &schedule, NOW), ALL.map(Action::MakeCurrent));
    assert!(plan(&[], &[], &schedule, NOW).is_empty());
}

#[test]
fn key_06_a_rotation_publishes_waits_signs_and_keeps() {
    let (schedule, wanted) = (Schedule::default(), [Alg::Es256]);
    let old = row("old", Alg::Es256, NOW).promoted(NOW).unwrap();
    let rows = [old.clone()];
    assert!(plan(&rows, &wanted, &schedule, NOW + days(29) - Span::from_millis(1)).is_empty());
    assert_eq!(plan(&rows, &wanted, &schedule, NOW + days(29)), [Action::MakeNext(Alg::Es256)]);

    // The server was down: the new key still waits its day before it signs.
    let next = row("new", Alg::Es256, NOW + days(60));
    let rows = [old.clone(), next.clone()];
    assert!(plan(&rows, &wanted, &schedule, NOW + days(61) - Span::from_millis(1)).is_empty());
    let turn = [Action::Retire("old".to_owned()), Action::Promote("new".to_owned())];
    assert_eq!(plan(&rows, &wanted, &schedule, NOW + days(61)), turn);

    let rows = [old.retired(NOW + days(61)).unwrap(), next.promoted(NOW + days(61)).unwrap()];
    assert!(plan(&rows, &wanted, &schedule, NOW + days(62) - Span::from_millis(1)).is_empty());
    assert_eq!(plan(&rows, &wanted, &schedule, NOW + days(62)), [Action::Remove("old".to_owned())]);
}

#[test]
fn an_algorithm_no_longer_wanted_ends_at_its_turn_and_not_at_once() {
    let schedule = Schedule::default();
    let current = row("a", Alg::Rs256, NOW).promoted(NOW).unwrap();
    let next = row("b", Alg::Rs256, NOW + days(29));
    let rows = [current, next];
    assert!(plan(&rows, &[], &schedule, NOW + days(29)).is_empty());
    let end = [Action::Retire("a".to_owned()), Action::Remove("b".to_owned())];
    assert_eq!(plan(&rows, &[], &schedule, NOW + days(30)), end);
    assert_eq!(plan(&rows[1..], &[], &schedule, NOW + days(30)), end[1..]);
    // Wanted again before its turn, it simply goes on.
    assert!(plan(&rows[..1], &[Alg::Rs256], &schedule, NOW + days(28)).is_empty());
}

#[test]
fn doubled_waiting_keys_leave_the_one_published_longest() {
    let current = row("a", Alg::Es256, NOW).promoted(NOW).unwrap();
    let rows = [current, row("late", Alg::Es256, NOW + days(30)), row("early", Alg::Es256, NOW + days(29))];
    assert_eq!(plan(&rows, &[Alg::Es256], &Schedule::default(), NOW + days(29)), [Action::Remove("late".to_owned())]);
}

#[test]
fn key_07_a_revoked_key_leaves_at_once_and_a_fresh_one_signs() {
    let current = row("a", Alg::Es256, NOW).promoted(NOW).unwrap();
    let next = row("b", Alg::Es256, NOW);
    let retired = row("c", Alg::Es256, NOW).promoted(NOW).unwrap().retired(NOW).unwrap();
    let gone = row("d", Alg::Es256, NOW).removed(NOW).unwrap();
    let rows = [current, next, retired, gone];
    let leaves = |kid: &str| Action::Remove(kid.to_owned());
    assert_eq!(revoke(&rows, "a"), Ok(vec![leaves("a"), Action::MakeCurrent(Alg::Es256)]));
    assert_eq!(revoke(&rows, "b"), Ok(vec![leaves("b")]));
    assert_eq!(revoke(&rows, "c"), Ok(vec![leaves("c")]));
    assert_eq!(revoke(&rows, "d"), Err(RevokeRefusal::Gone));
    assert_eq!(revoke(&rows, "e"), Err(RevokeRefusal::Unknown));
    assert!(JWKS_MAX_AGE <= Span::from_seconds(60));
}

#[test]
fn a_schedule_that_would_strand_tokens_is_refused() {
    let minutes = Span::from_minutes;
    assert!(Schedule::new(minutes(10), minutes(20), minutes(65)).is_ok());
    assert_eq!(Schedule::new(minutes(9), days(30), days(1)), Err(BadSchedule::PublishAhead));
    assert_eq!(Schedule::new(minutes(10), minutes(19), days(1)), Err(BadSchedule::RotateEvery));
    assert_eq!(Schedule::new(days(1), days(30), minutes(64)), Err(BadSchedule::KeepAfter));
}
