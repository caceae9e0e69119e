//! A code works once, for its owner, however it is written down; a row made or moved in SQL works never.

use proptest::prelude::*;

use super::*;
use crate::seal::MasterKey;
use crate::testing::SeededRng;

const NOW: Time = Time::from_millis(1_900_000_000_000);

fn ring(seed: u64) -> Keyring {
    let rng = SeededRng::new(seed);
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

fn owner(seed: u64) -> (UserId, FactorId) {
    let rng = SeededRng::new(seed);
    (UserId::new(NOW, &rng), FactorId::new(NOW, &rng))
}

fn codes(seed: u64) -> (Keyring, UserId, RecoveryCodes) {
    let ring = ring(seed);
    let (user, set) = owner(seed);
    let codes = RecoveryCodes::generate(&ring, user, set, &SeededRng::new(seed + 100));
    (ring, user, codes)
}

#[test]
fn rcv_01_a_set_is_ten_codes_of_128_random_bits() {
    let (_, _, codes) = codes(1);
    assert_eq!((codes.shown.len(), codes.rows.len()), (10, 10));
    for (text, row) in codes.shown.iter().zip(&codes.rows) {
        let groups: Vec<usize> = text.reveal().split('-').map(str::len).collect();
        assert_eq!(groups, [5, 5, 5, 5, 6]);
        assert_eq!(RecoveryCode::parse(text.reveal()).unwrap().digest(row.user), row.digest);
    }
    let distinct: std::collections::BTreeSet<_> = codes.rows.iter().map(|row| row.digest).collect();
    assert_eq!(distinct.len(), 10);
    let numbers: Vec<u32> = codes.rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
}

#[test]
fn rcv_02_every_code_proves_its_own_row_and_no_other() {
    let (ring, user, codes) = codes(2);
    for (i, text) in codes.shown.iter().enumerate() {
        let code = RecoveryCode::parse(text.reveal()).unwrap();
        for (j, row) in codes.rows.iter().enumerate() {
            let proof = check(&ring, user, &code, Some(row), NOW);
            assert_eq!(proof.is_some(), i == j);
            if let Some(proof) = proof {
                assert_eq!((proof.user(), proof.set(), proof.number()), (user, row.set, row.number));
                assert_eq!((proof.digest(), proof.at()), (&row.digest, NOW));
            }
        }
        assert!(check(&ring, user, &code, None, NOW).is_none());
    }
}

#[test]
fn rcv_02_a_row_copied_to_another_user_is_worthless() {
    let (ring, user, codes) = codes(3);
    let (other, other_set) = owner(4);
    let code = RecoveryCode::parse(codes.shown[0].reveal()).unwrap();
    let row = &codes.rows[0];
    assert!(check(&ring, other, &code, Some(row), NOW).is_none());
    let digest = code.digest(other);
    assert_ne!(digest, row.digest);
    for moved in [
        RecoveryRow { user: other, ..row.clone() },
        RecoveryRow { user: other, digest, ..row.clone() },
        RecoveryRow { user: other, digest, set: other_set, ..row.clone() },
    ] {
        assert!(check(&ring, other, &code, Some(&moved), NOW).is_none());
        assert!(check(&ring, user, &code, Some(&moved), NOW).is_none());
    }
}

#[test]
fn rcv_02_a_row_written_in_sql_proves_nothing() {
    let (ring, user, codes) = codes(5);
    let row = &codes.rows[0];
    let chosen = RecoveryCode::random(&SeededRng::new(6));
    let planted = RecoveryRow { digest: chosen.digest(user), ..row.clone() };
    assert!(check(&ring, user, &chosen, Some(&planted), NOW).is_none());
    let code = RecoveryCode::parse(codes.shown[0].reveal()).unwrap();
    let renumbered = RecoveryRow { number: 11, ..row.clone() };
    let other = owner(12).0;
    let other_owner = sealed_part(other, &code.digest(user));
    let foreign = RecoveryRow { seal: ring.seal(place(&row.set, 1), &other_owner, &SeededRng::new(1)), ..row.clone() };
    let unsealed = RecoveryRow { seal: Vec::new(), ..row.clone() };
    let short = RecoveryRow { seal: ring.seal(place(&row.set, 1), b"short", &SeededRng::new(1)), ..row.clone() };
    for edited in [planted, renumbered, foreign, unsealed, short] {
        assert!(check(&ring, user, &code, Some(&edited), NOW).is_none());
    }
    assert!(check(&self::ring(7), user, &code, Some(row), NOW).is_none());
}

#[test]
fn rcv_04_a_replacement_joins_the_set() {
    let (ring, user, codes) = codes(8);
    let set = codes.rows[0].set;
    let (text, row) = RecoveryCodes::replacement(&ring, (user, set), 11, &SeededRng::new(9));
    let code = RecoveryCode::parse(text.reveal()).unwrap();
    assert_eq!(check(&ring, user, &code, Some(&row), NOW).map(|proof| proof.number()), Some(11));
    assert!(codes.rows.iter().all(|old| old.digest != row.digest));
}

#[test]
fn t_14_parallel_uses_name_the_same_row_to_delete() {
    let (ring, user, codes) = codes(10);
    let code = RecoveryCode::parse(codes.shown[3].reveal()).unwrap();
    let mut table: std::collections::BTreeSet<Digest> = codes.rows.iter().map(|row| row.digest).collect();
    let proofs: Vec<_> = (0..64).filter_map(|_| check(&ring, user, &code, Some(&codes.rows[3]), NOW)).collect();
    assert_eq!(proofs.len(), 64, "all read the row before any deleted it");
    assert_eq!(proofs.iter().filter(|proof| table.remove(proof.digest())).count(), 1);
    assert_eq!(table.len(), 9);
}

#[test]
fn rcv_07_nothing_prints_a_code() {
    let (_, _, codes) = codes(11);
    let code = RecoveryCode::parse(codes.shown[0].reveal()).unwrap();
    let printed = format!("{code:?} {codes:?}");
    assert!(codes.shown.iter().all(|text| !printed.contains(text.reveal().as_str())));
}

#[test]
fn what_is_not_a_code_is_refused() {
    let good = "00000-00000-00000-00000-000000";
    assert!(RecoveryCode::parse(good).is_ok());
    for text in [
        "",
        "-",
        "00000-00000-00000-00000-00000",
        "00000-00000-00000-00000-0000000",
        "00000-00000-00000-00000-00000u",
        "00000-00000-00000-00000-000001",
        "00000-00000-00000-00000-000002",
        "00000-00000-00000-00000-00000０",
        "00000_00000_00000_00000_000000",
        "00000-00000-00000-00000-000000\0",
    ] {
        assert!(RecoveryCode::parse(text).is_err(), "{text:?}");
    }
    assert!(RecoveryCode::parse(&format!("{good}{}", "-".repeat(99))).is_err());
}

#[test]
fn people_may_write_it_as_they_like() {
    let one = RecoveryCode::parse("0101o-abcde-FGHJK-mnpqr-STVWX0").unwrap();
    for text in
        ["OiOlO abcde fghjk mnpqr stvwxo", "0I0L0ABCDEFGHJKMNPQRSTVWX0", "  01010-abcde\tfghjk-mnpqr-stv-wx-0\r\n"]
    {
        assert_eq!(RecoveryCode::parse(text).unwrap().0.reveal(), one.0.reveal(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn every_code_reads_back_in_any_dress(bytes: [u8; 16], upper: bool, gap in "[- ]{0,2}") {
        let code = RecoveryCode(Secret::new(bytes));
        let mut text = code.shown().reveal().replace('-', &gap);
        if upper {
            text = text.to_uppercase();
        }
        let read = RecoveryCode::parse(&text).unwrap();
        prop_assert_eq!(read.0.reveal(), &bytes);
    }

    #[test]
    fn reading_never_panics_and_keeps_one_spelling(text in "[0-9a-zA-Z -]{20,34}") {
        if let Ok(code) = RecoveryCode::parse(&text) {
            let shown = code.shown();
            let again = RecoveryCode::parse(shown.reveal()).unwrap();
            prop_assert_eq!(again.0.reveal(), code.0.reveal());
        }
        let _ = RecoveryCode::parse(&text.replace('0', "é"));
    }
}
