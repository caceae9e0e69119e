//! Ten thousand random changes of an export: every one is found (AUD-06).

use super::world::{Row, World, below, check, export};
use crate::audit::canonical;
use crate::audit::chain::link_hash;
use crate::audit::export::Line;
use crate::testing::SeededRng;

const TRIES: usize = 10_500;
const KINDS: usize = 10;

/// One change; `None` when chance made it change nothing.
fn mutate(kind: usize, text: &[u8], rng: &SeededRng) -> Option<Vec<u8>> {
    let mut bytes = text.to_vec();
    let mut lines: Vec<Vec<u8>> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (at, one, other) = (below(rng, bytes.len()), below(rng, lines.len()), below(rng, lines.len()));
    let byte = u8::try_from(below(rng, 256)).unwrap();
    let changed = match kind {
        0 => {
            bytes[at] = byte;
            bytes
        }
        1 => {
            bytes.insert(at, [byte, b' ', b'\n', b'\r'][below(rng, 4)]);
            bytes
        }
        2 => {
            bytes.remove(at);
            bytes
        }
        3 => bytes[..at].to_vec(),
        4 => {
            lines.remove(one);
            lines.concat()
        }
        5 => {
            lines.insert(one, lines[other].clone());
            lines.concat()
        }
        6 => {
            lines.swap(one, other);
            lines.concat()
        }
        7 => lines[..one].concat(),
        8 => {
            // The start cut off, header kept, as a false prune would do it.
            let kept = one.min(other).max(1);
            [&lines[..1], &lines[kept..]].concat().concat()
        }
        _ => forge(lines, one)?,
    };
    (changed != text).then_some(changed)
}

/// Edits one record as somebody would who knows the format but not the key: canonical, with a fresh hash, and the
/// whole chain after it linked anew.
fn forge(mut lines: Vec<Vec<u8>>, victim: usize) -> Option<Vec<u8>> {
    let mut head = None;
    for (i, bytes) in lines.iter_mut().enumerate().skip(victim) {
        let text = std::str::from_utf8(bytes).unwrap().trim_end();
        let Line::Record(mut linked) = canonical::decode::<Line>(text).unwrap() else {
            if i == victim {
                return None;
            }
            continue;
        };
        let (chain, prev) = head.get_or_insert_with(|| (linked.chain.clone(), linked.prev));
        if *chain != linked.chain {
            continue;
        }
        if i == victim {
            linked.record = linked.record.because("nothing_to_see_here");
        }
        linked.prev = *prev;
        linked.hash = link_hash(chain, linked.seq, prev, linked.record.canonical().as_bytes());
        *prev = linked.hash;
        *bytes = (canonical::encode(&Line::Record(linked)) + "\n").into_bytes();
    }
    Some(lines.concat())
}

#[test]
fn aud_06_ten_thousand_random_changes_are_all_found() {
    let world = World::new(61, 2, 2, 2);
    let (text, key) = (world.text().into_bytes(), Some(world.key.public()));
    assert!(check(&text, None, key).holds());
    let (mut tried, mut drawn) = ([0_usize; KINDS], 0);
    while tried.iter().sum::<usize>() < TRIES {
        let kind = drawn % KINDS;
        drawn += 1;
        let Some(changed) = mutate(kind, &text, &world.rng) else { continue };
        assert_ne!(changed, text);
        let report = check(&changed, None, key);
        assert!(!report.holds(), "kind {kind} went unseen:\n{}", String::from_utf8_lossy(&changed));
        tried[kind] += 1;
    }
    assert!(tried.iter().sum::<usize>() >= 10_000);
    assert!(tried.iter().all(|n| *n >= 500), "{tried:?}");
}

#[test]
fn aud_06_every_cut_of_the_text_is_found() {
    let world = World::new(62, 1, 1, 1);
    let text = world.text().into_bytes();
    for end in 0..text.len() {
        assert!(!check(&text[..end], None, Some(world.key.public())).holds(), "cut at {end}");
    }
}

#[test]
fn aud_06_every_single_bit_matters() {
    let world = World::new(63, 1, 1, 1);
    let text = world.text().into_bytes();
    for at in 0..text.len() {
        let mut changed = text.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(!check(&changed, None, Some(world.key.public())).holds(), "byte {at}");
    }
}

/// One change of the stored rows, as somebody would make it who writes to the database and then asks the server for an
/// export, which signs it: the signed end proves nothing here, the chain and the checkpoints must.
fn mutate_rows(kind: usize, rows: &mut Vec<Row>, rng: &SeededRng) -> bool {
    let (one, other) = (below(rng, rows.len()), below(rng, rows.len()));
    match (kind, &mut rows[one]) {
        (0, Row::Record(_, text)) => {
            let digit = text.rfind(|c: char| c.is_ascii_digit()).unwrap();
            let new = ["0", "1", "2", "3"][below(rng, 4)];
            let before = text.clone();
            text.replace_range(digit..=digit, new);
            return *text != before;
        }
        (1, _) => drop(rows.remove(one)),
        (2, _) => {
            rows.swap(one, other);
            return one != other;
        }
        (3, _) => rows.truncate(one),
        (4, Row::Record(link, _)) => link.seq += 1,
        (5, Row::Record(link, _)) => std::mem::swap(&mut link.hash, &mut link.prev),
        _ => rows.insert(one, rows[other].clone()),
    }
    true
}

#[test]
fn aud_06_changed_rows_are_found_though_the_export_is_signed() {
    let world = World::new(64, 2, 2, 2);
    let trusted = world.checkpoints().pop().unwrap();
    let sealed = world.rows.iter().rposition(|row| matches!(row, Row::Checkpoint(_))).unwrap();
    let whole = &world.rows[..=sealed];
    let key = Some(world.key.public());
    assert!(check(export(whole, None, &world.key).as_bytes(), Some(&trusted), key).holds());
    let mut tried = 0;
    for drawn in 0..2_100 {
        let mut rows = whole.to_vec();
        if !mutate_rows(drawn % 7, &mut rows, &world.rng) {
            continue;
        }
        let text = export(&rows, None, &world.key);
        assert!(!check(text.as_bytes(), Some(&trusted), key).holds(), "kind {} went unseen", drawn % 7);
        tried += 1;
    }
    assert!(tried >= 1_500, "{tried}");
}
