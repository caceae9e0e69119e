//! The table against a leaky bucket that forgets nothing, and what it keeps when it overflows.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::testing::SeededRng;

const START: Time = Time::from_millis(1_900_000_000_000);

fn table(limits: SourceLimits, slots: usize) -> Throttle {
    Throttle::new(limits, slots, &SeededRng::new(5))
}

fn all(times: u32, seconds: i64) -> SourceLimits {
    let rate = Rate { times: NonZeroU32::new(times).unwrap(), within: Span::from_seconds(seconds) };
    let everyone = Rate { times: NonZeroU32::new(1_000_000).unwrap(), within: Span::from_seconds(1) };
    SourceLimits { address: rate, net24: rate, net64: rate, net56: rate, net48: rate, unknown: rate, everyone }
}

fn admitted(table: &mut Throttle, sources: impl Iterator<Item = Source>, now: Time) -> usize {
    sources.filter(|source| table.admit(*source, now) == Verdict::Go).count()
}

fn v6(network: u64, host: u64) -> Source {
    Source::of(Ipv6Addr::from_bits(u128::from(network) << 64 | u128::from(host)).into())
}

fn v4(bits: u32) -> Source {
    Source::of(Ipv4Addr::from_bits(bits).into())
}

#[test]
fn a_rate_admits_its_burst_and_then_evenly() {
    let mut table = table(all(10, 60), SLOTS);
    assert_eq!(admitted(&mut table, (0..100).map(|_| v4(1)), START), 10);
    assert_eq!(table.admit(v4(1), START), Verdict::Delay(Span::from_millis(6001)));
    assert_eq!(table.admit(v4(1), START + Span::from_millis(5999)), Verdict::Delay(Span::from_millis(2)));
    assert_eq!(table.admit(v4(1), START + Span::from_millis(6001)), Verdict::Go);
    assert_eq!(admitted(&mut table, (0..100).map(|_| v4(1)), START + Span::from_minutes(3)), 10);
}

#[test]
fn t_19_ten_thousand_attempts_from_one_64_are_limited() {
    let mut limited = table(SourceLimits::default(), SLOTS);
    let network = 0x2001_0db8_0001_02ff;
    assert_eq!(admitted(&mut limited, (0..10_000).map(|host| v6(network, host)), START), 60);
    // A whole /56 of fresh /64s, and then a whole /48.
    let mut wider = table(SourceLimits::default(), SLOTS);
    assert_eq!(admitted(&mut wider, (0..10_000).map(|i| v6((network & !0xff) | (i % 256), i)), START), 120);
    let mut widest = table(SourceLimits::default(), SLOTS);
    assert_eq!(admitted(&mut widest, (0..10_000).map(|i| v6((network & !0xffff) | (i % 65536), i)), START), 300);
}

#[test]
fn t_19_mapped_and_plain_forms_of_an_address_are_one_source() {
    let mut table = table(SourceLimits::default(), SLOTS);
    let mapped = Source::of(Ipv4Addr::from_bits(7).to_ipv6_mapped().into());
    assert_eq!(admitted(&mut table, (0..10_000).map(|i| if i % 2 == 0 { mapped } else { v4(7) }), START), 30);
}

#[test]
fn t_19_thr_08_attempts_without_an_address_are_limited_together() {
    let mut table = table(SourceLimits::default(), SLOTS);
    assert_eq!(admitted(&mut table, (0..10_000).map(|_| Source::UNKNOWN), START), 120);
    assert_eq!(table.admit(v4(1), START), Verdict::Go, "others are not held back by them");
}

#[test]
fn thr_05_all_sources_together_have_a_limit() {
    let limits = SourceLimits { everyone: Rate::per_minute(500), ..SourceLimits::default() };
    let mut table = table(limits, SLOTS);
    assert_eq!(admitted(&mut table, (0..2000).map(|i| v4(i << 8)), START), 500);
}

#[test]
fn a_refused_request_is_not_charged() {
    let mut table = table(all(2, 60), SLOTS);
    assert_eq!(admitted(&mut table, (0..1000).map(|_| v4(1)), START), 2);
    // The /24 was not charged for the refused, and the whole rate is back after its span.
    assert_eq!(admitted(&mut table, (0..3).map(|_| v4(1)), START + Span::from_minutes(1)), 2);
}

#[test]
fn a_flood_of_sources_frees_nobody_who_is_held_back_and_adds_no_memory() {
    let mut table = table(all(20, 3600), 512);
    let slots = table.sets.len() * WAYS;
    let held: Vec<Source> = (1..=4).map(|i| v6(i << 32, 1)).collect();
    for source in &held {
        assert_eq!(admitted(&mut table, (0..30).map(|_| *source), START), 20);
    }
    let flood = (1..20_000_u64).map(|i| v6(i << 16 | 0xfd << 56, i));
    assert!(admitted(&mut table, flood, START) > 19_000, "a full table admits newcomers");
    for source in &held {
        assert!(matches!(table.admit(*source, START), Verdict::Delay(_)));
    }
    assert_eq!(table.sets.len() * WAYS, slots);
}

