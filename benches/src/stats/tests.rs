//! The statistics against values worked out by hand or known from textbooks.

use super::*;
use crate::random::Shuffler;

fn near(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-9
}

/// `count` values around `middle`, each a sum of uniform ones: near enough to a bell.
fn bell(seed: u64, count: usize, middle: f64, width: f64) -> Vec<f64> {
    let mut draw = Shuffler::new(seed);
    let mut uniform = || draw.below(1_000_000) as f64 / 1e6;
    (0..count).map(|_| middle + width * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0)).collect()
}

#[test]
fn a_spread_is_the_median_between_the_extremes() {
    let odd = Spread::of(&[3.0, 1.0, 2.0]);
    assert_eq!((odd.median, odd.min, odd.max, odd.rounds), (2.0, 1.0, 3.0, 3));
    assert!(near(Spread::of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5), "an even number: half-way");
    assert_eq!(Spread::of(&[]).rounds, 0);
    assert_eq!(Spread::of(&[7.0]), Spread { median: 7.0, min: 7.0, max: 7.0, rounds: 1 });
}

#[test]
fn percentiles_are_by_nearest_rank() {
    let values: Vec<f64> = (1..=100).map(f64::from).collect();
    assert!(near(percentile(&values, 0.99), 99.0));
    assert!(near(percentile(&values, 1.0), 100.0));
    assert!(near(percentile(&values, 0.0), 1.0));
    assert!(near(percentile(&[], 0.99), 0.0));
}

#[test]
fn ratios_pair_the_rounds_and_leave_out_an_empty_yardstick() {
    assert_eq!(ratios(&[2.0, 9.0, 5.0], &[1.0, 3.0, 0.0]), [2.0, 3.0]);
}

#[test]
fn welch_is_as_worked_out_by_hand() {
    // Means 3 and 7, variances 2.5 and 10, five each: t = 4 / sqrt(0.5 + 2).
    let found = compare(&[1.0, 2.0, 3.0, 4.0, 5.0], &[3.0, 5.0, 7.0, 9.0, 11.0]);
    assert!(near(found.mean, 4.0));
    assert!(near(found.t, 4.0 / 2.5_f64.sqrt()), "{}", found.t);
    assert!(near(found.visible, T_LIMIT * 2.5_f64.sqrt()));
}

#[test]
fn the_distance_is_the_widest_gap_of_the_distributions() {
    let distance = |a: &[f64], b: &[f64]| compare(a, b).ks;
    assert!(near(distance(&[1.0, 2.0], &[3.0, 4.0]), 1.0), "apart");
    assert!(near(distance(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 0.0), "the same");
    assert!(near(distance(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0]), 0.5), "half over");
    assert!(near(compare(&[0.0; 1000], &[0.0; 1000]).ks_limit, 1.949 * (2.0_f64 / 1000.0).sqrt()));
}

#[test]
fn equal_values_have_no_t() {
    assert!(near(compare(&[2.0, 2.0], &[2.0, 2.0]).t, 0.0));
    assert!(near(compare(&[], &[]).ks, 0.0));
}

#[test]
fn like_samples_pass_and_a_shift_of_half_a_width_is_seen() {
    let first = bell(1, 1000, 50.0, 1.0);
    let like = compare(&first, &bell(2, 1000, 50.0, 1.0));
    assert!(like.t.abs() < T_LIMIT && like.ks < like.ks_limit, "{like:?}");
    let shifted = compare(&first, &bell(3, 1000, 50.5, 1.0));
    assert!(shifted.t > T_LIMIT && shifted.ks > shifted.ks_limit, "{shifted:?}");
    // Equal means, other widths: only the distance sees it.
    let wider = compare(&first, &bell(4, 1000, 50.0, 3.0));
    assert!(wider.ks > wider.ks_limit, "{wider:?}");
}
