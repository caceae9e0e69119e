//! Random lives of one session, at the routes: windows that lose answers, a thief with an old copy, callers that meet,
//! sign-outs, a disabled account, restarts and time. A truth that knows generations only says what each call must get.
//! Behind the routes it reads the records alone.

use std::collections::BTreeMap;

use http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_core::time::{Span, Time};
use poundlock_store::testing::TestStore;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use serde_json::json;
use tokio::runtime::Runtime;

use super::race::at_once;
use crate::http::behind::{at_service, change_client, claims, disable, records, refresh, text};

/// What the client's sessions may rest, and last; the enrolment takes 30 seconds of both.
const IDLE: i64 = 600;
const ABSOLUTE: i64 = 1_440;
const WINDOW: i64 = 60;
const REPEATS: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Owner,
    Thief,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(i64),
    /// Somebody shows the token that he holds, and perhaps never hears the answer.
    Show {
        who: Who,
        lost: bool,
    },
    /// The owner's windows all show their token at once.
    Together(usize),
    /// The thief copies what the owner holds now.
    Steal,
    SignOut(Who),
    Disable,
    Restart,
}

/// What somebody is told. Generations stand for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Minted(u32),
    Again(u32),
    Slow,
    Theft,
    Ended,
    Out,
}

#[derive(Clone, Debug)]
struct Truth {
    /// Seconds since the session was opened.
    now: i64,
    generation: u32,
    rotated_at: i64,
    repeats: u32,
    idle_until: i64,
    dead: bool,
    owner: u32,
    thief: Option<u32>,
    told: Vec<Told>,
    rotations: usize,
    retries: usize,
    thefts: usize,
}

impl Truth {
    const fn over(&self) -> bool {
        self.dead || self.now >= ABSOLUTE || self.now >= self.idle_until
    }

    const fn look(&self, shown: u32) -> Told {
        if self.over() {
            Told::Ended
        } else if shown == self.generation {
            Told::Minted(self.generation + 1)
        } else if shown + 1 < self.generation || self.now - self.rotated_at > WINDOW {
            Told::Theft
        } else if self.repeats >= REPEATS {
            Told::Slow
        } else {
            Told::Again(self.generation)
        }
    }

    fn show(&mut self, shown: u32) -> Told {
        let told = self.look(shown);
        match told {
            Told::Minted(generation) => {
                (self.generation, self.rotated_at, self.repeats) = (generation, self.now, 0);
                self.idle_until = (self.now + IDLE).min(ABSOLUTE);
                self.rotations += 1;
            }
            Told::Again(_) => (self.repeats, self.retries) = (self.repeats + 1, self.retries + 1),
            Told::Theft => (self.dead, self.thefts) = (true, self.thefts + 1),
            Told::Slow | Told::Ended | Told::Out => {}
        }
        self.told.push(told);
        told
    }

    fn sign_out(&mut self, shown: u32) {
        let told = match self.look(shown) {
            Told::Minted(_) | Told::Again(_) | Told::Slow => Told::Out,
            told => told,
        };
        self.thefts += usize::from(told == Told::Theft);
        self.dead |= told != Told::Ended;
        self.told.push(told);
    }

    const fn held(&self, who: Who) -> Option<u32> {
        match who {
            Who::Owner => Some(self.owner),
            Who::Thief => self.thief,
        }
    }

    fn hear(&mut self, who: Who, told: Told) {
        let (Told::Minted(got) | Told::Again(got)) = told else { return };
        match who {
            Who::Owner => self.owner = got,
            Who::Thief => self.thief = Some(got),
        }
    }
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Truth;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Truth> {
        Just(Truth {
            now: 30,
            generation: 1,
            rotated_at: 0,
            repeats: 0,
            idle_until: IDLE,
            dead: false,
            owner: 1,
            thief: None,
            told: Vec::new(),
            rotations: 0,
            retries: 0,
            thefts: 0,
        })
        .boxed()
    }

