//! Keys, ladder and verdicts by table. What they add up to is in `model`.

mod model;

use super::*;
use crate::seal::MasterKey;
use crate::testing::SeededRng;

const NOW: Time = Time::from_millis(1_900_000_000_000);

fn ring(seed: u64) -> Keyring {
    let rng = SeededRng::new(seed);
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

#[test]
fn thr_05_each_authenticator_lane_and_account_has_a_counter_of_its_own() {
    let (ring, rng) = (ring(1), SeededRng::new(2));
    let (one, two) = (UserId::new(NOW, &rng), UserId::new(NOW, &rng));
    let mut keys = std::collections::BTreeSet::new();
    for kind in [Guessable::Password, Guessable::Totp] {
        for lane in [Lane::Strangers, Lane::Device(DeviceId::new(NOW, &rng))] {
            for account in [Account::Known(one), Account::Known(two), Account::Pseudo(0), Account::Pseudo(256)] {
                assert!(keys.insert(counter_key(&ring, kind, lane, account)));
                assert_ne!(counter_key(&self::ring(3), kind, lane, account), counter_key(&ring, kind, lane, account));
            }
        }
    }
}

#[test]
fn all_known_devices_of_an_account_share_one_budget() {
    let (ring, rng) = (ring(1), SeededRng::new(2));
    let account = Account::Known(UserId::new(NOW, &rng));
    let budget = || Budget::of(&ring, Guessable::Totp, Lane::Device(DeviceId::new(NOW, &rng)), account);
    assert_eq!(budget(), budget());
    let strangers = Budget::of(&ring, Guessable::Totp, Lane::Strangers, account);
    assert_eq!(Budget::both(&ring, Guessable::Totp, account), [strangers, budget()]);
}

#[test]
fn t_18_an_account_is_counted_by_its_id_through_restarts_and_a_new_master_key() {
    // Names resolve to an id before anything is counted: no spelling of one takes part in the key.
    let rng = SeededRng::new(2);
    let (old, new) = (MasterKey::random(&rng), MasterKey::random(&rng));
    let stored = Keyring::create(&old, &rng);
    let rewrapped = Keyring::rewrap(&old, &new, &stored, &rng).unwrap();
    let account = Account::Known(UserId::new(NOW, &rng));
    let [first, restarted, rotated] = [(&old, &stored), (&old, &stored), (&new, &rewrapped)].map(|(master, stored)| {
        let ring = Keyring::open(master, stored).unwrap();
        (counter_key(&ring, Guessable::Password, Lane::Strangers, account), Account::pseudo(&ring, "nobody"))
    });
    assert_eq!(first, restarted);
    assert_eq!(first, rotated);
}

#[test]
fn thr_14_unknown_names_fall_into_fixed_keyed_stand_ins() {
    let (one, two) = (ring(1), ring(2));
    assert_eq!(Account::pseudo(&one, "nobody"), Account::pseudo(&one, "nobody"));
    let names: Vec<String> = (0..64).map(|i| format!("nobody-{i}")).collect();
    let moved = names.iter().filter(|name| Account::pseudo(&one, name) != Account::pseudo(&two, name));
    assert!(moved.count() > 60, "which names share a stand-in must depend on the key");
    let distinct: std::collections::BTreeSet<u16> = names
        .iter()
        .map(|name| match Account::pseudo(&one, name) {
            Account::Pseudo(stand_in) => stand_in,
            Account::Known(_) => panic!("an unknown name is no account"),
        })
        .collect();
    assert!(distinct.len() > 60);
}

#[test]
fn thr_02_the_ladder_lets_typos_pass_and_grows_to_an_hour() {
    assert!((0..=5).all(|tried| delay_after(tried) == Span::ZERO));
    let waits: Vec<i64> = (0..=FAILURES_MAX).map(|tried| delay_after(tried).seconds()).collect();
    assert!(waits.is_sorted());
    assert_eq!(waits[6..=13], [1, 2, 5, 10, 15, 30, 30, 60]);
    assert_eq!((waits[49], delay_after(u32::MAX).seconds()), (3600, 3600));
    let before_try = |n: usize| waits[..n].iter().sum::<i64>();
    assert!(before_try(10) < 60, "ten tries of an owner take under a minute of waiting");
    assert!(before_try(50) > 8 * 3600, "fifty guesses take most of a day");
    assert!(LADDER.is_sorted_by(|a, b| a.from_try < b.from_try && a.wait < b.wait));
}

#[test]
fn a_refused_spend_is_told_apart_and_is_never_go() {
    let row = |tried, millis| Some(CounterRow { tried, next_at: NOW + Span::from_millis(millis) });
    let second = Verdict::Delay(Span::from_seconds(1));
    let table = [
        (None, 0, second),
        (row(1, -1), 0, second),
        (row(49, 0), 0, second),
        (row(7, 1500), 50, Verdict::Delay(Span::from_millis(1500))),
        (row(50, -1), 49, Verdict::Refused(Reason::BudgetSpent)),
        (row(50, 90_000), 0, Verdict::Refused(Reason::BudgetSpent)),
        (row(50, 0), 50, Verdict::Refused(Reason::MustRebind)),
        (row(51, 0), 51, Verdict::Refused(Reason::MustRebind)),
    ];
    for (own, other_tried, want) in table {
        assert_eq!(verdict_of_refusal(own, other_tried, FAILURES_MAX, NOW), want, "{own:?} {other_tried}");
    }
}

#[test]
fn thr_01_both_lanes_together_never_pass_one_hundred() {
    assert_eq!(2 * FAILURES_MAX, 100);
    assert!(both_empty(50, 50));
    for (strangers, devices) in [(49, 50), (50, 49), (0, 50), (50, 0)] {
        assert!(!both_empty(strangers, devices));
    }
}
