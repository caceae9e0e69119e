//! Chains by themselves: numbers, names, what a link depends on, and what an export writes next.

use proptest::prelude::*;

use super::world::{START, World, check, export, node, record};
use crate::audit::{Chain, Fault, Head, NodeName, Stretch, stretches};
use crate::secret::Digest;
use crate::testing::SeededRng;

fn head(chain: &str, seq: u64) -> Head {
    Head { chain: node(chain), seq, hash: Digest::of(chain.as_bytes()) }
}

#[test]
fn aud_06_a_chain_counts_without_gaps_and_goes_on_after_its_head() {
    let rng = SeededRng::new(1);
    let mut chain = Chain::continue_from(Head::empty(node("a")));
    let mut before = chain.head().clone();
    for seq in 1..=5 {
        let record = record(&rng, START, &node("a"));
        let link = chain.link(&record);
        assert_eq!((link.seq, link.prev, link.record), (seq, before.hash, record.id()));
        assert_eq!((chain.head().seq, chain.head().hash), (seq, link.hash));
        // A sealer that starts anew from the stored head makes the same next link.
        let again = Chain::continue_from(before.clone()).link(&record);
        assert_eq!(again, link);
        before = chain.head().clone();
    }
}

#[test]
fn a_link_over_a_record_is_the_link_over_its_stored_text() {
    let record = record(&SeededRng::new(2), START, &node("a"));
    let chain = || Chain::continue_from(Head::empty(node("a")));
    assert_eq!(chain().link(&record), chain().link_stored(record.id(), record.canonical().as_bytes()));
}

#[test]
fn a_node_name_is_short_and_plain() {
    for good in ["a", "eu-1.example_2", &"x".repeat(64)] {
        assert_eq!(NodeName::parse(good).unwrap().to_string(), good);
    }
    for bad in ["", "A", "a b", "a/b", "a\n", "é", &"x".repeat(65)] {
        assert!(NodeName::parse(bad).is_err(), "{bad:?}");
        assert!(serde_json::from_value::<NodeName>(bad.into()).is_err());
    }
}

#[test]
fn stretches_are_what_grew_in_order_of_names() {
    let (before, now) = ([head("b", 3), head("c", 1)], [head("c", 4), head("b", 3), head("a", 2)]);
    let stretch = |chain: &str, after, until| Stretch { chain: node(chain), after, until };
    assert_eq!(stretches(&before, &now), [stretch("a", 0, 2), stretch("c", 1, 4)]);
    assert_eq!(stretches(&now, &before), []);
}

#[test]
fn aud_06_a_chain_that_starts_over_is_found() {
    // What a sealer would do that lost its head: the numbers come again.
    let (one, two) = (World::new(3, 1, 0, 3), World::new(4, 1, 0, 2));
    let rows = [one.rows.clone(), two.rows].concat();
    let report = check(export(&rows, None, &one.key).as_bytes(), None, Some(one.key.public()));
    let faults: Vec<Fault> = report.findings.into_iter().map(|finding| finding.fault).collect();
    let again = |seq| Fault::Repeated { chain: node("node-0"), seq };
    assert_eq!(faults, [again(1), again(2)]);
}

#[test]
fn stored_bytes_that_are_no_text_are_linked_and_go_out_as_damaged() {
    let world = World::new(5, 0, 0, 0);
    let record = record(&SeededRng::new(6), START, &node("a"));
    let mut chain = Chain::continue_from(Head::empty(node("a")));
    let link = chain.link_stored(record.id(), b"\xff\n");
    let (mut export, header) = crate::audit::Export::begin(START, world.key.public(), None, 0);
    let text = header + &export.record(&link, b"\xff\n") + &export.finish(&world.key);
    let report = world.check(&text);
    assert_eq!(report.findings[0].fault, Fault::Damaged { chain: node("a"), seq: 1 });
    assert_eq!(report.findings.len(), 1);
}

proptest! {
    #[test]
    fn two_texts_never_share_a_link(one in any::<Vec<u8>>(), other in any::<Vec<u8>>(), seed in any::<u64>()) {
        let id = record(&SeededRng::new(seed), START, &node("a")).id();
        let hash = |stored: &[u8]| Chain::continue_from(Head::empty(node("a"))).link_stored(id, stored).hash;
        prop_assert_eq!(hash(&one) == hash(&other), one == other);
    }

    #[test]
    fn stretches_cover_every_number_once(
        before in prop::collection::btree_map("[a-c]", 0_u64..9, 0..3),
        grown in prop::collection::btree_map("[a-c]", 0_u64..9, 0..3),
    ) {
        let seq = |chain: &str| before.get(chain).copied().unwrap_or(0);
        let old: Vec<Head> = before.iter().map(|(chain, seq)| head(chain, *seq)).collect();
        let now: Vec<Head> = grown.iter().map(|(chain, by)| head(chain, seq(chain) + by)).collect();
        let written: u64 = stretches(&old, &now).iter().map(|s| s.until - s.after).sum();
        prop_assert_eq!(written, grown.values().sum::<u64>());
    }
}
