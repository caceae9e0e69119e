//! Places are unique and unordered; lists are read back by the crate that services use.

use poundlock_verify::{JwkSet, Reject, STATUS_LIST_BYTES_MAX, StatusList, StatusValue, Verifier};
use proptest::prelude::*;

use super::*;
use crate::jws::tests::{ALGS, key};
use crate::jws::{Alg, SigningKey};
use crate::keys::Schedule;
use crate::seal::MasterKey;
use crate::testing::SeededRng;

const URI: &str = "https://login.example/status/1";
const NOW: Time = Time::from_millis(1_790_000_000_250);
const TTL: Span = Span::from_seconds(10);

fn keyring(seed: u64) -> Keyring {
    let rng = SeededRng::new(seed);
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

fn keys(key: &SigningKey) -> JwkSet {
    JwkSet::from_keys(vec![key.public_jwk().clone()]).unwrap()
}

fn at(time: Time) -> Seconds {
    Seconds::new(time.seconds())
}

#[test]
fn tok_15_every_place_of_a_list_is_given_exactly_once() {
    let order = Places::of(&keyring(1), 1);
    let mut given = vec![false; ENTRIES as usize];
    for counter in 0..ENTRIES {
        let index = order.index(counter).unwrap() as usize;
        assert!(!std::mem::replace(&mut given[index], true), "{index} twice");
    }
    assert!(given.iter().all(|one| *one));
    for beyond in [ENTRIES, ENTRIES + 1, (1 << 18) - 1, u32::MAX] {
        assert_eq!(order.index(beyond), None);
    }
}

#[test]
fn a_place_tells_nothing_of_the_ones_before_it() {
    let ring = keyring(2);
    let order = |ring: &Keyring, list| {
        let places = Places::of(ring, list);
        (0..1000).map(|counter| places.index(counter).unwrap()).collect::<Vec<_>>()
    };
    let first = order(&ring, 1);
    // A thousand random places have about four ascents by one in 2^17; a counter would have 999.
    let steps = first.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 16).count();
    assert!(steps < 20, "{steps} neighbours");
    assert!(first.iter().any(|index| *index >= ENTRIES / 2), "both halves are used");
    let same = |other: &[u32]| first.iter().zip(other).filter(|(a, b)| a == b).count();
    assert!(same(&order(&ring, 2)) < 5, "another list has another order");
    assert!(same(&order(&keyring(3), 1)) < 5, "another server has another order");
    assert_eq!(order(&ring, 1), first, "and the same list the same order");
}

#[test]
fn the_order_survives_a_new_master_key() {
    let rng = SeededRng::new(4);
    let (old, new) = (MasterKey::random(&rng), MasterKey::random(&rng));
    let stored = Keyring::create(&old, &rng);
    let before = Places::of(&Keyring::open(&old, &stored).unwrap(), 9);
    let rewrapped = Keyring::rewrap(&old, &new, &stored, &rng).unwrap();
    let after = Places::of(&Keyring::open(&new, &rewrapped).unwrap(), 9);
    assert!((0..100).all(|counter| before.index(counter) == after.index(counter)));
}

#[test]
fn tok_15_blocks_of_one_list_never_meet() {
    let ring = keyring(5);
    let mut places: Vec<_> = [0..BLOCK, BLOCK..2 * BLOCK, ENTRIES - BLOCK..ENTRIES]
        .into_iter()
        .flat_map(|counters| Block::reserved(&ring, 3, counters))
        .collect();
    assert_eq!(places.len(), 3 * BLOCK as usize);
    assert!(places.iter().all(|(list, index)| *list == 3 && (0..i64::from(ENTRIES)).contains(index)));
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 3 * BLOCK as usize);
    assert_eq!(Block::reserved(&ring, 3, ENTRIES - 1..ENTRIES + 9).count(), 1, "the list ends");
}

