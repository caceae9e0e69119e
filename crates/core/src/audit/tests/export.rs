//! Exports of several chains: whole, pruned, damaged, cut, forged, and long (AUD-06).

use super::world::{Row, START, World, check, export, node, record};
use crate::audit::{Chain, Checkpoint, CheckpointKey, Export, Fault, Head, Link, NodeName, verify_export};
use crate::secret::Digest;
use crate::testing::SeededRng;

fn faults(text: &str, world: &World) -> Vec<Fault> {
    world.check(text).findings.into_iter().map(|finding| finding.fault).collect()
}

fn at(rows: &[Row], chain: &str, seq: u64) -> usize {
    let is = |row: &Row| matches!(row, Row::Record(link, _) if link.chain == node(chain) && link.seq == seq);
    rows.iter().position(is).unwrap()
}

#[test]
fn aud_06_a_whole_export_of_several_chains_holds() {
    let world = World::new(1, 3, 4, 2);
    let report = world.check(&world.text());
    assert!(report.holds(), "{report}");
    assert_eq!((report.records, report.checkpoints), (30, 4));
    assert_eq!((report.sealed, report.unsealed, report.waiting), (24, 6, 0));
    assert_eq!(report.chains.iter().map(|head| head.seq).collect::<Vec<_>>(), [10, 10, 10]);
    assert_eq!(report.last_checkpoint, world.checkpoints().last().map(Checkpoint::at));
    assert!(report.key_expected && report.to_string().ends_with("the log holds"));
}

#[test]
fn aud_06_a_checkpoint_names_all_heads_in_order() {
    let world = World::new(2, 3, 1, 1);
    let heads = world.checkpoints()[0].heads().to_vec();
    let key = &world.key;
    let shuffled = vec![heads[2].clone(), Head::empty(node("quiet")), heads[0].clone(), heads[1].clone()];
    assert_eq!(Checkpoint::after(None, world.checkpoints()[0].at(), shuffled, key), world.checkpoints()[0]);
}

#[test]
fn aud_06_a_checkpoint_that_leaves_out_a_chain_is_found() {
    let mut world = World::new(3, 2, 1, 1);
    let whole = world.checkpoints()[0].clone();
    let partial = Checkpoint::after(None, whole.at(), whole.heads()[..1].to_vec(), &world.key);
    let place = world.rows.iter().position(|row| matches!(row, Row::Checkpoint(_))).unwrap();
    world.rows[place] = Row::Checkpoint(partial);
    assert_eq!(faults(&world.text(), &world), [Fault::CheckpointHead { number: 1, chain: node("node-1") }]);
}

#[test]
fn aud_06_an_empty_log_holds() {
    let world = World::new(4, 0, 0, 0);
    assert!(world.check(&world.text()).holds());
    assert_eq!(check(b"", None, None).findings.len(), 1);
}

#[test]
fn aud_06_an_edit_in_the_store_is_named() {
    let mut world = World::new(5, 2, 1, 3);
    let place = at(&world.rows, "node-1", 2);
    if let Row::Record(_, text) = &mut world.rows[place] {
        *text = text.replace("\"limit\":50", "\"limit\":51");
    }
    let text = world.text();
    assert_eq!(faults(&text, &world), [Fault::Edited { chain: node("node-1"), seq: 2 }]);
    assert_eq!(world.check(&text).findings[0].line, Some(6));
    assert!(world.check(&text).to_string().contains("line 6: record 2 of chain node-1 was edited"));
}

#[test]
fn aud_06_a_stored_text_that_is_no_record_goes_out_as_damaged() {
    for broken in ["", "{}", "\r\n{\"end\":{}}", " not json \u{1b}[2J"] {
        let mut world = World::new(6, 1, 1, 2);
        let Row::Record(link, _) = world.rows[0].clone() else { panic!("a record comes first") };
        world.rows[0] = Row::Record(link, broken.to_owned());
        let text = world.text();
        assert_eq!(text.lines().count(), world.rows.len() + 2);
        assert_eq!(faults(&text, &world), [Fault::Damaged { chain: node("node-0"), seq: 1 }]);
    }
}

