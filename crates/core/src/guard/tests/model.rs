//! A model of the guard, driven by random histories. `Counters` keeps rows as the store does, in terms of this
//! module's functions; `Reference` knows nothing of keys, rows or rungs and only counts.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::super::*;
use super::ring;
use crate::device::{DEVICE_FAILS_MAX, DeviceClaim, DeviceRow, lane};
use crate::testing::SeededRng;

const DEVICES: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Stranger,
    Device(usize),
}

#[derive(Clone, Debug)]
enum Event {
    /// One try; a right one completes a login.
    Try { by: By, right: bool },
    /// As many tries as asked for, each as soon as the delay allows.
    Patient { by: By, tries: u32 },
    /// As many wrong tries at one moment.
    Burst { by: By, tries: u32 },
    /// Time alone.
    Wait(Span),
    /// The authenticator is replaced.
    Rebind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Checked,
    Delayed,
    LaneSpent,
    MustRebind,
}

/// Plain counting: two lanes, seven devices, no keys.
#[derive(Clone, Debug, Default)]
struct Reference {
    now: i64,
    /// Tries and next moment (in seconds), strangers first.
    lanes: [(u32, i64); 2],
    in_a_row: [u32; DEVICES],
    outcomes: Vec<Outcome>,
}

impl Reference {
    fn lane(&self, by: By) -> usize {
        match by {
            By::Device(device) if self.in_a_row[device] < 10 => 1,
            _ => 0,
        }
    }

    fn attempt(&mut self, by: By, right: bool) {
        let lane = self.lane(by);
        let (tried, next) = self.lanes[lane];
        let outcome = match (tried, self.lanes[1 - lane].0) {
            (50, 50) => Outcome::MustRebind,
            (50, _) => Outcome::LaneSpent,
            _ if self.now < next => Outcome::Delayed,
            _ => Outcome::Checked,
        };
        self.outcomes.push(outcome);
        if outcome != Outcome::Checked {
            return;
        }
        let wait = match tried + 1 {
            0..=5 => 0,
            6 => 1,
            7 => 2,
            8 => 5,
            9 => 10,
            10 => 15,
            11..=12 => 30,
            13..=15 => 60,
            16..=20 => 120,
            21..=30 => 300,
            31..=40 => 900,
            41..=45 => 1800,
            _ => 3600,
        };
        self.lanes[lane] = if right { (0, 0) } else { (tried + 1, self.now + wait) };
        if let By::Device(device) = by {
            self.in_a_row[device] = if right { 0 } else { self.in_a_row[device] + 1 };
        }
    }

    fn wait_out(&mut self, by: By) {
        self.now = self.now.max(self.lanes[self.lane(by)].1);
    }
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Event;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Event> {
        let by = || prop_oneof![1 => Just(By::Stranger), 2 => (0..DEVICES).prop_map(By::Device)];
        prop_oneof![
            6 => (by(), prop::bool::weighted(0.2)).prop_map(|(by, right)| Event::Try { by, right }),
            12 => (by(), 1_u32..25).prop_map(|(by, tries)| Event::Patient { by, tries }),
            4 => (by(), 2_u32..200).prop_map(|(by, tries)| Event::Burst { by, tries }),
            3 => (0_i64..100_000_000).prop_map(|seconds| Event::Wait(Span::from_seconds(seconds))),
            1 => Just(Event::Rebind),
        ]
        .boxed()
    }

    fn apply(mut state: Self, event: &Event) -> Self {
        state.outcomes.clear();
        match *event {
            Event::Try { by, right } => state.attempt(by, right),
            Event::Patient { by, tries } => {
                for _ in 0..tries {
                    state.wait_out(by);
                    state.attempt(by, false);
                }
            }
            Event::Burst { by, tries } => (0..tries).for_each(|_| state.attempt(by, false)),
            Event::Wait(span) => state.now += span.seconds(),
            Event::Rebind => state.lanes = [(0, 0); 2],
        }
        state
    }
}

