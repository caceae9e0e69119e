//! Rotations out of turn.

use super::super::*;
use super::NOW;
use super::life::row;
use crate::time::Span;

fn signing(kid: &str, alg: Alg) -> KeyRow {
    row(kid, alg, NOW - Span::from_hours(48)).promoted(NOW - Span::from_hours(24)).unwrap()
}

fn retire_and(kid: &str, then: Action) -> Result<Rotation, NotInUse> {
    Ok(Rotation::Now(vec![Action::Retire(kid.to_owned()), then]))
}

#[test]
fn key_06_a_rotation_asked_for_waits_until_others_know_the_key() {
    let mut rows = vec![signing("old", Alg::Es256), signing("other", Alg::EdDsa)];
    let minutes = Span::from_minutes;
    let begun = rotate(&rows, Alg::Es256, false, NOW);
    assert_eq!(begun, Ok(Rotation::Later { actions: vec![Action::MakeNext(Alg::Es256)], at: NOW + minutes(10) }));
    rows.push(row("next", Alg::Es256, NOW));
    let early = rotate(&rows, Alg::Es256, false, NOW + minutes(10) - Span::from_millis(1));
    assert_eq!(early, Ok(Rotation::Later { actions: vec![], at: NOW + minutes(10) }));
    let due = rotate(&rows, Alg::Es256, false, NOW + minutes(10));
    assert_eq!(due, retire_and("old", Action::Promote("next".to_owned())));
}

#[test]
fn a_forced_rotation_waits_for_nobody() {
    let mut rows = vec![signing("old", Alg::Es256)];
    assert_eq!(rotate(&rows, Alg::Es256, true, NOW), retire_and("old", Action::MakeCurrent(Alg::Es256)));
    rows.push(row("young", Alg::Es256, NOW));
    rows.push(row("elder", Alg::Es256, NOW - Span::from_seconds(1)));
    assert_eq!(rotate(&rows, Alg::Es256, true, NOW), retire_and("old", Action::Promote("elder".to_owned())));
}

#[test]
fn what_signs_nothing_is_not_rotated() {
    let retired = signing("old", Alg::Rs256).retired(NOW).unwrap();
    let waiting = row("next", Alg::Rs256, NOW);
    for force in [false, true] {
        assert_eq!(rotate(&[retired.clone(), waiting.clone()], Alg::Rs256, force, NOW), Err(NotInUse));
        assert_eq!(rotate(&[signing("a", Alg::EdDsa)], Alg::Rs256, force, NOW), Err(NotInUse));
    }
}

#[test]
fn two_signing_keys_both_retire() {
    let rows = [signing("a", Alg::Es256), signing("b", Alg::Es256)];
    let Ok(Rotation::Now(actions)) = rotate(&rows, Alg::Es256, true, NOW) else { panic!("not now") };
    assert_eq!(actions[..2], [Action::Retire("a".to_owned()), Action::Retire("b".to_owned())]);
    assert_eq!(actions.len(), 3);
}
