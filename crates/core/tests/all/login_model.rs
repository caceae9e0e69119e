//! Two people and a thief of rows at many logins at once, against a truth that knows stages only: no proofs, no seals.
//!
//! What holds after every move: a grant takes both kinds of factor of one user in one login, is no stronger than they
//! were, and happens once a login; a code counts once; a row decided on twice is written at most once (MFA-01, MFA-02,
//! MFA-20, OTP-05, RCV-03, T-12, T-14).

mod system;
mod truth;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use system::System;
use truth::Truth;

/// Ada, Bob, or, for an invite, somebody who is still to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Ada,
    Bob,
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Tokens,
    StepUp,
    Reprove,
    Ticket,
    Invite,
}

/// Which row is presented to the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// The stored one; none once the login is done.
    Stored,
    /// The first one, read before others moved on.
    Stale,
    /// The first one, its version column set one up.
    Renumbered,
    /// The first one, with the seal of the next login.
    Swapped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Totp(Who),
    Recovery(Who, usize),
    Offer,
    Confirm { right: bool },
}

/// One request: a login, as its sender found it, and what he shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) login: usize,
    pub(crate) pick: Pick,
    /// With the handle of the next login.
    pub(crate) foreign_handle: bool,
    /// From a browser's page.
    pub(crate) page: bool,
    pub(crate) shows: Move,
}

#[derive(Clone, Debug)]
pub(crate) enum Transition {
    Wait(i64),
    Begin(Who, Kind),
    /// All are decided on one snapshot; then they commit one after the other.
    Requests(Vec<Request>),
}

/// What somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Aal2,
    Recovery,
    Enrolled,
    Raised,
    Fresh,
    Offered,
    /// This is not its next step.
    WrongStep,
    /// The code is another user's, or wrong.
    WrongCode,
    /// The code has been used.
    Spent,
    /// Unknown, done, too late, or not his.
    Gone,
    /// The row was changed outside.
    Broken,
    /// Somebody else was first.
    Conflict,
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Truth;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Truth> {
        Just(Truth::new()).boxed()
    }

    fn transitions(_: &Truth) -> BoxedStrategy<Transition> {
        let who = || prop_oneof![Just(Who::Ada), Just(Who::Bob)];
        let kind = prop_oneof![
            4 => Just(Kind::Tokens),
            2 => Just(Kind::StepUp),
            2 => Just(Kind::Reprove),
            1 => Just(Kind::Ticket),
            1 => Just(Kind::Invite),
        ];
        let wait = prop_oneof![4 => Just(15), 6 => Just(30), 2 => Just(60), 1 => Just(300), 1 => Just(600)];
        let shows = prop_oneof![
            6 => who().prop_map(Move::Totp),
            3 => (who(), 0..3_usize).prop_map(|(who, code)| Move::Recovery(who, code)),
            3 => Just(Move::Offer),
            3 => prop::bool::weighted(0.7).prop_map(|right| Move::Confirm { right }),
        ];
        let pick = prop_oneof![
            12 => Just(Pick::Stored),
            4 => Just(Pick::Stale),
            1 => Just(Pick::Renumbered),
            1 => Just(Pick::Swapped),
        ];
        let rarely = || prop::bool::weighted(0.06);
        let request =
            (0..6_usize, pick, rarely(), rarely(), shows).prop_map(|(login, pick, foreign_handle, page, shows)| {
                Request { login, pick, foreign_handle, page, shows }
            });
        prop_oneof![
            3 => wait.prop_map(Transition::Wait),
            4 => (who(), kind).prop_map(|(who, kind)| Transition::Begin(who, kind)),
            9 => prop::collection::vec(request, 1..4).prop_map(Transition::Requests),
        ]
        .boxed()
    }

    fn apply(mut truth: Truth, transition: &Transition) -> Truth {
        truth.apply(transition);
        truth
    }
}

struct LoggingIn;

impl StateMachineTest for LoggingIn {
    type SystemUnderTest = System;
    type Reference = Machine;

    fn init_test(_: &Truth) -> System {
        System::new()
    }

    fn apply(mut system: System, truth: &Truth, transition: Transition) -> System {
        let told = system.apply(&transition);
        assert_eq!(told, truth.told, "{transition:?}");
        system
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mfa_01_mfa_02_mfa_20_t_12_t_14_no_order_of_steps_gives_more_than_was_proved(sequential 1..50 => LoggingIn);
}

/// T-14, RCV-03, OTP-05: 64 at once with one handle and one code, one wins.
#[test]
fn mfa_02_t_14_of_64_that_complete_one_login_at_once_one_does() {
    for shows in [Move::Totp(Who::Ada), Move::Recovery(Who::Ada, 0)] {
        let mut system = System::new();
        system.apply(&Transition::Begin(Who::Ada, Kind::Tokens));
        let request = Request { login: 0, pick: Pick::Stored, foreign_handle: false, page: false, shows };
        let told = system.apply(&Transition::Requests(vec![request; 64]));
        assert_eq!(told.iter().filter(|told| matches!(told, Told::Aal2 | Told::Recovery)).count(), 1);
        assert_eq!(told.iter().filter(|told| **told == Told::Conflict).count(), 63);
    }
}

/// OTP-05, RCV-03: the same code in 64 logins of its owner completes one of them.
#[test]
fn otp_05_rcv_03_t_14_one_code_in_64_logins_at_once_completes_one() {
    for shows in [Move::Totp(Who::Ada), Move::Recovery(Who::Ada, 0)] {
        let mut system = System::new();
        (0..64).for_each(|_| drop(system.apply(&Transition::Begin(Who::Ada, Kind::Tokens))));
        let request = |login| Request { login, pick: Pick::Stored, foreign_handle: false, page: false, shows };
        let told = system.apply(&Transition::Requests((0..64).map(request).collect()));
        assert_eq!(told.iter().filter(|told| matches!(told, Told::Aal2 | Told::Recovery)).count(), 1);
    }
}
