//! Keys through their life: what is stored, what opens, and that no run of the plan strands a good token.

mod life;
mod rotate;
mod runs;

use super::*;
use crate::jws::TokenKind;
use crate::jws::tests::rsa_private;
use crate::seal::{BadSeal, MasterKey};
use crate::testing::SeededRng;
use crate::time::Span;

pub(super) fn keyring(seed: u64) -> Keyring {
    let rng = SeededRng::new(seed);
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

pub(super) const NOW: Time = Time::from_millis(1_790_000_000_000);

/// The first key of an algorithm. The RSA key is the one that all tests share.
pub(super) fn current(alg: Alg, keyring: &Keyring) -> KeyRow {
    let rng = SeededRng::new(3);
    if alg != Alg::Rs256 {
        return KeyRow::make_current(alg, keyring, NOW, &rng).unwrap();
    }
    let key = SigningKey::from_pkcs8(alg, rsa_private()).unwrap();
    let row = KeyRow::make_current(Alg::EdDsa, keyring, NOW, &rng).unwrap();
    let public = serde_json::to_vec(key.public_jwk()).unwrap();
    KeyRow {
        kid: key.kid().to_owned(),
        alg,
        sealed_public: keyring.seal(public_place(key.kid()), &public, &rng),
        sealed_private: keyring.seal(private_place(key.kid()), rsa_private().reveal(), &rng),
        ..row
    }
}

#[test]
fn key_05_the_set_publishes_next_current_and_retired_and_nothing_private() {
    let ring = keyring(1);
    let rng = SeededRng::new(2);
    let old = current(Alg::Es256, &ring).retired(NOW).unwrap();
    let now = current(Alg::EdDsa, &ring);
    let next = KeyRow::make_next(Alg::EdDsa, &ring, NOW, &rng).unwrap();
    let gone = current(Alg::EdDsa, &ring).removed(NOW).unwrap();
    let rows = [old.clone(), now.clone(), next.clone(), current(Alg::Rs256, &ring), gone.clone()];
    let set = Keyset::open(&rows, &ring).unwrap();
    let json: serde_json::Value = serde_json::from_str(set.jwks()).unwrap();
    let keys = json["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 4);
    for key in keys {
        assert!(key["kid"].is_string() && key["alg"].is_string() && key["use"] == "sig", "{key}");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none());
        }
    }
    assert!(!set.jwks().contains(&gone.kid));
    assert!(poundlock_verify::JwkSet::parse(set.jwks().as_bytes()).is_ok());
    assert!(set.signing(Alg::Es256).is_none(), "a retired key signs nothing");
    assert_eq!(set.signing(Alg::EdDsa).unwrap().kid(), now.kid, "and neither does a waiting one");
    assert_eq!(set.signing(Alg::Rs256).unwrap().alg(), Alg::Rs256);
}

#[test]
fn key_04_an_opened_key_signs_what_the_published_set_accepts() {
    let ring = keyring(4);
    for alg in [Alg::Es256, Alg::EdDsa, Alg::Rs256] {
        let set = Keyset::open(&[current(alg, &ring)], &ring).unwrap();
        let token = set.signing(alg).unwrap().sign(TokenKind::Access, &serde_json::json!({"sub": "x"})).unwrap();
        assert!(poundlock_verify::jws::verify(&token, "at+jwt", set.published()).is_ok());
    }
}

#[test]
fn two_keys_that_began_by_accident_leave_the_newer_one_signing() {
    let ring = keyring(5);
    let older = current(Alg::EdDsa, &ring);
    let newer = KeyRow { current_at: Some(NOW + Span::from_seconds(1)), ..current(Alg::EdDsa, &ring) };
    let set = Keyset::open(&[newer.clone(), older.clone()], &ring).unwrap();
    assert_eq!(set.signing(Alg::EdDsa).unwrap().kid(), newer.kid);
    let rows = [newer, older.clone()];
    assert_eq!(plan(&rows, &[Alg::EdDsa], &Schedule::default(), NOW), [Action::Retire(older.kid)]);
}

#[test]
fn key_08_without_the_keyring_nothing_opens() {
    let row = current(Alg::Es256, &keyring(6));
    let fault = Keyset::open(std::slice::from_ref(&row), &keyring(7)).unwrap_err();
    assert_eq!(fault, KeyFault { kid: row.kid, cause: KeyFaultCause::Seal(BadSeal) });
}

#[test]
fn a_row_written_by_someone_else_is_neither_published_nor_used() {
    let ring = keyring(8);
    let genuine = current(Alg::Es256, &ring);
    let other = current(Alg::Es256, &ring);
    let (foreign, rng) = (keyring(9), SeededRng::new(10));
    let planted = KeyRow::make_next(Alg::Es256, &foreign, NOW, &rng).unwrap();
    let swapped = |change: fn(&mut KeyRow, &KeyRow)| {
        let mut row = genuine.clone();
        change(&mut row, &other);
        row
    };
    let retired = genuine.retired(NOW).unwrap();
    for (what, row) in [
        ("planted", planted.clone()),
        ("planted as retired", KeyRow { state: KeyState::Retired, retired_at: Some(NOW), ..planted }),
        ("renamed", swapped(|row, other| row.kid.clone_from(&other.kid))),
        ("public of another", swapped(|row, other| row.sealed_public.clone_from(&other.sealed_public))),
        ("private of another", swapped(|row, other| row.sealed_private.clone_from(&other.sealed_private))),
        ("private as public", swapped(|row, _| row.sealed_public.clone_from(&row.sealed_private))),
        ("other algorithm", swapped(|row, _| row.alg = Alg::EdDsa)),
        ("no date", swapped(|row, _| row.current_at = None)),
        ("unretired", KeyRow { state: KeyState::Current, ..retired.clone() }),
        ("unretired to next", KeyRow { state: KeyState::Next, ..retired.clone() }),
        ("revoked and brought back", KeyRow { state: KeyState::Retired, ..retired.removed(NOW).unwrap() }),
    ] {
        assert!(Keyset::open(&[row], &ring).is_err(), "{what}");
    }
    assert!(Keyset::open(&[genuine.clone(), other], &ring).is_ok());
    assert!(Keyset::open(&[genuine.clone(), genuine], &ring).is_err(), "one kid, two rows");
}

#[test]
fn a_set_of_no_keys_publishes_an_empty_list() {
    let set = Keyset::open(&[], &keyring(11)).unwrap();
    assert_eq!(set.jwks(), r#"{"keys":[]}"#);
    assert!(set.signing(Alg::Es256).is_none());
}