#[test]
fn a_list_takes_sessions_for_a_day_and_while_a_block_is_left() {
    let day = Span::from_hours(24);
    assert!(is_open(NOW, 0, NOW) && is_open(NOW, 0, NOW + day - Span::from_millis(1)));
    assert!(!is_open(NOW, 0, NOW + day));
    assert!(is_open(NOW, ENTRIES - BLOCK, NOW));
    assert!(!is_open(NOW, ENTRIES - BLOCK + 1, NOW) && !is_open(NOW, u32::MAX, NOW));
    assert_eq!(ENTRIES % BLOCK, 0);
}

#[test]
fn tok_14_a_list_is_read_back_by_its_address_alone() {
    let bits = ended_bits([5, 131_071]).unwrap();
    for (alg, _) in ALGS {
        let key = key(alg);
        let token = status_list_token(&key, URI, &bits, TTL, NOW).unwrap();
        let list = StatusList::check_token(&token, &keys(&key), URI, at(NOW)).unwrap();
        for (index, value) in [(0, StatusValue::Valid), (5, StatusValue::Invalid), (131_071, StatusValue::Invalid)] {
            assert_eq!(list.value(index), Some(value), "{index}");
        }
        assert_eq!(list.value(u64::from(ENTRIES)), None);
        assert_eq!(list.refresh_at(), at(NOW + TTL));
        assert_eq!(list.exp(), at(NOW + LIST_LIFE));
        let elsewhere = StatusList::check_token(&token, &keys(&key), "https://login.example/status/2", at(NOW));
        assert_eq!(elsewhere.err(), Some(Reject::WrongSubject));
        let late = StatusList::check_token(&token, &keys(&key), URI, at(NOW + Span::from_minutes(61)));
        assert_eq!(late.err(), Some(Reject::Expired));
    }
}

#[test]
fn tok_06_a_status_list_is_no_access_token() {
    let key = key(Alg::EdDsa);
    let token = status_list_token(&key, "orders", &ended_bits([]).unwrap(), TTL, NOW).unwrap();
    let verifier = Verifier::new("https://login.example", "orders").with_keys(keys(&key));
    assert_eq!(verifier.check(&token, at(NOW)), Err(Reject::WrongType));
}

#[test]
fn key_06_no_list_outlives_its_key() {
    // The shortest time a retired key may be kept is over the life of a list.
    let keeps = |keep| Schedule::new(Span::from_hours(1), Span::from_hours(2), keep);
    assert!(keeps(LIST_LIFE).is_err());
}

#[test]
fn even_the_largest_list_is_one_that_verifiers_read() {
    let rng = SeededRng::new(6);
    let mut noise = vec![0; ENTRIES as usize / 8];
    crate::secret::Rng::fill(&rng, &mut noise);
    let bits = StatusBits::from_bytes(1, noise).unwrap();
    let key = key(Alg::Rs256);
    let token = status_list_token(&key, URI, &bits, TTL, NOW).unwrap();
    assert!(token.len() < STATUS_LIST_BYTES_MAX / 4, "{}", token.len());
    assert!(StatusList::check_token(&token, &keys(&key), URI, at(NOW)).is_ok());
}

#[test]
fn an_index_that_no_list_has_stops_the_list() {
    for index in [-1, i64::MIN, i64::from(ENTRIES), i64::MAX] {
        assert_eq!(ended_bits([0, index]), Err(BadIndex { index }));
    }
}

proptest! {
    #[test]
    fn tok_13_exactly_the_ended_sessions_are_marked(ended in proptest::collection::btree_set(0i64..1 << 17, 0..50)) {
        let bits = ended_bits(ended.iter().copied()).unwrap();
        let marked = (0..i64::from(ENTRIES))
            .filter(|index| bits.value(u64::try_from(*index).unwrap()) != Some(StatusValue::Valid));
        prop_assert_eq!(marked.collect::<Vec<_>>(), ended.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn tok_15_a_list_goes_only_when_no_node_can_hold_a_place_of_it() {
    let (opened, hours) = (Time::from_millis(0), |hours| Time::from_millis(0) + Span::from_hours(hours));
    assert!(!may_close(opened, false, hours(24)), "blocks of it are in use for a day, their tokens for an hour more");
    assert!(may_close(opened, false, hours(25)));
    assert!(!may_close(opened, true, hours(10_000)), "the newest one keeps the number");
}
