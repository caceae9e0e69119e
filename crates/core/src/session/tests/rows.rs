//! The row of a session: what its seal holds fast.

use super::*;

#[test]
fn a_session_reads_back_as_it_was() {
    let ring = ring(1);
    let session = session().raised(&raised(id(1), user(1), minutes(3)), minutes(3)).unwrap();
    let row = session.row(&ring, &SeededRng::new(2));
    let read = Session::from_row(&ring, &row).unwrap();
    assert_eq!(format!("{read:?}"), format!("{session:?}"));
    assert_eq!((read.client(), read.audience(), read.scope()), ("shop", "orders", Some("read write")));
    assert_eq!((read.user(), read.device(), read.opened_at()), (user(1), opening(id(1)).device, NOW));
}

#[test]
fn mfa_01_a_row_edited_in_any_fixed_column_does_not_open() {
    let ring = ring(1);
    let rng = SeededRng::new(2);
    let row = session().row(&ring, &rng);
    let (other, stronger) = (Session::open(grant_of(user(2), Means::Totp(factor(2)), NOW), opening(id(2))), session());
    let newer = stronger.freshened(fresh(id(1), user(1), minutes(1))).unwrap().row(&ring, &rng);
    let mut damaged = row.sealed.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let edits = [
        ("id", SessionRow { id: id(2), ..row.clone() }),
        ("user", SessionRow { user: user(2), ..row.clone() }),
        ("client", SessionRow { client: "other".to_owned(), ..row.clone() }),
        ("factor", SessionRow { factor: Some(factor(2)), ..row.clone() }),
        ("no factor", SessionRow { factor: None, ..row.clone() }),
        ("device", SessionRow { device: Some(DeviceId::new(NOW, &rng)), ..row.clone() }),
        ("no device", SessionRow { device: None, ..row.clone() }),
        ("version", SessionRow { version: 2, ..row.clone() }),
        ("opened_at", SessionRow { opened_at: minutes(1), ..row.clone() }),
        ("expires_at", SessionRow { expires_at: minutes(9_999), ..row.clone() }),
        ("status list", SessionRow { status: (4, 77), ..row.clone() }),
        ("status index", SessionRow { status: (3, 78), ..row.clone() }),
        ("damaged seal", SessionRow { sealed: damaged, ..row.clone() }),
        ("no seal", SessionRow { sealed: vec![], ..row.clone() }),
        ("seal of another session", SessionRow { sealed: other.row(&ring, &rng).sealed, ..row.clone() }),
        ("seal of a later version", SessionRow { sealed: newer.sealed, ..row.clone() }),
    ];
    for (what, edited) in edits {
        assert!(Session::from_row(&ring, &edited).is_err(), "{what}");
    }
    assert!(Session::from_row(&ring, &row).is_ok());
    assert!(Session::from_row(&super::ring(3), &row).is_err(), "other keys");
}

/// The columns that move without the seal can end a session early; none of them makes one stronger or longer.
#[test]
fn the_columns_that_move_only_narrow_a_session() {
    let ring = ring(1);
    let row = session().row(&ring, &SeededRng::new(2));
    let open = |row: &SessionRow| Session::from_row(&ring, row).unwrap();
    assert!(!open(&SessionRow { ended_at: Some(minutes(1)), ..row.clone() }).lives(minutes(2)));
    assert!(!open(&SessionRow { idle_until: minutes(1), ..row.clone() }).lives(minutes(1)));
    let moved = open(&SessionRow { used_at: minutes(9_999), idle_until: minutes(9_999), ..row });
    assert_eq!((moved.expires_at(), moved.event(NOW), moved.mfa_time()), (minutes(1_440), session().event(NOW), NOW));
}

#[test]
fn t_26_a_seal_of_another_kind_is_no_session() {
    let ring = ring(1);
    let rng = SeededRng::new(2);
    let row = session().row(&ring, &rng);
    let plain = ring.open_sealed(place(&row.id, row.version), &row.sealed).unwrap();
    let login = Place { kind: "login", id: row.id.as_bytes(), version: row.version };
    let sealed = ring.seal(login, plain.reveal(), &rng);
    assert!(Session::from_row(&ring, &SessionRow { sealed, ..row }).is_err());
}
