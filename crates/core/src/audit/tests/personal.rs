//! Names and addresses: sealed, opened by their owner's key only, gone with it. Keys of checkpoints.

use super::world::{START, node};
use crate::audit::{Checkpoint, CheckpointKey, Event, Month, Owner, Personal, PersonalKey, PublicKey, Record};
use crate::id::{RecordId, UserId};
use crate::seal::{Keyring, MasterKey};
use crate::testing::SeededRng;
use crate::time::{Span, Time};

fn ring(rng: &SeededRng) -> Keyring {
    let master = MasterKey::random(rng);
    Keyring::open(&master, &Keyring::create(&master, rng)).unwrap()
}

fn alice() -> Personal {
    Personal {
        name: Some("alice@example.org".to_owned()),
        source: Some("192.0.2.7".to_owned()),
        agent: Some("Browser\u{1b}[2J".to_owned()),
        note: None,
    }
}

#[test]
fn aud_03_names_and_addresses_are_readable_with_the_owners_key_only() {
    let rng = SeededRng::new(1);
    let (mine, other) = (PersonalKey::random(&rng), PersonalKey::random(&rng));
    let record = Record::new(RecordId::new(START, &rng), START, &node("a"), Event::LoginFirstRefused)
        .about(UserId::new(START, &rng))
        .sealing(&alice(), &mine, &rng);
    for secret in ["alice", "192.0.2.7", "Browser"] {
        assert!(!record.canonical().contains(secret) && !format!("{record:?}").contains(secret));
    }
    let read = Record::parse(&record.canonical()).unwrap();
    assert_eq!(read.open_personal(&mine), Ok(Some(alice())));
    assert!(read.open_personal(&other).is_err());
    assert_eq!(format!("{:?}", alice()), "Personal(…)");
}

#[test]
fn a_sealed_part_does_not_open_in_another_record() {
    let rng = SeededRng::new(2);
    let key = PersonalKey::random(&rng);
    let make = || Record::new(RecordId::new(START, &rng), START, &node("a"), Event::LoginFirstOk);
    let (one, other) = (make().sealing(&alice(), &key, &rng), make());
    let id = |record: &Record| format!("\"{}\"", record.id());
    let moved = one.canonical().replace(&id(&one), &id(&other));
    assert!(Record::parse(&moved).unwrap().open_personal(&key).is_err());
    assert_eq!(other.open_personal(&key), Ok(None));
}

#[test]
fn a_name_that_belongs_to_no_account_is_dropped() {
    let rng = SeededRng::new(3);
    let key = PersonalKey::random(&rng);
    let record = Record::new(RecordId::new(START, &rng), START, &node("a"), Event::LoginFirstRefused).sealing(
        &alice(),
        &key,
        &rng,
    );
    let opened = record.open_personal(&key).unwrap().unwrap();
    assert_eq!((opened.name, opened.source), (None, alice().source));
    assert_eq!(record.owner(), Owner::Month(Month::of(START)));
}

#[test]
fn a_personal_key_reads_back_for_its_owner_only() {
    let rng = SeededRng::new(4);
    let (ring, key) = (ring(&rng), PersonalKey::random(&rng));
    let record = Record::new(RecordId::new(START, &rng), START, &node("a"), Event::LoginFirstOk);
    let sealed = record.sealing(&alice(), &key, &rng);
    let months = [START, START + Span::from_hours(24 * 31)].map(|at| Owner::Month(Month::of(at)));
    let owners = [Owner::User(UserId::new(START, &rng)), Owner::User(UserId::new(START, &rng)), months[0], months[1]];
    for (i, owner) in owners.into_iter().enumerate() {
        let stored = key.stored(owner, &ring, &rng);
        let read = PersonalKey::from_stored(&stored, owner, &ring).unwrap();
        assert!(sealed.open_personal(&read).is_ok());
        for (j, wrong) in owners.into_iter().enumerate().filter(|(j, _)| *j != i) {
            assert!(PersonalKey::from_stored(&stored, wrong, &ring).is_err(), "{i} as {j}");
        }
    }
}

#[test]
fn months_are_those_of_utc() {
    let of = |millis| Month::of(Time::from_millis(millis)).to_string();
    assert_eq!(of(0), "1970-01");
    assert_eq!(of(-1), "1969-12");
    assert_eq!(of(1_709_251_199_999), "2024-02");
    assert_eq!(of(1_709_251_200_000), "2024-03");
}

#[test]
fn personal_lines_are_escaped_and_long_ones_cut() {
    let lines = alice().lines();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
    let rng = SeededRng::new(5);
    let key = PersonalKey::random(&rng);
    let long = Personal { agent: Some("x".repeat(9999)), ..Personal::default() };
    let record = Record::new(RecordId::new(START, &rng), START, &node("a"), Event::LoginFirstOk);
    let opened = record.sealing(&long, &key, &rng).open_personal(&key).unwrap().unwrap();
    assert_eq!(opened.agent.unwrap().len(), 256);
}

#[test]
fn a_checkpoint_key_reads_back_and_its_public_half_too() {
    let rng = SeededRng::new(6);
    let (ring, key) = (ring(&rng), CheckpointKey::random(&rng).unwrap());
    let stored = key.stored(&ring, &rng);
    let read = CheckpointKey::from_stored(&stored, &ring).unwrap();
    assert_eq!(read.public(), key.public());
    assert_eq!(key.public().to_string().parse::<PublicKey>(), Ok(key.public()));
    assert!("abc".parse::<PublicKey>().is_err());
    assert!(CheckpointKey::from_stored(&stored[..40], &ring).is_err());
    assert_eq!(format!("{key:?}"), format!("CheckpointKey({})", key.public()));
}

#[test]
fn aud_06_a_checkpoint_reads_back_from_its_line_and_is_signed_whole() {
    let rng = SeededRng::new(7);
    let (key, other) = (CheckpointKey::random(&rng).unwrap(), CheckpointKey::random(&rng).unwrap());
    let checkpoint = super::world::World::new(8, 2, 2, 1).checkpoints().pop().unwrap();
    let signed = Checkpoint::after(None, START, checkpoint.heads().to_vec(), &key);
    let text = signed.canonical();
    assert_eq!(Checkpoint::parse(&text), Ok(signed.clone()));
    assert!(signed.signed_by(&key.public()) && !signed.signed_by(&other.public()));
    assert!(Checkpoint::parse(&format!("{text} ")).is_err());
    for (old, new) in
        [("\"number\":1", "\"number\":2"), ("\"at\":17", "\"at\":18"), ("node-0", "node-9"), ("\"seq\":2", "\"seq\":1")]
    {
        assert!(text.contains(old));
        assert!(!Checkpoint::parse(&text.replacen(old, new, 1)).unwrap().signed_by(&key.public()), "{old}");
    }
}
