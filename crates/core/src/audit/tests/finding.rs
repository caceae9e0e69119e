//! Findings that need somebody who knows the format well, and the words of the report.

use super::world::{Row, START, World, check, export, node};
use crate::audit::chain::link_hash;
use crate::audit::{Checkpoint, Fault, Finding, Report, utc};
use crate::time::Span;

fn faults(rows: &[Row], trusted: Option<&Checkpoint>, world: &World) -> Vec<Fault> {
    let report = check(export(rows, None, &world.key).as_bytes(), trusted, Some(world.key.public()));
    report.findings.into_iter().map(|finding| finding.fault).collect()
}

#[test]
fn aud_06_a_record_replaced_with_a_fresh_hash_is_found_by_the_next_link() {
    let mut world = World::new(1, 1, 1, 4);
    if let Row::Record(link, text) = &mut world.rows[1] {
        *text = text.replace("\"tried\":50", "\"tried\":1");
        link.hash = link_hash(&link.chain, link.seq, &link.prev, text.as_bytes());
    }
    // The last link before the checkpoint is untouched, so only the link after the victim can tell.
    assert_eq!(faults(&world.rows, None, &world), [Fault::BrokenLink { chain: node("node-0"), seq: 3 }]);
}

#[test]
fn aud_06_a_checkpoint_signed_twice_is_found_by_the_trusted_one() {
    let mut world = World::new(2, 1, 1, 2);
    let real = world.checkpoints().pop().unwrap();
    let other = Checkpoint::after(None, real.at() + Span::from_hours(1), real.heads().to_vec(), &world.key);
    assert_eq!(faults(&world.rows, Some(&real), &world), []);
    world.rows[2] = Row::Checkpoint(other);
    assert_eq!(faults(&world.rows, None, &world), []);
    assert_eq!(faults(&world.rows, Some(&real), &world), [Fault::CheckpointForked { number: 1 }]);
}

#[test]
fn aud_06_a_row_of_another_chain_put_in_between_is_found() {
    let mut world = World::new(3, 2, 1, 2);
    world.rows.swap(1, 2);
    assert_eq!(faults(&world.rows, None, &world), [Fault::ChainOrder { chain: node("node-0") }]);
}

#[test]
fn aud_06_lines_around_the_export_are_found() {
    let world = World::new(4, 1, 1, 1);
    let text = world.text();
    let first = |text: &str| world.check(text).findings.first().cloned().map(|finding| finding.fault);
    assert_eq!(first(&text), None);
    assert_eq!(first(&(text.clone() + &text)), Some(Fault::AfterEnd));
    assert_eq!(first(&(text.clone() + "\n")), Some(Fault::AfterEnd));
    assert_eq!(first(text.trim_end()), Some(Fault::LineCut));
    assert_eq!(first(&("\n".to_owned() + &text)), Some(Fault::NoHeader));
    assert_eq!(first(&text.replace('\n', "\r\n")), Some(Fault::NoHeader));
    assert_eq!(first(&text.replace("poundlock-audit-1", "poundlock-audit-2")), Some(Fault::UnknownFormat));
    let header = text.split_inclusive('\n').next().unwrap();
    assert_eq!(first(&(header.to_owned() + &text)), Some(Fault::HeaderAgain));
}

#[test]
fn every_fault_has_plain_words() {
    let (chain, seq, number) = (node("eu-1"), 7, 3);
    let faults = [
        Fault::Unreadable,
        Fault::NotCanonical,
        Fault::NoHeader,
        Fault::WrongKey,
        Fault::CutForged,
        Fault::Damaged { chain: chain.clone(), seq },
        Fault::Gap { chain: chain.clone(), first: 2, last: 4 },
        Fault::CheckpointForged { number },
        Fault::CheckpointHead { number, chain: chain.clone() },
        Fault::NoEnd,
        Fault::EndForged,
        Fault::Truncated { chain: chain.clone(), has: 4, wants: 9 },
        Fault::Forked { chain, seq },
    ];
    for fault in faults {
        let words = fault.to_string();
        assert!(words.len() > 15 && !words.contains('{') && !words.ends_with('.'), "{words}");
        assert_eq!(Finding { line: Some(9), fault: fault.clone() }.to_string(), format!("line 9: {words}"));
        assert_eq!(Finding { line: None, fault }.to_string(), words);
    }
}

#[test]
fn the_report_tells_counts_first_and_the_verdict_last() {
    let mut report =
        Report { records: 5, sealed: 3, unsealed: 2, waiting: 1, begins_at: Some(START), ..Report::default() };
    let text = report.to_string();
    assert!(text.starts_with("5 records in 0 chains, 0 checkpoints\n"), "{text}");
    assert!(text.contains(&format!("pruned: begins at the checkpoint of {}", utc(START))));
    assert!(text.contains("3 sealed (last checkpoint: none), 2 after it, 1 not linked"));
    assert!(text.ends_with("the log holds"));
    report.add(None, Fault::NoEnd);
    report.more = 4;
    let text = report.to_string();
    assert!(text.contains("the end is missing") && text.contains("and 4 findings more"), "{text}");
    assert!(text.ends_with("the log DOES NOT HOLD") && !report.holds());
}