    fn transitions(_: &Truth) -> BoxedStrategy<Step> {
        let who = || prop_oneof![4 => Just(Who::Owner), 1 => Just(Who::Thief)];
        let wait = prop_oneof![
            6 => 1..20_i64,
            2 => Just(WINDOW),
            1 => Just(WINDOW + 1),
            4 => Just(240),
            1 => Just(IDLE - 1),
            1 => Just(IDLE),
        ];
        prop_oneof![
            8 => wait.prop_map(Step::Wait),
            16 => (who(), any::<bool>()).prop_map(|(who, lost)| Step::Show { who, lost }),
            4 => (2..7_usize).prop_map(Step::Together),
            2 => Just(Step::Steal),
            1 => Just(Step::Restart),
            // Rare: after these nothing more is given.
            1 => prop_oneof![9 => Just(Step::Restart), 2 => who().prop_map(Step::SignOut), 1 => Just(Step::Disable)],
        ]
        .boxed()
    }

    fn apply(mut truth: Truth, step: &Step) -> Truth {
        truth.told.clear();
        match *step {
            Step::Wait(seconds) => truth.now += seconds,
            Step::Show { who, lost } => {
                if let Some(shown) = truth.held(who) {
                    let told = truth.show(shown);
                    if !lost {
                        truth.hear(who, told);
                    }
                }
            }
            Step::Together(windows) => {
                let shown = truth.owner;
                for _ in 0..windows {
                    let told = truth.show(shown);
                    truth.hear(Who::Owner, told);
                }
            }
            Step::Steal => truth.thief = Some(truth.owner),
            Step::SignOut(who) => truth.held(who).into_iter().for_each(|shown| truth.sign_out(shown)),
            Step::Disable => truth.dead = true,
            Step::Restart => {}
        }
        truth
    }

    fn preconditions(truth: &Truth, step: &Step) -> bool {
        !(truth.dead && matches!(step, Step::Disable))
    }
}

/// The server, and what its callers hold. What left it is kept by generation.
struct World {
    // The application goes before the runtime that its store works on, and both before the store's folder.
    app: TestApp,
    opened_at: Time,
    idle_until: i64,
    owner: u32,
    thief: Option<u32>,
    sent: BTreeMap<u32, String>,
    access: Vec<String>,
    runtime: Runtime,
    _store: TestStore,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let (store, app, tokens) = runtime.block_on(async {
            let store = TestStore::sqlite().await;
            let app = TestApp::on(&store).await;
            change_client(&app, |spec| {
                (spec.idle_seconds, spec.absolute_seconds) = (Some(IDLE), Some(ABSOLUTE));
            })
            .await;
            let tokens = app.enrol("ada", &[]).await.tokens;
            (store, app, tokens)
        });
        Self {
            opened_at: app.now() - Span::from_seconds(30),
            app,
            idle_until: IDLE,
            owner: 1,
            thief: None,
            sent: BTreeMap::from([(1, text(&tokens, "refresh_token"))]),
            access: vec![text(&tokens, "access_token")],
            runtime,
            _store: store,
        }
    }

    fn now(&self) -> i64 {
        (self.app.now() - self.opened_at).seconds()
    }

    const fn held(&self, who: Who) -> Option<u32> {
        match who {
            Who::Owner => Some(self.owner),
            Who::Thief => self.thief,
        }
    }

    /// Reads an answer without the truth: whether the token in it is a new one, or the newest that was sent before.
    fn told(&mut self, reply: Reply) -> Told {
        if !reply.status.is_success() {
            return match reply.refusal() {
                "refresh_too_often" => Told::Slow,
                "refresh_reuse" => Told::Theft,
                "session_ended" => Told::Ended,
                other => panic!("told {other}: {}", reply.body),
            };
        }
        let answer = reply.body;
        let (got, newest) = (text(&answer, "refresh_token"), *self.sent.last_key_value().unwrap().0);
        let told = if self.sent[&newest] == got { Told::Again(newest) } else { Told::Minted(newest + 1) };
        if told == Told::Minted(newest + 1) {
            assert!(!self.sent.values().any(|sent| *sent == got), "an older token was given again");
            self.sent.insert(newest + 1, got);
            self.idle_until = (self.now() + IDLE).min(ABSOLUTE);
        }
        assert_eq!(answer["refresh_expires_in"], self.idle_until - self.now(), "RFT-04: {told:?}");
        let end = (self.opened_at + Span::from_seconds(self.idle_until)).seconds();
        assert!(claims(&answer)["exp"].as_i64().unwrap() <= end, "SES-04: no token outlives its session");
        let access = text(&answer, "access_token");
        assert!(!self.access.contains(&access), "every access token is another");
        self.access.push(access);
        told
    }

    fn show(&mut self, who: Who, windows: usize, lost: bool) -> Vec<Told> {
        let Some(shown) = self.held(who) else { return Vec::new() };
        let token = json!(self.sent[&shown]);
        let mut replies = if windows == 1 {
            vec![self.runtime.block_on(refresh(&self.app, &token))]
        } else {
            self.runtime.block_on(at_once(&self.app, windows, &token))
        };
        // Which of the callers was first is nobody's business: what all of them got, is.
        replies.sort_by_key(|reply| reply.status.as_u16());
        let told: Vec<_> = replies.into_iter().map(|reply| self.told(reply)).collect();
        if let (Some(Told::Minted(got) | Told::Again(got)), false) = (told.first(), lost) {
            match who {
                Who::Owner => self.owner = *got,
                Who::Thief => self.thief = Some(*got),
            }
        }
        told
    }

    fn sign_out(&mut self, who: Who) -> Vec<Told> {
        let Some(shown) = self.held(who) else { return Vec::new() };
        let body = json!({ "refresh_token": self.sent[&shown] });
        let reply = self.runtime.block_on(self.app.send(Method::DELETE, "/v1/session", Some(&body), &[]));
        vec![if reply.status == 204 { Told::Out } else { self.told(reply) }]
    }

    /// Whether a service that has the newest list takes the newest access token.
    fn is_good_at_service(&self) -> bool {
        let newest = self.access.last().unwrap();
        self.runtime.block_on(async {
            self.app.take_over_changes().await;
            at_service(&self.app, newest, "api").await.is_ok()
        })
    }

    fn recorded(&self, event: &str) -> usize {
        self.runtime.block_on(records(&self.app, event)).len()
    }
}