#[test]
fn where_a_source_lies_depends_on_the_drawn_key() {
    let (one, two) = (table(all(1, 1), SLOTS), Throttle::new(all(1, 1), SLOTS, &SeededRng::new(6)));
    let set_of = |table: &Throttle, i| {
        let prefix = v4(i).prefixes().next().unwrap();
        table.charge_of(prefix).set
    };
    assert!((0..64).filter(|i| set_of(&one, *i) != set_of(&two, *i)).count() > 60);
}

#[test]
fn a_clock_set_back_holds_nobody_longer_than_one_whole_rate() {
    let mut table = table(all(5, 60), SLOTS);
    let ahead = START + Span::from_hours(1000);
    assert_eq!(admitted(&mut table, (0..9).map(|_| v4(1)), ahead), 5);
    let Verdict::Delay(wait) = table.admit(v4(1), START) else { panic!("admitted") };
    assert!(wait <= Span::from_seconds(60));
    assert_eq!(table.admit(v4(1), START + wait), Verdict::Go);
    let later = START + wait + Span::from_seconds(60);
    assert_eq!(admitted(&mut table, (0..9).map(|_| v4(1)), later), 5);
    for extreme in [i64::MIN, i64::MAX] {
        let _ = table.admit(v4(3 << 8), Time::from_millis(extreme));
    }
}

#[test]
fn odd_sizes_and_rates_still_limit() {
    for slots in [0, 1, 9] {
        assert_eq!(admitted(&mut table(all(3, 60), slots), (0..50).map(|_| Source::UNKNOWN), START), 3);
    }
    let mut none = table(all(3, 0), SLOTS);
    assert_eq!(admitted(&mut none, (0..50).map(|_| Source::UNKNOWN), START), 3);
    // A span that does not divide is rounded so that the rate is never exceeded.
    let uneven = Charge::new(0, 1, all(7, 1).address);
    assert!(uneven.cost * 7 >= 1_000_000 && uneven.burst == uneven.cost * 7);
    let mut uneven = table(all(7, 1), SLOTS);
    assert_eq!(admitted(&mut uneven, (0..50).map(|_| Source::UNKNOWN), START), 7);
}

/// A leaky bucket for each prefix, in exact fractions: levels in requests times microseconds.
#[derive(Default)]
struct Buckets {
    levels: HashMap<Prefix, (i64, i128)>,
}

impl Buckets {
    fn admit(&mut self, limits: SourceLimits, source: Source, now: Time) -> bool {
        let mut filled = Vec::new();
        for prefix in source.prefixes() {
            let rate = limits.of(prefix.width());
            let (times, within) = (i128::from(rate.times.get()), i128::from(rate.within.millis()));
            let (at, level) = self.levels.get(&prefix).copied().unwrap_or((now.millis(), 0));
            let leaked = i128::from(now.millis() - at) * times;
            let level = (level - leaked).max(0) + within;
            if level > times * within {
                return false;
            }
            filled.push((prefix, (now.millis(), level)));
        }
        self.levels.extend(filled);
        true
    }
}

proptest! {
    #[test]
    fn the_table_admits_what_a_leaky_bucket_admits(
        times in prop::sample::select(vec![1_u32, 2, 3, 5, 8, 10]),
        steps in prop::collection::vec((0_u32..6, 0_i64..9_000), 1..120),
    ) {
        // 120 s divide evenly by every one of these, so both are exact.
        let limits = SourceLimits { net24: Rate::per_minute(12), net64: Rate::per_minute(6), ..all(times, 120) };
        let sources = [v4(1), v4(2), v4(300), v6(1 << 32, 1), v6(1 << 32, 2), Source::UNKNOWN];
        let (mut table, mut buckets) = (table(limits, SLOTS), Buckets::default());
        let mut now = START;
        for (source, pause) in steps {
            now = now + Span::from_millis(pause);
            let source = sources[source as usize];
            let go = table.admit(source, now) == Verdict::Go;
            prop_assert_eq!(go, buckets.admit(limits, source, now));
        }
    }

    #[test]
    fn after_the_told_wait_a_source_is_admitted(times in 1_u32..50, seconds in 1_i64..4000, tries in 1_usize..99) {
        let mut table = table(all(times, seconds), SLOTS);
        admitted(&mut table, (0..tries).map(|_| v4(9)), START);
        if let Verdict::Delay(wait) = table.admit(v4(9), START) {
            prop_assert!(wait > Span::ZERO);
            prop_assert_eq!(table.admit(v4(9), START + wait), Verdict::Go);
        }
    }
}