/// Rows in memory, changed as the store's statements change them.
struct Counters {
    ring: Keyring,
    account: UserId,
    now: Time,
    rows: HashMap<Digest, CounterRow>,
    devices: Vec<DeviceRow>,
    /// Checks since the lane was last cleared, by key: what an attacker has gained.
    checks: HashMap<Digest, u32>,
}

impl Counters {
    fn new() -> Self {
        let rng = SeededRng::new(77);
        let now = Time::from_seconds(1_900_000_000);
        let user = UserId::new(now, &rng);
        let device = || DeviceRow { id: DeviceId::new(now, &rng), user, tried_in_a_row: 0, ended: None };
        Self {
            ring: ring(7),
            account: user,
            now,
            rows: HashMap::new(),
            devices: (0..DEVICES).map(|_| device()).collect(),
            checks: HashMap::new(),
        }
    }

    fn lane(&self, by: By) -> Lane {
        let By::Device(device) = by else { return Lane::Strangers };
        let row = &self.devices[device];
        lane(Some(DeviceClaim { device: row.id, user: row.user }), Some(row), Account::Known(self.account))
    }

    fn budget(&self, by: By) -> Budget {
        Budget::of(&self.ring, Guessable::Password, self.lane(by), Account::Known(self.account))
    }

    /// `INSERT … ON CONFLICT(key) DO UPDATE … WHERE tried < ?limit AND next_at <= ?now RETURNING tried`
    fn spend(&mut self, budget: Budget) -> Option<u32> {
        let row = self.rows.entry(budget.key).or_insert(CounterRow { tried: 0, next_at: self.now });
        if row.tried >= budget.limit || row.next_at > self.now {
            return None;
        }
        row.tried += 1;
        row.next_at = self.now + delay_after(row.tried);
        Some(row.tried)
    }

    fn tried(&self, budget: Budget) -> u32 {
        self.rows.get(&budget.key).map_or(0, |row| row.tried)
    }

    fn attempt(&mut self, by: By, right: bool) -> Outcome {
        let budget = self.budget(by);
        let both = Budget::both(&self.ring, Guessable::Password, Account::Known(self.account));
        if self.spend(budget).is_none() {
            let other = both.into_iter().find(|other| *other != budget).unwrap();
            let row = self.rows.get(&budget.key).copied();
            return match verdict_of_refusal(row, self.tried(other), budget.limit, self.now) {
                Verdict::Go => panic!("an attempt was let through unspent"),
                Verdict::Delay(_) => Outcome::Delayed,
                Verdict::Refused(Reason::BudgetSpent) => Outcome::LaneSpent,
                Verdict::Refused(Reason::MustRebind) => Outcome::MustRebind,
            };
        }
        let checks = self.checks.entry(budget.key).or_default();
        *checks += 1;
        assert!(*checks <= 50, "more checks than the budget holds");
        if let By::Device(device) = by {
            self.devices[device].tried_in_a_row += 1;
        }
        if right {
            self.clear(budget);
            if let By::Device(device) = by {
                self.devices[device].tried_in_a_row = 0;
            }
        }
        Outcome::Checked
    }

    fn clear(&mut self, budget: Budget) {
        self.rows.remove(&budget.key);
        self.checks.remove(&budget.key);
    }

    fn wait_out(&mut self, by: By) {
        if let Some(row) = self.rows.get(&self.budget(by).key) {
            self.now = self.now.max(row.next_at);
        }
    }

    fn apply(&mut self, event: &Event) -> Vec<Outcome> {
        match *event {
            Event::Try { by, right } => vec![self.attempt(by, right)],
            Event::Patient { by, tries } => (0..tries)
                .map(|_| {
                    self.wait_out(by);
                    self.attempt(by, false)
                })
                .collect(),
            Event::Burst { by, tries } => (0..tries).map(|_| self.attempt(by, false)).collect(),
            Event::Wait(span) => {
                self.now = self.now + span;
                Vec::new()
            }
            Event::Rebind => {
                Budget::both(&self.ring, Guessable::Password, Account::Known(self.account))
                    .into_iter()
                    .for_each(|budget| self.clear(budget));
                Vec::new()
            }
        }
    }
}

