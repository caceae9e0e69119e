//! Every body over its seeds and over a few thousand changed ones, in every test run. The search itself is
//! `cargo xtask fuzz`.

use std::fs;
use std::path::Path;

use poundlock_core::secret::{Rng, random_bytes};
use poundlock_core::testing::SeededRng;

use super::{TARGETS, Target, seeds};

/// Committed seeds first, then those that need our keys.
fn seeds_of(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let committed = files.iter().map(|path| fs::read(path).unwrap());
    let made = seeds::all().into_iter().filter(|(name, _, _)| *name == target.name).map(|(_, _, bytes)| bytes);
    committed.chain(made).collect()
}

fn below(rng: &dyn Rng, end: usize) -> usize {
    usize::try_from(u64::from_le_bytes(random_bytes(rng)) % end.max(1) as u64).unwrap()
}

/// One small change: a byte changed, put in, taken out, or a piece of another seed put in.
fn changed(bytes: &[u8], other: &[u8], rng: &dyn Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=below(rng, 3) {
        let at = below(rng, bytes.len());
        match below(rng, 5) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << below(rng, 8),
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 => bytes.insert(at, b" \t0=._-~/:@\"\\%#\0\xff{[,A"[below(rng, 21)]),
            3 => bytes.truncate(at),
            _ => {
                let (from, to) = (below(rng, other.len()), below(rng, other.len() + 1));
                let piece = other.get(from.min(to)..from.max(to)).unwrap_or_default().to_vec();
                bytes.splice(at..at, piece.into_iter().take(64));
            }
        }
    }
    bytes
}

/// Runs a body over its seeds, and over as many changed ones as asked for.
fn holds(name: &str, changes: u64) {
    let target = super::find(name).unwrap();
    let seeds = seeds_of(target);
    assert!(seeds.len() > 1, "{name} has nothing to begin with");
    seeds.iter().for_each(|seed| (target.body)(seed));
    for n in 0..changes {
        let rng = SeededRng::new(n);
        let (one, other) = (&seeds[below(&rng, seeds.len())], &seeds[below(&rng, seeds.len())]);
        let bytes = changed(one, other, &rng);
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let ran = std::panic::catch_unwind(|| (target.body)(&bytes));
        assert!(ran.is_ok(), "{name}, change {n}: {shown:?}");
    }
}

/// BND-01, BND-02, BND-04
#[test]
fn tokens_hold() {
    holds("jws", 2000);
    holds("claims", 500);
}

/// KEY-04, KEY-05
#[test]
fn key_sets_and_status_lists_hold() {
    holds("jwks", 1000);
    holds("status", 1000);
}

/// PWD-11, OTP-07, TOK-10
#[test]
fn hashes_and_handles_hold() {
    holds("password_hash", 2000);
    holds("handles", 1000);
}

/// OAE-01, T-27
#[test]
fn registered_addresses_hold() {
    holds("client", 2000);
}

/// AUD-05
#[test]
fn exports_hold() {
    holds("audit", 500);
}

#[test]
fn stored_rows_hold() {
    // The seeds get past the seal, or the search would stay before it.
    for (kind, name) in (0..).zip(["session", "login", "invite", "presented", "totp", "family", "checkpoint"]) {
        let seed = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/rows").join(name)).unwrap();
        assert!(super::rows::opens(kind, true, &seed[1..]), "{name} does not open");
    }
    holds("rows", 1000);
}

/// OPS-02
#[test]
fn configurations_hold() {
    holds("config", 1000);
}

/// THR-07, T-20, OPS-04
#[test]
fn the_edge_holds() {
    holds("forwarded", 2000);
    holds("proto", 2000);
    holds("proxy_header", 2000);
    holds("host", 1000);
    holds("body", 1000);
}

/// SES-02, SES-12, T-27, OAE-09
#[test]
fn what_browsers_send_holds() {
    holds("cookie", 2000);
    holds("return_to", 2000);
    holds("params", 2000);
}

#[test]
fn every_target_has_a_test_and_a_name_of_its_own() {
    let own = include_str!("tests.rs");
    for target in TARGETS {
        assert!(own.contains(&format!("holds(\"{}\"", target.name)), "{} is in no test", target.name);
        assert_eq!(TARGETS.iter().filter(|other| other.name == target.name).count(), 1);
    }
}
