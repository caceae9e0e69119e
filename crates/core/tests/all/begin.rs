//! How a login begins, and what never begins one: a password alone, a shut account, a right that is for another.

use poundlock_core::denial::Denial;
use poundlock_core::evidence::Evidence;
use poundlock_core::id::UserId;
use poundlock_core::invite::{self, EnrolRight, InviteRow, Purpose};
use poundlock_core::login::{Login, Request, Standing, Step};
use poundlock_core::policy;
use poundlock_core::seal::Place;
use poundlock_core::time::Span;

use crate::world::{NOW, VERSION, World, api, new_user, set};

#[test]
fn mfa_05_thr_14_an_account_without_a_second_factor_answers_like_a_wrong_password() {
    let world = World::new(10);
    let ada = world.ada.standing();
    let refused = [
        ("shut", Standing { active: false, ..ada }),
        ("no second factor", Standing { has_second_factor: false, ..ada }),
        ("another account", world.bob.standing()),
    ];
    for (what, standing) in refused {
        let (step, _) = Login::first(world.evidence(&world.ada, NOW), &standing, api(), NOW, &world.rng);
        assert!(matches!(step, Step::Deny(Denial::Credentials)), "{what}: {step:?}");
    }
    let (step, _) = Login::first(world.evidence(&world.ada, NOW), &ada, api(), NOW, &world.rng);
    assert!(matches!(step, Step::Ask(_)));
}

#[test]
fn mfa_05_t_12_a_right_to_enrol_opens_nothing_but_what_it_is_for() {
    let world = World::new(11);
    let ticket = |user| Purpose::Ticket { user };
    let (ada, bob) = (world.ada.user, world.bob.user);
    let hash = Some(world.ada.sealed_hash.clone());
    let refused = [
        ("an invite that sets no password", new_user(), None),
        ("a ticket that sets a password", ticket(ada), hash.clone()),
        ("a ticket of another user", ticket(bob), None),
        ("a ticket of another user that sets a password", ticket(bob), hash),
    ];
    for (what, purpose, password) in refused {
        let right = world.right(&purpose, NOW);
        let (step, _) = Login::enrol(right, world.evidence(&world.ada, NOW), password, api(), (NOW, &world.rng));
        assert!(matches!(step, Step::Deny(Denial::Credentials)), "{what}: {step:?}");
    }
}

/// The first half alone is worth nothing, whoever asks the policy.
#[test]
fn mfa_01_mfa_03_one_kind_of_factor_gives_no_grant() {
    let world = World::new(12);
    assert!(policy::grant(world.evidence(&world.ada, NOW)).is_none());
    let both = world.evidence(&world.ada, NOW).and_totp(world.ada.holds(&world.ring, NOW)).unwrap();
    assert!(policy::grant(both).is_some());
}

/// A login says which device spent its budget, and needs both factors all the same.
#[test]
fn mfa_09_a_known_device_replaces_no_factor() {
    let world = World::new(13);
    let device = poundlock_core::id::DeviceId::new(NOW, &world.rng);
    let request = Request { device: Some(device), ..api() };
    let evidence = world.evidence(&world.ada, NOW);
    let (step, _) = Login::first(evidence, &world.ada.standing(), request, NOW, &world.rng);
    let Step::Ask(login) = step else { panic!("a device skipped the second factor: {step:?}") };
    assert_eq!(login.request().device, Some(device));
    let claim = poundlock_core::device::DeviceToken::mint(&world.ring, device, world.ada.user);
    // What a device shows is no handle, no invite and no code of this login.
    assert!(poundlock_core::login::LoginHandle::parse(claim.reveal()).is_none());
    assert!(invite::InviteSecret::parse(claim.reveal()).is_none());
}

/// An administrator who invites never chooses or sees the password, and what was handed over is no password afterwards.
#[test]
fn pwd_19_an_invite_is_random_ends_is_single_use_and_is_no_password() {
    let world = World::new(14);
    let (secret, row) = invite::make(&new_user(), invite::LIFE_DEFAULT, NOW, &world.ring, &world.rng);
    let (other, _) = invite::make(&new_user(), invite::LIFE_DEFAULT, NOW, &world.ring, &world.rng);
    assert_ne!(secret.text().reveal(), other.text().reveal());
    assert_eq!(secret.text().reveal().len(), "pli_".len() + 64, "16 bytes of id and 32 of secret");
    assert!(EnrolRight::prove(&world.ring, &secret, &row, NOW).is_some());
    for (what, now, row) in [
        ("ended", NOW + invite::LIFE_DEFAULT, row.clone()),
        ("used", NOW, InviteRow { used_at: Some(NOW), ..row.clone() }),
    ] {
        assert!(EnrolRight::prove(&world.ring, &secret, &row, now).is_none(), "{what}");
    }
    // A ticket sets no password; only the holder of an invite does, in the same step.
    let right = world.right(&Purpose::Ticket { user: world.ada.user }, NOW);
    let set_by_another = Some(world.bob.sealed_hash.clone());
    let (step, _) = Login::enrol(right, world.evidence(&world.ada, NOW), set_by_another, api(), (NOW, &world.rng));
    assert!(matches!(step, Step::Deny(_)));
}

/// A row prolonged in SQL gives no right after the end that was sealed.
#[test]
fn ops_07_an_invite_ends_when_its_maker_said() {
    let world = World::new(15);
    let (secret, row) = invite::make(&new_user(), Span::from_hours(1), NOW, &world.ring, &world.rng);
    let prolonged = InviteRow { expires_at: NOW + Span::from_hours(999), ..row.clone() };
    let last = row.expires_at - Span::from_millis(1);
    assert!(EnrolRight::prove(&world.ring, &secret, &prolonged, last).is_some());
    assert!(EnrolRight::prove(&world.ring, &secret, &prolonged, row.expires_at).is_none());
}

/// No password is ever too old: the proof of one that was set thirty years ago is a proof.
#[test]
fn pwd_06_a_password_does_not_grow_too_old() {
    let world = World::new(16);
    let later = NOW + Span::from_hours(30 * 366 * 24);
    let proof = world.ada.knows(&world.ring, later);
    assert_eq!(proof.at(), later);
    let (step, _) = Login::first(Evidence::first(proof, VERSION), &world.ada.standing(), api(), later, &world.rng);
    assert!(matches!(step, Step::Ask(_)));
    // Nor does the stored form know its age: one set then is like one set now but for salt and tag.
    let user = UserId::new(NOW, &world.rng);
    let stored = |now| {
        let sealed = set("violets under the tram line", user, now, &world.rng).0.seal(&world.ring, user, &world.rng);
        let place = Place { kind: "password", id: user.as_bytes(), version: 0 };
        String::from_utf8(world.ring.open_sealed(place, &sealed).unwrap().reveal().clone()).unwrap()
    };
    let (now, then) = (stored(NOW), stored(later));
    let parts = |text: &str| text.split('$').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((parts(&now).len(), &parts(&now)[..4]), (6, &parts(&then)[..4]));
}