struct GuardTest;

impl StateMachineTest for GuardTest {
    type SystemUnderTest = Counters;
    type Reference = Reference;

    fn init_test(_: &Reference) -> Counters {
        Counters::new()
    }

    fn apply(mut counters: Counters, reference: &Reference, event: Event) -> Counters {
        assert_eq!(counters.apply(&event), reference.outcomes, "{event:?}");
        counters
    }

    fn check_invariants(counters: &Counters, reference: &Reference) {
        let [strangers, devices] = Budget::both(&counters.ring, Guessable::Password, Account::Known(counters.account));
        let tried = (counters.tried(strangers), counters.tried(devices));
        assert_eq!(tried, (reference.lanes[0].0, reference.lanes[1].0), "only logins and re-binding clear");
        assert!(tried.0 + tried.1 <= 100);
        assert_eq!(both_empty(tried.0, tried.1), tried.0 + tried.1 == 100);
        for (row, in_a_row) in counters.devices.iter().zip(reference.in_a_row) {
            let by_device =
                lane(Some(DeviceClaim { device: row.id, user: row.user }), Some(row), Account::Known(counters.account));
            assert_eq!(by_device == Lane::Strangers, in_a_row >= DEVICE_FAILS_MAX);
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn thr_01_the_guard_follows_the_model_through_any_history(sequential 1..60 => GuardTest);
}

#[test]
fn t_08_one_hundred_and_one_wrong_codes_leave_an_exact_count_and_no_check() {
    let mut counters = Counters::new();
    let mut outcomes = counters.apply(&Event::Burst { by: By::Stranger, tries: 1000 });
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Checked).count(), 6);
    outcomes.extend(counters.apply(&Event::Patient { by: By::Stranger, tries: 101 }));
    for device in 0..DEVICES {
        outcomes.extend(counters.apply(&Event::Patient { by: By::Device(device), tries: 101 }));
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Checked).count(), 100);
    assert_eq!(counters.apply(&Event::Wait(Span::from_hours(24 * 365))), []);
    for by in [By::Stranger, By::Device(0), By::Device(6)] {
        assert_eq!(counters.attempt(by, true), Outcome::MustRebind, "time opens nothing, nor does the right answer");
    }
    let _ = counters.apply(&Event::Rebind);
    assert_eq!(counters.attempt(By::Stranger, false), Outcome::Checked);
}

#[test]
fn thr_04_strangers_never_keep_a_known_device_out() {
    let mut counters = Counters::new();
    let _ = counters.apply(&Event::Patient { by: By::Stranger, tries: 60 });
    assert_eq!(counters.attempt(By::Stranger, true), Outcome::LaneSpent);
    assert_eq!(counters.attempt(By::Device(0), true), Outcome::Checked, "no delay and no refusal");
    assert_eq!(counters.attempt(By::Stranger, true), Outcome::LaneSpent, "the device's login cleared its own budget");
}

#[test]
fn a_device_that_fails_ten_times_in_a_row_becomes_a_stranger() {
    let mut counters = Counters::new();
    let _ = counters.apply(&Event::Patient { by: By::Device(0), tries: 9 });
    assert_eq!(counters.lane(By::Device(0)), Lane::Device(counters.devices[0].id));
    let _ = counters.apply(&Event::Patient { by: By::Device(0), tries: 1 });
    assert_eq!(counters.lane(By::Device(0)), Lane::Strangers);
    let [strangers, devices] = Budget::both(&counters.ring, Guessable::Password, Account::Known(counters.account));
    let _ = counters.apply(&Event::Patient { by: By::Device(0), tries: 4 });
    assert_eq!((counters.tried(strangers), counters.tried(devices)), (4, 10));
    counters.wait_out(By::Device(1));
    assert_eq!(counters.attempt(By::Device(1), true), Outcome::Checked, "other devices stay known");
    assert_eq!((counters.tried(strangers), counters.tried(devices)), (4, 0));
}
