//! Floods of refusals: counted, bounded, and never at the price of another record.

use super::world::{START, node};
use crate::audit::{Collapser, Event, Key, Offered, Outcome, Record, Value};
use crate::id::{RecordId, UserId};
use crate::testing::SeededRng;
use crate::time::{Span, Time};

fn refusal(rng: &SeededRng, at: Time) -> Record {
    Record::new(RecordId::new(at, rng), at, &node("a"), Event::LoginBlocked).because("budget")
}

fn later(seconds: i64) -> Time {
    START + Span::from_seconds(seconds)
}

fn written(offered: &Offered) -> bool {
    matches!(offered, Offered::Write(_))
}

#[test]
fn aud_07_the_first_five_are_written_and_the_rest_is_counted() {
    let (rng, mut collapser) = (SeededRng::new(1), Collapser::new(100));
    let mut references = Vec::new();
    for i in 0..1000 {
        let now = START + Span::from_millis(i * 50);
        match collapser.offer(refusal(&rng, now), "192.0.2.1", b"alice", now) {
            Offered::Write(_) => assert!(i < 5),
            Offered::Counted(reference) => references.push(reference),
        }
    }
    assert!(collapser.flush(later(59)).is_empty());
    let counted = collapser.flush(later(60));
    assert_eq!((references.len(), counted.len(), counted[0].count()), (995, 1, 995));
    assert!(references.iter().all(|reference| *reference == counted[0].id()));
    let last = Value::Number(START.millis() + 999 * 50);
    assert_eq!((counted[0].detail(Key::LastAt), counted[0].at()), (Some(&last), START + Span::from_millis(250)));
    assert!(written(&collapser.offer(refusal(&rng, later(61)), "192.0.2.1", b"alice", later(61))));
    assert!(collapser.drain().is_empty());
}

#[test]
fn aud_07_a_change_a_success_or_an_alert_is_never_held() {
    let (rng, mut collapser) = (SeededRng::new(2), Collapser::new(0));
    for event in Event::ALL.iter().filter(|event| event.outcome() != Outcome::Refused) {
        for _ in 0..50 {
            let record = Record::new(RecordId::new(START, &rng), START, &node("a"), *event);
            assert_eq!(collapser.offer(record.clone(), "s", b"t", START), Offered::Write(Box::new(record)));
        }
    }
    for _ in 0..50 {
        assert!(written(&collapser.offer(refusal(&rng, START).alerting(), "s", b"t", START)));
    }
    assert!(collapser.drain().is_empty());
}

#[test]
fn kinds_sources_and_targets_are_counted_apart() {
    let (rng, mut collapser) = (SeededRng::new(3), Collapser::new(100));
    let cases =
        [("s", "t", "budget"), ("s2", "t", "budget"), ("s", "t2", "budget"), ("s", "t", "delay"), ("st", "", "budget")];
    for (source, target, reason) in cases {
        for i in 0..7 {
            let record = refusal(&rng, START).because(reason);
            assert_eq!(written(&collapser.offer(record, source, target.as_bytes(), START)), i < 5);
        }
    }
    let counted = collapser.drain();
    assert_eq!(counted.len(), cases.len());
    assert!(counted.iter().all(|record| record.count() == 2));
}

#[test]
fn memory_and_rows_are_bounded_in_a_flood_of_sources() {
    let (rng, mut collapser) = (SeededRng::new(4), Collapser::new(10));
    let mut rows = 0;
    for i in 0..5_000 {
        rows += usize::from(written(&collapser.offer(refusal(&rng, START), &format!("source {i}"), b"", START)));
    }
    // Ten windows took one record each; the shared one took five.
    assert_eq!(rows, 15);
    let counted = collapser.drain();
    assert_eq!((counted.len(), counted[0].count()), (1, 5_000 - 15));
}

#[test]
fn a_flood_about_nobody_leaves_room_for_users() {
    let (rng, mut collapser) = (SeededRng::new(5), Collapser::new(10));
    for i in 0..1_000 {
        let _ = collapser.offer(refusal(&rng, START), &format!("source {i}"), b"", START);
    }
    let user = UserId::new(START, &rng);
    let second = || {
        let record = Record::new(RecordId::new(START, &rng), START, &node("a"), Event::LoginSecondRefused);
        record.because("code").about(user)
    };
    for i in 0..8 {
        let offered = collapser.offer(second(), "s", user.as_bytes(), START);
        assert_eq!(written(&offered), i < 5);
    }
    let counted = collapser.drain();
    assert!(counted.iter().any(|record| record.user() == Some(user) && record.count() == 3));
}

/// Before a first proof a name is anybody's guess: were known names to keep references of their own in a flood, a flood
/// would tell them from unknown ones.
#[test]
fn thr_14_a_flood_of_guesses_treats_known_and_unknown_names_alike() {
    let (rng, mut collapser) = (SeededRng::new(9), Collapser::new(10));
    for i in 0..1_000 {
        let _ = collapser.offer(refusal(&rng, START), &format!("source {i}"), b"", START);
    }
    let user = UserId::new(START, &rng);
    let known = collapser.offer(refusal(&rng, START).about(user), "s", user.as_bytes(), START);
    let unknown = collapser.offer(refusal(&rng, START), "s", b"nobody", START);
    assert_eq!((written(&known), written(&unknown)), (false, false));
}

#[test]
fn a_shared_count_names_nobody() {
    let (rng, mut collapser) = (SeededRng::new(6), Collapser::new(0));
    for i in 0..20 {
        let user = UserId::new(START, &rng);
        let record = refusal(&rng, START).about(user).asked_by("web").with(Key::Tried, 9_u32);
        let _ = collapser.offer(record, &format!("{i}"), user.as_bytes(), START);
    }
    let counted = collapser.drain();
    assert_eq!((counted.len(), counted[0].count(), counted[0].user(), counted[0].client()), (1, 15, None, None));
    assert_eq!((counted[0].reason(), counted[0].detail(Key::Tried)), (Some("budget"), None));
}

#[test]
fn a_clock_set_back_ends_windows_at_once() {
    let (rng, mut collapser) = (SeededRng::new(7), Collapser::new(10));
    for _ in 0..7 {
        let _ = collapser.offer(refusal(&rng, START), "s", b"t", START);
    }
    assert_eq!(collapser.flush(START - Span::from_hours(1)).len(), 1);
}

#[test]
fn a_held_record_can_be_looked_at_before_it_is_written() {
    let (rng, mut collapser) = (SeededRng::new(9), Collapser::new(8));
    let mut shown = None;
    for _ in 0..9 {
        let record = Record::new(RecordId::new(START, &rng), START, &node("a"), Event::LoginDelayed);
        if let Offered::Counted(reference) = collapser.offer(record, "s", b"t", START) {
            shown = Some(reference);
        }
    }
    let held = collapser.held(shown.unwrap()).unwrap();
    assert_eq!((held.count(), collapser.held(RecordId::new(START, &rng))), (4, None));
    assert_eq!(collapser.drain(), [held]);
    assert_eq!(collapser.held(shown.unwrap()), None, "written, so no longer held");
}
