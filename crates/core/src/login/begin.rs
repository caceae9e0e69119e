//! How logins begin that no first password begins: step-ups, re-proofs, enrolments.

use super::{Enrolment, Login, LoginHandle, Request, State, Step, StepUpFor, Then};
use crate::denial::Denial;
use crate::evidence::Evidence;
use crate::id::{LoginId, SessionId, UserId};
use crate::invite::{EnrolRight, Purpose};
use crate::secret::Rng;
use crate::time::Time;

impl Login {
    /// A right password inside a live session, for one action of it.
    #[must_use]
    pub fn step_up(
        id: LoginId,
        evidence: Evidence,
        request: Request,
        wanted: StepUpFor,
        at: (Time, &dyn Rng),
    ) -> (Self, LoginHandle) {
        let StepUpFor { session, action, target, token } = wanted;
        let then = Then::StepUp { session, action: action.as_str().to_owned(), target, token };
        Self::begin_as(id, State::Second { evidence }, request, then, at)
    }

    /// A live session must prove its second factor again before it goes on. `id` is drawn by the caller, since the
    /// refresh token inside `then` is sealed to it.
    #[must_use]
    pub fn reprove(
        id: LoginId,
        user: UserId,
        request: Request,
        (session, token): (SessionId, Vec<u8>),
        at: (Time, &dyn Rng),
    ) -> (Self, LoginHandle) {
        Self::begin_as(id, State::Reprove { user }, request, Then::Refresh { session, token }, at)
    }

    /// A right to enrol, and a password: newly set for an invite, checked for a ticket.
    #[must_use]
    pub fn enrol(
        right: EnrolRight,
        evidence: Evidence,
        password: Option<Vec<u8>>,
        request: Request,
        at: (Time, &dyn Rng),
    ) -> (Step, LoginHandle) {
        let fits = match right.purpose() {
            Purpose::NewUser { .. } => password.is_some(),
            Purpose::Ticket { user } => password.is_none() && *user == evidence.user(),
        };
        let enrolment = Enrolment { right, evidence: Some(evidence), password };
        let (login, handle) = Self::begin(State::Enrol { enrolment }, request, Then::Tokens, at.0, at.1);
        (if fits { Step::Enrol(login) } else { Step::Deny(Denial::Credentials) }, handle)
    }

    /// A live session's right to enrol one further factor, from a recovery or a step-up. The confirmation opens no session
    /// and raises none.
    #[must_use]
    pub fn enrol_further(right: EnrolRight, request: Request, now: Time, rng: &dyn Rng) -> (Self, LoginHandle) {
        let enrolment = Enrolment { right, evidence: None, password: None };
        Self::begin(State::Enrol { enrolment }, request, Then::Tokens, now, rng)
    }
}
