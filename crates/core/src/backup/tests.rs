//! What a backup says of itself, and whom it believes.

use super::*;
use crate::seal::MasterKey;
use crate::testing::SeededRng;

fn ring(seed: u64) -> Keyring {
    let (master, rng) = (MasterKey::random(&SeededRng::new(seed)), SeededRng::new(seed + 1));
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

fn manifest(content: &Digest) -> Manifest {
    Manifest {
        schema: 1,
        made_at_millis: 7,
        issuer: "https://login.example".to_owned(),
        master_key: "0011223344556677".to_owned(),
        version: "0.1.0".to_owned(),
        content: hex(content),
    }
}

#[test]
fn a_manifest_is_believed_as_it_was_written() {
    let (ring, content) = (ring(1), Digest::of(b"rows"));
    let manifest = manifest(&content);
    let (text, tag) = manifest.signed(&ring);
    assert_eq!(Manifest::check(&text, &tag, &content, &ring), Ok(manifest.clone()));
    assert_eq!(Manifest::read(&text), Some(manifest));
}

#[test]
fn car_07_an_edited_backup_is_not_believed() {
    let (ours, content) = (ring(1), Digest::of(b"rows"));
    let (text, tag) = manifest(&content).signed(&ours);
    let check = |text: &str, tag: &Digest, content: &Digest, ring: &Keyring| {
        Manifest::check(text, tag, content, ring).unwrap_err()
    };
    let edited = text.replace("\"schema\":1", "\"schema\":2");
    assert_ne!(edited, text);
    assert_eq!(check(&edited, &tag, &content, &ours), Unbelieved::BadTag);
    assert_eq!(check(&text, &Digest::of(b"another"), &content, &ours), Unbelieved::BadTag);
    assert_eq!(check(&text, &tag, &Digest::of(b"other rows"), &ours), Unbelieved::BadContent);
    assert_eq!(check(&text, &tag, &content, &ring(2)), Unbelieved::BadTag);
    let (_, tag) = manifest(&content).signed(&ours);
    let noise = "no manifest";
    assert_eq!(check(noise, &tag, &content, &ours), Unbelieved::BadTag);
    assert_eq!(check(noise, &super::tag(noise, &ours), &content, &ours), Unbelieved::Unreadable);
}

#[test]
fn after_a_restore_no_code_of_before_is_left() {
    let now = Time::from_millis(1_800_000_000_000);
    let step = 1_800_000_000 / 30;
    assert_eq!(last_step(now), step + 5);
    assert_eq!(codes_from(now), Time::from_millis((step + 6) * 30_000));
}

#[test]
fn tok_15_lists_go_on_far_behind_the_newest() {
    assert_eq!(first_list(0), 1_048_576);
    assert_eq!(first_list(3), 1_048_579);
    assert_eq!(first_list(i64::MAX), i64::MAX);
}