#[test]
fn aud_06_deleted_swapped_inserted_and_repeated_rows_are_named() {
    let world = World::new(7, 1, 1, 4);
    let chain = || node("node-0");
    let with = |change: &dyn Fn(&mut Vec<Row>)| {
        let mut rows = world.rows.clone();
        change(&mut rows);
        faults(&export(&rows, None, &world.key), &world)
    };
    assert_eq!(with(&|rows| drop(rows.remove(1))), [Fault::Gap { chain: chain(), first: 2, last: 2 }]);
    assert_eq!(with(&|rows| drop(rows.drain(..3))), [Fault::Gap { chain: chain(), first: 1, last: 3 }]);
    assert_eq!(with(&|rows| rows.insert(2, rows[1].clone())), [Fault::Repeated { chain: chain(), seq: 2 }]);
    let swapped = with(&|rows| rows.swap(1, 2));
    let expected = [Fault::Gap { chain: chain(), first: 2, last: 2 }, Fault::Repeated { chain: chain(), seq: 2 }];
    assert_eq!(swapped[..2], expected);
    let swapped_texts = with(&|rows| {
        let (Row::Record(one, text_one), Row::Record(two, text_two)) = (rows[0].clone(), rows[1].clone()) else {
            return;
        };
        (rows[0], rows[1]) = (Row::Record(one, text_two), Row::Record(two, text_one));
    });
    let damaged = |seq| Fault::Damaged { chain: chain(), seq };
    assert_eq!(swapped_texts, [damaged(1), damaged(2)]);
}

#[test]
fn aud_06_a_chain_linked_anew_after_an_edit_is_found_by_the_checkpoint() {
    let mut world = World::new(8, 1, 1, 3);
    let mut chain = Chain::continue_from(Head::empty(node("node-0")));
    for row in &mut world.rows {
        if let Row::Record(link, text) = row {
            *text = text.replace("\"tried\":50", "\"tried\":1");
            *link = chain.link_stored(link.record, text.as_bytes());
        }
    }
    assert_eq!(faults(&world.text(), &world), [Fault::CheckpointHead { number: 1, chain: node("node-0") }]);
}

#[test]
fn aud_06_checkpoints_missing_moved_or_forged_are_found() {
    let world = World::new(9, 1, 3, 1);
    let mut rows = world.rows.clone();
    rows.remove(3);
    assert_eq!(faults(&export(&rows, None, &world.key), &world), [Fault::CheckpointOrder { number: 3 }]);

    let stranger = CheckpointKey::random(&SeededRng::new(99)).unwrap();
    let mut rows = world.rows.clone();
    let real = world.checkpoints()[0].clone();
    rows[1] = Row::Checkpoint(Checkpoint::after(None, real.at(), real.heads().to_vec(), &stranger));
    let found = faults(&export(&rows, None, &world.key), &world);
    assert_eq!(found, [Fault::CheckpointForged { number: 1 }, Fault::CheckpointOrder { number: 2 }]);
}

#[test]
fn aud_06_an_export_signed_by_a_stranger_is_found_only_with_the_expected_key() {
    let (ours, theirs) = (World::new(10, 1, 1, 1), World::new(11, 1, 1, 1));
    let text = theirs.text();
    assert!(faults(&text, &ours).contains(&Fault::WrongKey));
    let unasked = check(text.as_bytes(), None, None);
    assert!(unasked.holds() && !unasked.key_expected);
    assert!(unasked.to_string().contains("compare it with yours"));
}

#[test]
fn aud_06_truncation_is_found_by_a_trusted_checkpoint() {
    let world = World::new(12, 2, 3, 2);
    let all = world.checkpoints();
    let cut_after = world.rows.iter().position(|row| matches!(row, Row::Checkpoint(c) if c.number() == 2)).unwrap();
    // Somebody with the key exports a shortened log: well formed and well signed.
    let short = export(&world.rows[..=cut_after], None, &world.key);
    assert!(world.check(&short).holds());
    let report = check(short.as_bytes(), Some(&all[2]), Some(world.key.public()));
    let faults: Vec<Fault> = report.findings.into_iter().map(|finding| finding.fault).collect();
    let cut = |chain: &str| Fault::Truncated { chain: node(chain), has: 4, wants: 6 };
    assert_eq!(faults, [Fault::CheckpointsCut { has: 2, wants: 3 }, cut("node-0"), cut("node-1")]);
    for trusted in &all {
        assert!(check(world.text().as_bytes(), Some(trusted), Some(world.key.public())).holds());
    }
}

