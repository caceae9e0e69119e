//! The steps of a login that a passkey takes: asked for, answered, offered, confirmed. A challenge or an offer leaves the
//! login before its answer is checked, and the login is stored without it: of many answers, one is checked (WAN-01).

use super::{Enrolled, Enrolment, Login, LoginHandle, NewFactor, Request, Standing, State, Step, StepUpFor, Then};
use crate::denial::Denial;
use crate::evidence::Evidence;
use crate::id::{FactorId, LoginId, UserId};
use crate::invite::Spends;
use crate::passkey::{Asked, Attestation, Becomes, LIFE, Offered, PasskeyProof, Refusal, RelyingParty};
use crate::seal::Keyring;
use crate::secret::Rng;
use crate::time::Time;

/// A new passkey that was offered, taken out of its login to be confirmed once.
#[derive(Debug)]
pub struct Registering {
    factor: FactorId,
    offered: Offered,
}

impl Login {
    /// A passkey answered that nobody had asked by name; `then` is where the login goes. An account that is shut answers
    /// like an unknown passkey.
    #[must_use]
    pub fn discovered(
        proof: PasskeyProof,
        account: &Standing,
        user_version: i64,
        request: Request,
        then: Then,
    ) -> Step {
        let open = account.active && proof.user() == account.user;
        // Attack: one kind of factor, passed off as two. The policy says so once more.
        if !open || !proof.is_verified() {
            return Step::Deny(Denial::Passkey);
        }
        super::complete(Evidence::by_passkey(proof, user_version), request, then)
    }

    /// A live session asks for one action, and its passkey is to prove both kinds: no password was sent.
    #[must_use]
    pub fn step_up_alone(
        id: LoginId,
        (user, user_version): (UserId, i64),
        request: Request,
        wanted: StepUpFor,
        at: (Time, &dyn Rng),
    ) -> (Self, LoginHandle) {
        let StepUpFor { session, action, target, token } = wanted;
        let then = Then::StepUp { session, action: action.as_str().to_owned(), target, token };
        Self::begin_as(id, State::Alone { user, user_version }, request, then, at)
    }

    /// Whether an answer of an enrolled passkey can be its next step.
    #[must_use]
    pub const fn awaits_passkey(&self) -> bool {
        matches!(self.state, State::Second { .. } | State::Reprove { .. } | State::Alone { .. })
    }

    /// Whether only a passkey will do whose device verifies its user.
    #[must_use]
    pub const fn needs_verification(&self) -> bool {
        matches!(self.state, State::Alone { .. })
    }

    /// A passkey is asked. Asked again, the challenge before it is void.
    #[must_use]
    pub fn ask_passkey(self, asked: Asked, now: Time) -> Step {
        if Self::awaits_passkey(&self) {
            Step::Ask(Self { asked: Some((asked, now + LIFE)), ..self })
        } else {
            Step::Deny(Denial::WrongStep)
        }
    }

    /// Takes the challenge out, to be answered once; `None` when none was made, or it is too old.
    #[must_use]
    pub fn take_asked(self, now: Time) -> Option<(Self, Asked)> {
        let (asked, until) = self.asked?;
        (now < until).then_some((Self { asked: None, ..self }, asked))
    }

    /// The login after its row was stored: the guard of the next step moves with it.
    #[must_use]
    pub fn moved_on(self) -> Self {
        Self { version: self.version + 1, ..self }
    }

    /// A passkey answered.
    #[must_use]
    pub fn passkey(self, proof: PasskeyProof) -> Step {
        let (at, held) = (proof.at(), proof.is_held());
        match (self.state, self.then) {
            (State::Second { evidence }, then) => match evidence.and_passkey(proof) {
                Some(evidence) => super::complete(evidence, self.request, then),
                None => Step::Deny(Denial::Passkey),
            },
            // Alone it must be of both kinds; the policy says so once more.
            (State::Alone { .. }, _) if !proof.is_verified() => Step::Deny(Denial::Passkey),
            (State::Alone { user, user_version }, then) if user == proof.user() => {
                super::complete(Evidence::by_passkey(proof, user_version), self.request, then)
            }
            // Attack: as with a code of an app on probation.
            (State::Reprove { user }, Then::Refresh { .. }) if user == proof.user() && held => Step::Deny(Denial::Held),
            (State::Reprove { user }, Then::Refresh { session, token }) if user == proof.user() => {
                Step::Fresh(super::Fresh { session, user, at, token })
            }
            _ => Step::Deny(Denial::WrongStep),
        }
    }

    /// Whether a new passkey can be offered.
    #[must_use]
    pub const fn awaits_enrolment(&self) -> bool {
        matches!(self.state, State::Enrol { .. } | State::Confirm { .. } | State::Register { .. })
    }

    /// Whether its enrolment adds a factor that its user could do without: one by step-up. The one after a recovery, or by
    /// a ticket, is the way back in.
    #[must_use]
    pub const fn adds_by_choice(&self) -> bool {
        match &self.state {
            State::Enrol { enrolment } | State::Confirm { enrolment, .. } | State::Register { enrolment, .. } => {
                matches!(enrolment.right.spends(), Spends::StepUp(_))
            }
            State::Second { .. } | State::Reprove { .. } | State::Alone { .. } => false,
        }
    }

    /// Offers to enrol a passkey. Asked again, what was offered before is void.
    #[must_use]
    pub fn offer_passkey(self, offered: Offered, now: Time, rng: &dyn Rng) -> Step {
        match self.state {
            State::Enrol { enrolment } | State::Confirm { enrolment, .. } | State::Register { enrolment, .. } => {
                let factor = FactorId::new(now, rng);
                Step::Offer(Self { state: State::Register { enrolment, factor, offered }, ..self })
            }
            _ => Step::Deny(Denial::WrongStep),
        }
    }

    /// Takes the offer out, to be confirmed once; `None` when none was made.
    #[must_use]
    pub fn take_offered(self) -> Option<(Self, Registering)> {
        match self.state {
            State::Register { enrolment, factor, offered } => {
                Some((Self { state: State::Enrol { enrolment }, ..self }, Registering { factor, offered }))
            }
            _ => None,
        }
    }

    /// The new passkey's first answer: the enrolment and the login are one.
    ///
    /// # Errors
    /// [`Refusal`] when the answer proves nothing.
    pub fn confirm_passkey(
        self,
        (party, registering): (&RelyingParty, Registering),
        attestation: &Attestation,
        (now, ring, rng): (Time, &Keyring, &dyn Rng),
    ) -> Result<Step, Refusal> {
        let user = self.user();
        let State::Enrol { enrolment: Enrolment { right, evidence, password } } = self.state else {
            return Ok(Step::Deny(Denial::WrongStep));
        };
        let becomes = Becomes { user, factor: registering.factor, held_until: right.holds_until(now) };
        let proof = party.confirm(registering.offered, attestation, becomes, (now, ring, rng))?;
        let label = if proof.is_verified() { "passkey" } else { "security key" };
        let factor = NewFactor::Passkey(proof.row().clone());
        let enrolled = Enrolled { right, password, factor, label: label.to_owned() };
        let Some(evidence) = evidence else { return Ok(Step::Added(enrolled)) };
        Ok(match evidence.and_passkey(proof) {
            Some(evidence) => super::complete(evidence, self.request, self.then).with(enrolled),
            None => Step::Deny(Denial::Passkey),
        })
    }
}
