//! Which cookie opens which session, and what a row that was edited opens.

use super::{BrowserRow, BrowserSecret, SHOWN_FOR, Shown, make};
use crate::evidence::tests::NOW;
use crate::id::SessionId;
use crate::secret::{Digest, Secret};
use crate::session::tests::{ring, session};
use crate::testing::SeededRng;

#[test]
fn ses_01_the_cookie_opens_its_session_and_no_other() {
    let (ring, rng, session) = (ring(1), SeededRng::new(4), session());
    let (made, row) = make(&session, &ring, &rng);
    let read = BrowserSecret::parse(made.text().reveal()).unwrap();
    assert_eq!(read.session(), session.id());
    assert_eq!(read.opens(&ring, &row), Ok(true));
    let (next, _) = make(&session, &ring, &rng);
    assert_eq!(next.opens(&ring, &row), Ok(false), "the secret of another login");
    for bad in ["", "plb_", "plb_AAAA", "pll_AAAA", &made.text().reveal()[1..], &format!("{}A", made.text().reveal())] {
        assert!(BrowserSecret::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_row_edited_in_the_database_opens_nothing() {
    let (mine, rng, session) = (ring(1), SeededRng::new(4), session());
    let (made, row) = make(&session, &mine, &rng);
    let forged = Secret::random(&rng);
    let edited = BrowserRow { digest: forged.digest(), ..row.clone() };
    let forged = BrowserSecret { session: session.id(), secret: forged };
    assert!(forged.opens(&mine, &edited).is_err());
    let moved = BrowserRow { session: SessionId::new(NOW, &rng), ..row.clone() };
    assert!(made.opens(&mine, &moved).is_err());
    let copied = BrowserRow { digest: Digest::of(b"x"), sealed: Vec::new(), ..row.clone() };
    assert!(made.opens(&mine, &copied).is_err());
    assert!(made.opens(&ring(2), &row).is_err(), "other keys");
}

#[test]
fn rcv_07_what_is_shown_once_is_over_in_time_and_is_nobody_elses() {
    let (ring, rng, session) = (ring(1), SeededRng::new(4), session());
    let shown = Shown::new(&[Secret::new("one".to_owned())], "/account", NOW);
    let sealed = shown.seal(session.id(), &ring, &rng);
    let read = Shown::open(&ring, session.id(), &sealed, NOW).unwrap().unwrap();
    assert_eq!(read.codes().map(|code| code.reveal().clone()).collect::<Vec<_>>(), ["one"]);
    assert_eq!((read.next(), read.until()), ("/account", NOW + SHOWN_FOR));
    assert!(Shown::open(&ring, session.id(), &sealed, NOW + SHOWN_FOR).unwrap().is_none());
    assert!(Shown::open(&ring, SessionId::new(NOW, &rng), &sealed, NOW).is_err());
}
