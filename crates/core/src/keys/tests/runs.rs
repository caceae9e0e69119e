//! Whole runs: any schedule, any pauses, any revocations, any change of what is wanted.

use std::collections::HashSet;

use proptest::prelude::*;

use super::super::*;
use super::life::row;
use crate::time::Span;
use crate::token::ACCESS_LIFE_MAX;

/// The most that a verifier's clock may be off by (BND-07).
const SKEW: Span = Span::from_seconds(60);

#[derive(Clone, Debug)]
enum Event {
    Wait(Span),
    Revoke(Alg),
    Want(Vec<Alg>),
}

/// A server as the plan sees it: rows, and the tokens that are out.
struct World {
    rows: Vec<KeyRow>,
    wanted: Vec<Alg>,
    schedule: Schedule,
    now: Time,
    made: u32,
    revoked: HashSet<String>,
    /// Key and end of every token that may still be shown.
    tokens: Vec<(String, Time)>,
}

impl World {
    fn apply(&mut self, action: &Action) {
        let now = self.now;
        let (alg, at_once) = match action {
            Action::MakeNext(alg) => (*alg, false),
            Action::MakeCurrent(alg) => (*alg, true),
            Action::Promote(kid) => return self.change(kid, |row| row.promoted(now)),
            Action::Retire(kid) => return self.change(kid, |row| row.retired(now)),
            Action::Remove(kid) => return self.change(kid, |row| row.removed(now)),
        };
        self.made += 1;
        let next = row(&format!("key{}", self.made), alg, now);
        self.rows.push(if at_once { next.promoted(now).unwrap() } else { next });
    }

    fn change(&mut self, kid: &str, step: impl Fn(&KeyRow) -> Result<KeyRow, BadState>) {
        let row = self.rows.iter_mut().find(|row| row.kid == kid).unwrap();
        *row = step(row).unwrap();
    }

    /// Signs with every current key up to the present moment, which is before the plan of this moment runs.
    fn sign(&mut self) {
        let end = self.now + ACCESS_LIFE_MAX;
        let current = self.rows.iter().filter(|row| row.state == KeyState::Current);
        self.tokens.extend(current.map(|row| (row.kid.clone(), end)));
        let now = self.now;
        self.tokens.retain(|(_, end)| *end + SKEW > now);
    }

    fn run_plan(&mut self) {
        for action in plan(&self.rows, &self.wanted, &self.schedule, self.now) {
            self.apply(&action);
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Wait(span) => self.now = self.now + *span,
            Event::Want(algs) => self.wanted.clone_from(algs),
            Event::Revoke(alg) => {
                let signs = |row: &&KeyRow| row.alg == *alg && row.state == KeyState::Current;
                let Some(kid) = self.rows.iter().find(signs).map(|row| row.kid.clone()) else { return };
                for action in revoke(&self.rows, &kid).unwrap() {
                    self.apply(&action);
                }
                self.revoked.insert(kid);
            }
        }
    }

    fn check(&self) {
        for alg in &self.wanted {
            let current: Vec<_> =
                self.rows.iter().filter(|row| row.alg == *alg && row.state == KeyState::Current).collect();
            assert_eq!(current.len(), 1, "{alg:?} has one signing key");
            assert_eq!(current[0].alg, *alg);
        }
        for row in &self.rows {
            let Some(current_at) = row.current_at else { continue };
            let waited = current_at - row.made_at;
            // Zero is the first start or the answer to a revocation.
            assert!(waited == Span::ZERO || waited >= self.schedule.publish_ahead, "{} waited {waited:?}", row.kid);
        }
        let published: HashSet<_> =
            self.rows.iter().filter(|row| row.state != KeyState::Gone).map(|row| row.kid.as_str()).collect();
        for (kid, end) in self.tokens.iter().filter(|(kid, _)| !self.revoked.contains(kid)) {
            assert!(published.contains(kid.as_str()), "{kid} is needed until {end:?}, now {:?}", self.now);
        }
        for kid in &self.revoked {
            assert!(!published.contains(kid.as_str()), "{kid} was revoked");
        }
        // Nothing is left to do: the plan of one moment ends in one round.
        assert_eq!(plan(&self.rows, &self.wanted, &self.schedule, self.now), []);
    }
}

fn wanted() -> impl Strategy<Value = Vec<Alg>> {
    proptest::sample::subsequence(vec![Alg::Es256, Alg::EdDsa, Alg::Rs256], 0..=3)
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1i64..180).prop_map(|minutes| Event::Wait(Span::from_minutes(minutes))),
        4 => (1i64..72).prop_map(|hours| Event::Wait(Span::from_hours(hours))),
        1 => (1i64..90).prop_map(|days| Event::Wait(Span::from_hours(24 * days))),
        1 => proptest::sample::select(vec![Alg::Es256, Alg::EdDsa, Alg::Rs256]).prop_map(Event::Revoke),
        1 => wanted().prop_map(Event::Want),
    ]
}

fn schedule() -> impl Strategy<Value = Schedule> {
    (10i64..3_000, 2i64..40, 65i64..3_000).prop_map(|(ahead, times, keep)| {
        let minutes = Span::from_minutes;
        Schedule::new(minutes(ahead), minutes(ahead * times), minutes(keep)).unwrap()
    })
}

proptest! {
    /// KEY-06: in any run, each wanted algorithm has one signing key that verifiers had time to learn, and every token
    /// that is out can be checked until it dies.
    #[test]
    fn key_06_no_run_of_the_plan_strands_a_token(
        schedule in schedule(), wanted in wanted(), events in proptest::collection::vec(event(), 1..80)
    ) {
        let now = Time::from_seconds(1_790_000_000);
        let (rows, tokens, revoked) = (Vec::new(), Vec::new(), HashSet::new());
        let mut world = World { rows, wanted, schedule, now, made: 0, revoked, tokens };
        world.run_plan();
        world.check();
        for event in &events {
            world.happen(event);
            world.sign();
            world.run_plan();
            world.check();
        }
    }

    /// A plan of a clock that stepped back does no harm: it never removes what it would have kept.
    #[test]
    fn a_clock_that_steps_back_removes_nothing(back in 0i64..10_000_000_000) {
        let now = Time::from_seconds(1_790_000_000);
        let retired = row("a", Alg::Es256, now).promoted(now).unwrap().retired(now).unwrap();
        let current = row("b", Alg::Es256, now).promoted(now).unwrap();
        let earlier = now - Span::from_millis(back);
        prop_assert_eq!(plan(&[retired, current], &[Alg::Es256], &Schedule::default(), earlier), []);
    }
}
