//! The clock that a request is told, as an operator or a broken time server moves it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::*;
use crate::clock::Manual;

const BEGIN: Time = Time::from_millis(1_800_000_000_000);

/// A timekeeper and the hands of its two clocks.
fn keeper(stored_mark: Time) -> (Timekeeper, Arc<Manual>) {
    let hands = Arc::new(Manual::default());
    hands.wall.store(BEGIN.millis(), Ordering::SeqCst);
    (Timekeeper::new(Clock::Manual(Arc::clone(&hands)), stored_mark), hands)
}

fn pass(hands: &Manual, millis: i64) {
    hands.wall.fetch_add(millis, Ordering::SeqCst);
    hands.running.fetch_add(millis, Ordering::SeqCst);
}

fn set_wall(hands: &Manual, by_millis: i64) {
    hands.wall.fetch_add(by_millis, Ordering::SeqCst);
}

#[test]
fn time_that_passes_is_told_and_marked() {
    let (time, hands) = keeper(Time::from_millis(0));
    assert_eq!(time.now(), Ok(BEGIN));
    pass(&hands, 86_400_000);
    assert_eq!(time.now(), Ok(BEGIN + Span::from_hours(24)));
    assert_eq!(time.mark(), BEGIN + Span::from_hours(24));
}

#[test]
fn ops_10_a_clock_that_fell_back_issues_nothing_until_it_has_caught_up() {
    let (time, hands) = keeper(Time::from_millis(0));
    assert!(time.now().is_ok());
    set_wall(&hands, -5_001);
    assert_eq!(time.now(), Err(Denial::Clock));
    assert_eq!(time.reading(), Reading::Behind(Span::from_millis(5_001)));
    assert_eq!(time.mark(), BEGIN, "what was seen is not forgotten");
    pass(&hands, 5_001);
    assert_eq!(time.now(), Ok(BEGIN));
}

#[test]
fn ops_10_a_small_step_back_is_never_told() {
    let (time, hands) = keeper(Time::from_millis(0));
    pass(&hands, 10_000);
    let before = time.now().unwrap();
    set_wall(&hands, -5_000);
    assert_eq!(time.now(), Ok(before), "a code spent a moment ago stays spent");
}

#[test]
fn ops_10_a_clock_that_jumped_ahead_issues_nothing_until_it_agrees_again() {
    let (time, hands) = keeper(Time::from_millis(0));
    assert!(time.now().is_ok());
    set_wall(&hands, 3_600_000);
    assert_eq!(time.now(), Err(Denial::Clock));
    assert_eq!(time.now(), Err(Denial::Clock), "to ask twice makes it no truer");
    assert!(matches!(time.reading(), Reading::Jumped(_)));
    assert!(time.mark() < BEGIN + Span::from_seconds(6), "a jump must not become the mark");
    set_wall(&hands, -3_600_000);
    assert!(time.now().is_ok());
}

#[test]
fn ops_10_the_stored_mark_outlives_a_restart() {
    let (time, _) = keeper(BEGIN + Span::from_millis(5_001));
    assert_eq!(time.now(), Err(Denial::Clock));
    assert_eq!(time.mark(), BEGIN + Span::from_millis(5_001));
    let (time, _) = keeper(BEGIN + Span::from_seconds(5));
    assert_eq!(time.now(), Ok(BEGIN + Span::from_seconds(5)), "not before what was told already");
}

#[test]
fn a_difference_from_the_database_counts_on_either_side() {
    let (time, _) = keeper(Time::from_millis(0));
    for (database, apart) in [(0, 0), (2_000, 2_000), (-2_000, 2_000), (2_001, 2_001), (-2_001, 2_001)] {
        let skew = time.skew_from(BEGIN + Span::from_millis(database));
        assert_eq!(skew, Span::from_millis(apart), "{database}");
        assert_eq!(is_apart(skew), apart > 2_000, "{database}");
    }
    for absurd in [i64::MIN, i64::MAX] {
        assert!(is_apart(time.skew_from(Time::from_millis(absurd))), "{absurd}");
    }
}