#[test]
fn aud_06_a_log_written_anew_with_the_key_is_found_by_a_trusted_checkpoint() {
    let (real, mut forged) = (World::new(13, 1, 1, 2), World::new(14, 1, 0, 2));
    let trusted = real.checkpoints()[0].clone();
    forged.key = World::new(13, 0, 0, 0).key;
    let report = check(forged.text().as_bytes(), Some(&trusted), Some(real.key.public()));
    assert_eq!(report.findings[0].fault, Fault::Forked { chain: node("node-0"), seq: 2 });
    let other = check(real.text().as_bytes(), Some(&World::new(15, 1, 1, 2).checkpoints()[0]), None);
    assert!(other.findings.iter().any(|finding| finding.fault == Fault::TrustedForged));
}

#[test]
fn aud_06_a_pruned_export_begins_at_its_cut() {
    let world = World::new(16, 2, 3, 2);
    let all = world.checkpoints();
    let begin = world.rows.iter().position(|row| matches!(row, Row::Checkpoint(c) if c.number() == 1)).unwrap() + 1;
    let pruned = export(&world.rows[begin..], Some(&all[0]), &world.key);
    let report = check(pruned.as_bytes(), Some(&all[2]), Some(world.key.public()));
    assert!(report.holds(), "{report}");
    assert_eq!((report.begins_at, report.records), (Some(all[0].at()), 12));
    assert!(check(pruned.as_bytes(), Some(&all[0]), Some(world.key.public())).holds());

    let later = export(&world.rows[begin + 1..], Some(&all[0]), &world.key);
    assert_eq!(faults(&later, &world), [Fault::Gap { chain: node("node-0"), first: 3, last: 3 }]);
    let forged = World::new(17, 2, 1, 2).checkpoints()[0].clone();
    assert!(faults(&export(&world.rows[begin..], Some(&forged), &world.key), &world).contains(&Fault::CutForged));
}

#[test]
fn findings_are_capped() {
    let world = World::new(18, 0, 0, 0);
    let report = check("\n".repeat(5000).as_bytes(), None, Some(world.key.public()));
    assert_eq!((report.findings.len(), report.more), (1000, 5000 + 2 - 1000));
}

#[test]
fn a_link_depends_on_each_of_its_parts() {
    let rng = SeededRng::new(19);
    let record = record(&rng, START, &node("a"));
    let link = |chain: &str, seq: u64, prev: &[u8], text: &str| {
        let head = Head { chain: node(chain), seq, hash: Digest::of(prev) };
        Chain::continue_from(head).link_stored(record.id(), text.as_bytes()).hash
    };
    let base = link("a", 1, b"p", "t");
    assert_eq!(base, link("a", 1, b"p", "t"));
    for other in [link("b", 1, b"p", "t"), link("a", 2, b"p", "t"), link("a", 1, b"q", "t"), link("a", 1, b"p", "u")] {
        assert_ne!(base, other);
    }
    assert_ne!(Head::empty(node("a")).hash, Head::empty(node("b")).hash);
    assert!(["", "A", "a b", "a/b", "a\n", &"x".repeat(65)].iter().all(|name| NodeName::parse(name).is_err()));
}

#[test]
fn aud_06_a_long_log_is_checked_a_line_at_a_time() {
    // A line at a time from a generator: neither writer nor reader holds the log.
    let rng = SeededRng::new(20);
    let key = CheckpointKey::random(&rng).unwrap();
    let one = record(&rng, START, &node("a"));
    let text = one.canonical();
    let mut chain = Chain::continue_from(Head::empty(node("a")));
    let (mut export, header) = Export::begin(START, key.public(), None, 0);
    let mut verifier = crate::audit::Verifier::new(None, Some(key.public()));
    verifier.line(header.as_bytes());
    for _ in 0..10_000 {
        let link: Link = chain.link_stored(one.id(), text.as_bytes());
        verifier.line(export.record(&link, text.as_bytes()).as_bytes());
    }
    verifier.line(export.finish(&key).as_bytes());
    let report = verifier.finish();
    assert!(report.holds());
    assert_eq!((report.records, report.unsealed), (10_000, 10_000));
    assert!(!verify_export(Vec::<String>::new(), None, None).holds());
}
