//! Which addresses are counted together.

use super::*;

fn of(text: &str) -> Source {
    Source::of(text.parse().unwrap())
}

fn shared(a: &str, b: &str) -> Vec<Width> {
    let others: Vec<Prefix> = of(b).prefixes().collect();
    of(a).prefixes().filter(|prefix| others.contains(prefix)).map(|prefix| prefix.width()).collect()
}

#[test]
fn t_19_a_mapped_address_is_the_address() {
    assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
    assert_eq!(of("::ffff:c000:207"), of("192.0.2.7"));
    assert_ne!(of("::192.0.2.7"), of("192.0.2.7"));
    assert_eq!(of("::ffff:192.0.2.7").address(), Some("192.0.2.7".parse().unwrap()));
}

#[test]
fn thr_07_ipv6_is_counted_at_64_56_and_48() {
    use Width::{Address6, Everyone, Net48, Net56, Net64};
    let here = "2001:db8:1:2ff::1";
    assert_eq!(shared(here, here), [Address6, Net64, Net56, Net48, Everyone]);
    assert_eq!(shared(here, "2001:db8:1:2ff:ffff:ffff:ffff:ffff"), [Net64, Net56, Net48, Everyone]);
    assert_eq!(shared(here, "2001:db8:1:200::1"), [Net56, Net48, Everyone]);
    assert_eq!(shared(here, "2001:db8:1:300::1"), [Net48, Everyone]);
    assert_eq!(shared(here, "2001:db8:2:2ff::1"), [Everyone]);
}

#[test]
fn thr_07_ipv4_is_counted_alone_and_at_24() {
    use Width::{Address4, Everyone, Net24};
    assert_eq!(shared("192.0.2.7", "192.0.2.7"), [Address4, Net24, Everyone]);
    assert_eq!(shared("192.0.2.7", "192.0.2.255"), [Net24, Everyone]);
    assert_eq!(shared("192.0.2.7", "192.0.3.7"), [Everyone]);
    // The same bits in the other family are someone else.
    assert_eq!(shared("0.0.0.0", "::"), [Everyone]);
}

#[test]
fn thr_08_without_an_address_all_share_one_limit() {
    let widths: Vec<Width> = Source::UNKNOWN.prefixes().map(|prefix| prefix.width()).collect();
    assert_eq!(widths, [Width::Unknown, Width::Everyone]);
    assert_eq!(Source::UNKNOWN.address(), None);
}

#[test]
fn distinct_prefixes_have_distinct_bytes() {
    let sources = [of("0.0.0.0"), of("::"), Source::UNKNOWN, of("10.0.0.0"), of("::a00:0"), of("2001:db8::")];
    let prefixes: Vec<Prefix> = sources.iter().flat_map(Source::prefixes).collect();
    for a in &prefixes {
        for b in &prefixes {
            assert_eq!(a == b, a.to_bytes() == b.to_bytes(), "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_wider_prefix_has_no_smaller_rate() {
    let limits = SourceLimits::default();
    let narrow_to_wide = [Width::Address6, Width::Net64, Width::Net56, Width::Net48, Width::Everyone];
    let rates = narrow_to_wide.map(|width| limits.of(width).times);
    assert!(rates.is_sorted());
    assert!(limits.of(Width::Address4).times <= limits.of(Width::Net24).times);
    assert!(limits.of(Width::Unknown).times < limits.of(Width::Everyone).times);
    assert_eq!(Rate::per_minute(0).times.get(), 1);
}
