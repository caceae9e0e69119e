//! The row of a family: what its seal holds fast, and what it must not contain.

use super::super::{Family, FamilyRow, Granted, Start};
use super::{Bench, START, columns, from_columns, ring};
use crate::id::{FamilyId, SessionId};
use crate::testing::SeededRng;
use crate::time::Span;

/// A change that somebody makes to a row in SQL.
type Edit = fn(&mut FamilyRow, &SeededRng);

#[test]
fn a_started_family_opens_as_what_was_started() {
    let (bench, token) = Bench::new(20, Some("thumb"));
    let family = bench.family();
    assert_eq!((family.id(), family.session()), (bench.row.id, bench.row.session));
    assert_eq!((family.client(), family.binding()), ("app", Some("thumb")));
    assert_eq!((family.generation(), token.generation(), token.family()), (1, 1, family.id()));
    assert!(bench.row.previous.is_none() && bench.row.successor.is_none() && bench.row.ended.is_none());
}

#[test]
fn rft_06_a_row_moved_to_another_session_client_or_key_does_not_open() {
    let (bench, _) = Bench::new(21, Some("thumb"));
    let rng = SeededRng::new(99);
    let edits: [(&str, Edit); 8] = [
        ("id", |row, rng| row.id = FamilyId::new(START, rng)),
        ("session", |row, rng| row.session = SessionId::new(START, rng)),
        ("client", |row, _| row.client = "other".to_owned()),
        ("binding", |row, _| row.binding = Some("thief".to_owned())),
        ("unbound", |row, _| row.binding = None),
        ("moved between fields", |row, _| {
            row.client = "ap".to_owned();
            row.binding = Some("pthumb".to_owned());
        }),
        ("no seal", |row, _| row.seal.clear()),
        ("damaged seal", |row, _| *row.seal.last_mut().unwrap() ^= 1),
    ];
    for (what, edit) in edits {
        let mut row = bench.row.clone();
        edit(&mut row, &rng);
        assert!(Family::open(&bench.ring, row).is_err(), "{what}");
    }
    assert!(Family::open(&ring(22), bench.row.clone()).is_err(), "another keyring");
    assert!(Family::open(&bench.ring, bench.row.clone()).is_ok());
}

#[test]
fn rft_06_a_grant_that_was_edited_does_not_open() {
    let (ring, rng) = (ring(28), SeededRng::new(28));
    let granted =
        |audience: &str, scope: &str| Some(Granted { audience: audience.to_owned(), scope: scope.to_owned() });
    for binding in [None, Some("thumb".to_owned())] {
        let (session, client) = (SessionId::new(START, &rng), "app".to_owned());
        let start = Start { session, client, binding: binding.clone(), granted: granted("api", "openid") };
        let (_, row) = Family::start(start, START, &ring, &rng);
        for edited in [
            None,
            granted("orders", "openid"),
            granted("api", "openid admin"),
            granted("apio", "penid"),
            granted("", "apiopenid"),
        ] {
            assert!(Family::open(&ring, FamilyRow { granted: edited.clone(), ..row.clone() }).is_err(), "{edited:?}");
        }
        for edited in [None, Some(String::new()), Some("thumb".to_owned())] {
            let same = edited == binding;
            assert_eq!(Family::open(&ring, FamilyRow { binding: edited, ..row.clone() }).is_ok(), same);
        }
        assert!(Family::open(&ring, row).is_ok());
    }
}

#[test]
fn rft_06_client_and_binding_do_not_run_into_each_other() {
    let ring = ring(27);
    let rng = SeededRng::new(27);
    let start = Start {
        session: SessionId::new(START, &rng),
        client: "app\u{1}x".to_owned(),
        binding: Some("thumb".to_owned()),
        granted: None,
    };
    let (_, row) = Family::start(start, START, &ring, &rng);
    let moved = FamilyRow { client: "app".to_owned(), binding: Some("x\u{1}thumb".to_owned()), ..row.clone() };
    assert!(Family::open(&ring, row).is_ok());
    assert!(Family::open(&ring, moved).is_err());
}

#[test]
fn rft_11_an_empty_binding_is_not_no_binding() {
    let (bench, _) = Bench::new(23, None);
    let row = FamilyRow { binding: Some(String::new()), ..bench.row.clone() };
    assert!(Family::open(&bench.ring, row).is_err());
}

#[test]
fn t_26_a_seal_of_another_family_does_not_serve() {
    let (bench, _) = Bench::new(24, None);
    let start = Start { session: bench.row.session, client: "app".to_owned(), binding: None, granted: None };
    let (_, other) = Family::start(start, START, &bench.ring, &bench.rng);
    assert_ne!(other.id, bench.row.id);
    assert!(Family::open(&bench.ring, FamilyRow { seal: other.seal, ..bench.row.clone() }).is_err());
}

#[test]
fn rft_09_a_row_holds_no_secret_in_the_clear() {
    let (mut bench, first) = Bench::new(25, None);
    let second = bench.rotated(&first, START + Span::from_seconds(9));
    let (blobs, ..) = columns(&bench.row);
    for secret in [first.secret().reveal(), second.secret().reveal()] {
        for blob in blobs.iter().flatten() {
            assert!(!blob.windows(32).any(|window| window == secret));
        }
    }
}

#[test]
fn rft_10_a_row_read_back_from_its_columns_is_the_same_row() {
    let (mut bench, first) = Bench::new(26, Some("thumb"));
    bench.rotated(&first, START + Span::from_seconds(9));
    bench.commit_end(START + Span::from_hours(1), "logout");
    assert_eq!(from_columns(&columns(&bench.row)), bench.row);
}
