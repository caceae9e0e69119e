//! An invite is proved by its secret and its unedited row, or not at all.

use super::*;
use crate::seal::MasterKey;
use crate::testing::SeededRng;

const NOW: Time = Time::from_millis(1_800_000_000_000);

fn made() -> (Keyring, InviteSecret, InviteRow) {
    let rng = SeededRng::new(1);
    let master = MasterKey::random(&rng);
    let ring = Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap();
    let purpose = new_user(&UserName::parse("ada").unwrap(), "Ada", vec![]);
    let (secret, row) = make(&purpose, LIFE_DEFAULT, NOW, &ring, &rng);
    (ring, secret, row)
}

#[test]
fn ops_07_an_invite_gives_a_right_until_it_is_used_or_expires() {
    let (ring, secret, row) = made();
    let read = InviteSecret::parse(secret.text().reveal()).unwrap();
    assert!(EnrolRight::prove(&ring, &read, &row, NOW).is_some());
    assert!(EnrolRight::prove(&ring, &read, &row, row.expires_at).is_none());
    let used = InviteRow { used_at: Some(NOW), ..row };
    assert!(EnrolRight::prove(&ring, &read, &used, NOW).is_none());
}

#[test]
fn an_edited_or_foreign_row_gives_no_right() {
    let (ring, secret, row) = made();
    let rng = SeededRng::new(2);
    let other = Purpose::NewUser { name: "eve".into(), display_name: String::new(), groups: vec!["admins".into()] };
    let (theirs, their_row) = make(&other, LIFE_DEFAULT, NOW, &ring, &rng);
    // Attack: an admin purpose moved under the secret of a plain invite.
    let moved = InviteRow { sealed: their_row.sealed.clone(), ..row.clone() };
    assert!(EnrolRight::prove(&ring, &secret, &moved, NOW).is_none());
    let redigested = InviteRow { digest: their_row.digest, ..row.clone() };
    assert!(EnrolRight::prove(&ring, &secret, &redigested, NOW).is_none());
    assert!(EnrolRight::prove(&ring, &theirs, &row, NOW).is_none());
}

#[test]
fn a_life_over_the_limit_is_cut() {
    let (ring, ..) = made();
    let purpose = Purpose::Ticket { user: UserId::new(NOW, &SeededRng::new(3)) };
    let (_, row) = make(&purpose, Span::from_hours(9999), NOW, &ring, &SeededRng::new(4));
    assert_eq!(row.expires_at, NOW + LIFE_MAX);
}

#[test]
fn t_26_only_an_invite_reads_as_an_invite() {
    assert!(InviteSecret::parse("plr1.AAAA").is_none());
    assert!(InviteSecret::parse("pli_AAAA").is_none());
    assert!(InviteSecret::parse("").is_none());
}
