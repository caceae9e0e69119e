//! Clocks that stop, jump, drift and come back.

use proptest::prelude::*;

use super::*;

const START: Time = Time::from_millis(1_900_000_000_000);

fn wall(seconds: i64) -> Time {
    START + Span::from_seconds(seconds)
}

fn mono(seconds: i64) -> Span {
    Span::from_seconds(seconds)
}

fn ready(reading: Reading) -> Option<(Time, Span)> {
    match reading {
        Reading::Ready { now, mark, skew } => {
            assert_eq!(now, mark);
            Some((now, skew))
        }
        Reading::Behind(_) | Reading::Jumped(_) => None,
    }
}

/// A clock that has run well for 100 seconds.
fn running() -> HighWater {
    let mut water = HighWater::new(Time::from_millis(i64::MIN));
    for second in 0..=100 {
        assert_eq!(ready(water.observe(wall(second), mono(second))), Some((wall(second), Span::ZERO)));
    }
    water
}

#[test]
fn a_steady_clock_is_believed_and_moves_the_mark() {
    let water = running();
    assert_eq!(water.mark(), wall(100));
}

#[test]
fn otp_10_a_clock_set_back_issues_nothing_until_it_is_near_the_mark_again() {
    let mut water = running();
    assert_eq!(water.observe(wall(94), mono(101)), Reading::Behind(mono(6)));
    assert_eq!(water.observe(wall(-3600), mono(102)), Reading::Behind(mono(3700)));
    assert_eq!(water.mark(), wall(100), "the mark never goes back");
    assert!(ready(water.observe(wall(103), mono(103))).is_some());
}

#[test]
fn a_small_step_back_repeats_no_time() {
    let mut water = running();
    let (now, skew) = ready(water.observe(wall(97), mono(101))).unwrap();
    assert_eq!((now, skew), (wall(100), mono(-4)));
    let (now, _) = ready(water.observe(wall(101), mono(105))).unwrap();
    assert_eq!(now, wall(101));
}

#[test]
fn a_jump_ahead_issues_nothing_and_leaves_the_mark() {
    let mut water = running();
    assert_eq!(water.observe(wall(107), mono(101)), Reading::Jumped(mono(6)));
    assert_eq!(water.observe(wall(4000), mono(102)), Reading::Jumped(mono(3898)));
    assert_eq!(water.mark(), wall(100));
    // However long it lasts, it is not believed; set right, it is, and nothing was lost.
    assert!(matches!(water.observe(wall(100_000), mono(90_000)), Reading::Jumped(_)));
    assert_eq!(ready(water.observe(wall(90_001), mono(90_001))), Some((wall(90_001), Span::ZERO)));
}

#[test]
fn small_jumps_do_not_add_up() {
    let mut water = running();
    let readings: Vec<Reading> = (1..=20).map(|i| water.observe(wall(100 + 4 * i), mono(100))).collect();
    assert!(ready(readings[0]).is_some());
    assert!(readings[1..].iter().all(|reading| matches!(reading, Reading::Jumped(_))));
    assert_eq!(water.mark(), wall(104), "at most the time gone by and five seconds");
}

#[test]
fn a_start_believes_any_wall_from_the_stored_mark_on() {
    let mut slept = HighWater::new(wall(0));
    assert!(ready(slept.observe(wall(9_000_000), mono(5))).is_some());
    let mut just_behind = HighWater::new(wall(0));
    assert_eq!(ready(just_behind.observe(wall(-5), mono(5))).map(|(now, _)| now), Some(wall(0)));
    // A machine without a battery starts in the past and is set right later, by any amount.
    let mut battery_flat = HighWater::new(wall(0));
    assert!(matches!(battery_flat.observe(wall(-900_000_000), mono(1)), Reading::Behind(_)));
    assert!(ready(battery_flat.observe(wall(86_400), mono(20))).is_some());
    assert!(matches!(battery_flat.observe(wall(2 * 86_400), mono(21)), Reading::Jumped(_)));
}

#[test]
fn the_mark_of_another_node_counts() {
    let mut water = running();
    water.raise(wall(90));
    assert_eq!(water.mark(), wall(100));
    water.raise(wall(200));
    assert_eq!(water.observe(wall(101), mono(101)), Reading::Behind(mono(99)));
}

#[test]
fn more_than_two_seconds_alert() {
    let mut water = running();
    for (ahead, alerts) in [(2, false), (3, true), (5, true), (-2, false), (-3, true)] {
        let mut water = water.clone();
        let reading = water.observe(wall(110 + ahead), mono(110));
        assert!(ready(reading).is_some());
        assert_eq!(reading.alerts(), alerts, "{ahead}");
    }
    assert!(water.observe(wall(9000), mono(110)).alerts());
    assert!(water.observe(wall(0), mono(110)).alerts());
}

#[test]
fn a_clock_that_is_set_right_by_halves_of_a_second_stays_in_step() {
    let mut water = running();
    let mut off = 0;
    for hour in 1..=200 {
        off += 500;
        for minute in 0..60 {
            let gone = mono(100 + hour * 3600 + minute * 60);
            let reading = water.observe(wall(0) + gone + Span::from_millis(off), gone);
            assert!(!reading.alerts(), "hour {hour}: {reading:?}");
        }
    }
}

#[test]
fn no_reading_breaks_the_arithmetic() {
    for mark in [i64::MIN, 0, i64::MAX] {
        let mut water = HighWater::new(Time::from_millis(mark));
        for at in [i64::MIN, -1, 0, i64::MAX] {
            for gone in [i64::MIN, 0, i64::MAX] {
                let _ = water.observe(Time::from_millis(at), Span::from_millis(gone));
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_wall_does_time_given_out_never_runs_back_nor_ahead(
        steps in prop::collection::vec((0_i64..10_000, -20_000_i64..20_000), 1..200),
    ) {
        let mut water = HighWater::new(START);
        let _ = water.observe(START, Span::ZERO);
        let (mut gone, mut last) = (0, START);
        for (elapsed, off) in steps {
            gone += elapsed;
            let truth = START + Span::from_millis(gone);
            if let Some((now, _)) = ready(water.observe(truth + Span::from_millis(off), Span::from_millis(gone))) {
                prop_assert!(now >= last);
                // The anchor follows by a thousandth of the time gone by at most.
                prop_assert!(now <= truth + Span::from_millis(5_000 + gone / 1000));
                last = now;
            }
        }
    }
}