/// Callers that meet may each see the theft before one of them has ended the session; else order alone may differ.
fn are_alike(mut told: Vec<Told>, truth: &Truth) -> bool {
    if told.len() > 1 && truth.told.contains(&Told::Theft) {
        return told.contains(&Told::Theft) && told.iter().all(|one| matches!(one, Told::Theft | Told::Ended));
    }
    let mut expected = truth.told.clone();
    told.sort();
    expected.sort();
    told == expected
}

struct Refreshing;

impl StateMachineTest for Refreshing {
    type SystemUnderTest = World;
    type Reference = Machine;

    fn init_test(_: &Truth) -> World {
        World::new()
    }

    fn apply(mut world: World, truth: &Truth, step: Step) -> World {
        let told = match step {
            Step::Wait(seconds) => {
                world.app.advance(Span::from_seconds(seconds));
                Vec::new()
            }
            Step::Show { who, lost } => world.show(who, 1, lost),
            Step::Together(windows) => world.show(Who::Owner, windows, false),
            Step::Steal => {
                world.thief = Some(world.owner);
                Vec::new()
            }
            Step::SignOut(who) => world.sign_out(who),
            Step::Disable => {
                world.runtime.block_on(disable(&world.app, "ada"));
                Vec::new()
            }
            Step::Restart => {
                world.app = world.runtime.block_on(world.app.again());
                Vec::new()
            }
        };
        assert!(are_alike(told.clone(), truth), "told {told:?}, expected {:?}", truth.told);
        world
    }

    fn check_invariants(world: &World, truth: &Truth) {
        assert_eq!((world.owner, world.thief), (truth.owner, truth.thief));
        assert_eq!(world.sent.len(), truth.generation as usize, "RFT-03: one token a generation");
        assert_eq!(world.recorded("refresh.rotated"), truth.rotations);
        assert_eq!(world.recorded("refresh.retried"), truth.retries);
        assert_eq!(world.recorded("refresh.theft") > 0, truth.thefts > 0, "RFT-02");
        let good = world.is_good_at_service();
        assert!(!(truth.over() && good), "SES-04: a dead session's token is taken");
        let newest = json!({ "access_token": world.access.last() });
        let lives = world.app.now().seconds() < claims(&newest)["exp"].as_i64().unwrap();
        assert!(good || truth.over() || !lives, "a live session's token is refused");
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rft_02_rft_03_rft_04_rft_13_ses_04_lives_of_one_session(sequential 1..40 => Refreshing);
}
