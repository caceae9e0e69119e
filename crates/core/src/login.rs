//! Decides logins: what is stored between two requests, and what each step leads to. Never touches storage, and never
//! calls one step from another: each returns a [`Step`], and the dispatcher reads the stored login for the next.
//!
//! **Architecture Invariant:** a login leaves this crate only as a sealed [`LoginRow`], bound to its id and version. A
//! row edited in the database, or one moved under another id, does not open.

mod begin;
mod handle;
mod outcome;
mod passkey;
mod stored;

pub use handle::LoginHandle;
pub use outcome::{Enrolled, Fresh, Granted, NewFactor, Raised};
pub use passkey::Registering;
use serde::{Deserialize, Serialize};

use crate::denial::Denial;
use crate::evidence::Evidence;
use crate::id::{DeviceId, FactorId, LoginId, SessionId, UserId};
use crate::invite::{EnrolRight, Purpose};
use crate::passkey::{Asked, Offered};
use crate::policy;
use crate::recovery::RecoveryProof;
use crate::seal::{BadSeal, Keyring};
use crate::secret::{Digest, Rng, Secret};
use crate::step_up::Action;
use crate::time::{Span, Time};
use crate::totp::{self, Code, Seed, TotpProof, TotpRow};

/// How long a login may take (MFA-02: at most ten minutes).
pub const LIFE: Span = Span::from_minutes(10);

/// Who holds a login's secret, and so where it may be continued. Neither channel completes the other's login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The secret is in the request body.
    Api,
    /// The secret is only in a cookie; the URL carries the id.
    Page,
}

/// What the login was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The client that asked.
    pub client: String,
    /// The audience of the token to be.
    pub audience: String,
    /// The scope of the token to be, as the client may have it.
    pub scope: Option<String>,
    /// Where its secret is held.
    pub channel: Channel,
    /// The known device that spent its own budget for this login; `None` for strangers.
    pub device: Option<DeviceId>,
}

/// Where a login goes when it is granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "snake_case")]
pub enum Then {
    /// To a new session and its tokens.
    Tokens,
    /// To a new session of the browser, and from there to a page.
    Page {
        /// A path of this server, as [`crate::return_to::ReturnTo`] has checked it.
        return_to: String,
    },
    /// To a new session of the browser, and from there on with a request for a code.
    Code {
        /// What names the request; opaque here.
        request: String,
    },
    /// Back to the session whose refresh asked for the second factor again.
    Refresh {
        /// The session that goes on.
        session: SessionId,
        /// The refresh token that was shown and not used up, in its stored form.
        token: Vec<u8>,
    },
    /// To a one-use right for one action of one session.
    StepUp {
        /// The session that asked.
        session: SessionId,
        /// The action.
        action: String,
        /// What it acts on.
        target: String,
        /// The refresh token that was sent along, in its stored form: the step-up replaces it (SES-01).
        #[serde(default)]
        token: Option<Vec<u8>>,
    },
}

/// What a step-up is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepUpFor {
    /// The session that asks.
    pub session: SessionId,
    /// The action.
    pub action: Action,
    /// What it acts on.
    pub target: String,
    /// The refresh token to replace, in the form stored for this login.
    pub token: Option<Vec<u8>>,
}

/// A login under way.
#[derive(Debug)]
pub struct Login {
    id: LoginId,
    version: i64,
    digest: Digest,
    expires_at: Time,
    request: Request,
    then: Then,
    state: State,
    /// The challenge that a passkey was asked for, and until when it may answer.
    asked: Option<(Asked, Time)>,
}

/// What is true of a login between two requests. Each variant holds exactly what is true then.
#[derive(Debug)]
pub(crate) enum State {
    /// A first factor was proved; a second is awaited.
    Second { evidence: Evidence },
    /// A live session awaits its second factor again; nothing else was proved here.
    Reprove { user: UserId },
    /// A live session awaits a passkey of both kinds; nothing was proved here. `user_version` is the account's when it
    /// was asked for.
    Alone { user: UserId, user_version: i64 },
    /// A right to enrol and a password were proved; a factor is to be offered.
    Enrol { enrolment: Enrolment },
    /// A seed was shown; a code of it is awaited.
    Confirm { enrolment: Enrolment, factor: FactorId, seed: Seed },
    /// A new passkey was offered; its first answer is awaited.
    Register { enrolment: Enrolment, factor: FactorId, offered: Offered },
}

/// What an enrolment rests on.
#[derive(Debug)]
pub(crate) struct Enrolment {
    right: EnrolRight,
    /// `None` where the enrolment is not a login: it adds a factor to an account, and no session.
    evidence: Option<Evidence>,
    /// Sealed hash of the password that a new user has just set.
    password: Option<Vec<u8>>,
}

/// A login as stored.
#[derive(Clone, Debug)]
pub struct LoginRow {
    /// Row id.
    pub id: LoginId,
    /// Whose login, so that shutting an account ends its logins.
    pub user: UserId,
    /// Digest of the handle's secret.
    pub digest: Digest,
    /// Moves with each step; the step's guard.
    pub version: i64,
    /// When it ends.
    pub expires_at: Time,
    /// Everything else, sealed to id and version.
    pub sealed: Vec<u8>,
}

/// What a step leads to.
#[derive(Debug)]
pub enum Step {
    /// Ask for a second factor.
    Ask(Login),
    /// Ask for a first enrolment.
    Enrol(Login),
    /// Show the seed of [`Login::offered`] and ask for a code of it, or hand the offer to an authenticator.
    Offer(Login),
    /// Open a session.
    Grant(Box<Granted>),
    /// Add this factor, and open no session.
    Added(Enrolled),
    /// Let the session go on: its second factor was proved again.
    Fresh(Fresh),
    /// Give out a right for one action.
    Raise(Raised),
    /// Refuse.
    Deny(Denial),
}

impl Step {
    /// Says what an enrolment has made, where the step opens a session.
    fn with(self, enrolled: Enrolled) -> Self {
        match self {
            Self::Grant(mut granted) => {
                granted.enrolled = Some(enrolled);
                Self::Grant(granted)
            }
            step => step,
        }
    }
}

impl Login {
    /// A right password: the account's factors decide what is next. An account that is shut, or has no second factor,
    /// answers exactly like a wrong password (THR-14, MFA-05).
    #[must_use]
    pub fn first(
        evidence: Evidence,
        account: &Standing,
        request: Request,
        now: Time,
        rng: &dyn Rng,
    ) -> (Step, LoginHandle) {
        let open = account.active && account.has_second_factor && evidence.user() == account.user;
        let (login, handle) = Self::begin(State::Second { evidence }, request, Then::Tokens, now, rng);
        (if open { Step::Ask(login) } else { Step::Deny(Denial::Credentials) }, handle)
    }

    /// Sends a login that was begun on a page where the page wants to go. Any other login stays what it is: one through
    /// the API gives no browser a session, and a step-up is no login.
    #[must_use]
    pub fn towards(self, then: Then) -> Self {
        let is_open = matches!(self.then, Then::Tokens) && self.request.channel == Channel::Page;
        let is_place = matches!(then, Then::Page { .. } | Then::Code { .. });
        if is_open && is_place { Self { then, ..self } } else { self }
    }

    /// A code of an authenticator app was right.
    #[must_use]
    pub fn totp(self, proof: TotpProof) -> Step {
        let (at, held) = (proof.at(), proof.held());
        match (self.state, self.then) {
            (State::Second { evidence }, then) => match evidence.and_totp(proof) {
                Some(evidence) => complete(evidence, self.request, then),
                None => Step::Deny(Denial::Code),
            },
            // Attack: a stolen recovery code enrols a factor, and that factor keeps a stolen session alive.
            (State::Reprove { user }, Then::Refresh { .. }) if user == proof.user() && held => Step::Deny(Denial::Held),
            (State::Reprove { user }, Then::Refresh { session, token }) if user == proof.user() => {
                Step::Fresh(Fresh { session, user, at, token })
            }
            _ => Step::Deny(Denial::WrongStep),
        }
    }

    /// A recovery code was right. It opens a session of its own kind and nothing else: it neither freshens nor raises
    /// a session, since that would pass it off as the factor it stands in for.
    #[must_use]
    pub fn recovery(self, proof: RecoveryProof) -> Step {
        match (self.state, self.then) {
            (State::Second { evidence }, then @ (Then::Tokens | Then::Page { .. } | Then::Code { .. })) => {
                match evidence.and_recovery(proof) {
                    Some(evidence) => complete(evidence, self.request, then),
                    None => Step::Deny(Denial::Code),
                }
            }
            _ => Step::Deny(Denial::WrongStep),
        }
    }

    /// Offers a new seed. Asked again, an unconfirmed seed is replaced.
    #[must_use]
    pub fn offer_totp(self, now: Time, rng: &dyn Rng) -> Step {
        match self.state {
            State::Enrol { enrolment } | State::Confirm { enrolment, .. } | State::Register { enrolment, .. } => {
                let (factor, seed) = (FactorId::new(now, rng), Seed::random(rng));
                Step::Offer(Self { state: State::Confirm { enrolment, factor, seed }, ..self })
            }
            _ => Step::Deny(Denial::WrongStep),
        }
    }

    /// A code of the offered seed: the enrolment and the login are one (OTP-13).
    #[must_use]
    pub fn confirm_totp(self, code: &Code, now: Time, ring: &Keyring, rng: &dyn Rng) -> Step {
        let user = self.user();
        let State::Confirm { enrolment: Enrolment { right, evidence, password }, factor, seed } = self.state else {
            return Step::Deny(Denial::WrongStep);
        };
        let Some((proof, _)) = totp::confirm(&seed, user, factor, code, now) else {
            return Step::Deny(Denial::Code);
        };
        let totp = match right.holds_until(now) {
            Some(until) => TotpRow::confirmed_on_hold(ring, &seed, &proof, until, rng),
            None => TotpRow::confirmed(ring, &seed, &proof, rng),
        };
        let enrolled = enrolled_totp(right, password, totp);
        let Some(evidence) = evidence else { return Step::Added(enrolled) };
        match evidence.and_totp(proof) {
            Some(evidence) => complete(evidence, self.request, self.then).with(enrolled),
            None => Step::Deny(Denial::Code),
        }
    }

    /// Which row this is.
    #[must_use]
    pub const fn id(&self) -> LoginId {
        self.id
    }

    /// The version this value was read at: the guard of the next step.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// What was asked for.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// Where it goes when granted.
    #[must_use]
    pub const fn then(&self) -> &Then {
        &self.then
    }

    /// Whose login it is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        match &self.state {
            State::Second { evidence } => evidence.user(),
            State::Reprove { user } | State::Alone { user, .. } => *user,
            State::Enrol { enrolment } | State::Confirm { enrolment, .. } | State::Register { enrolment, .. } => {
                enrolment.user()
            }
        }
    }

    /// Whether a code of an enrolled authenticator app can be its next step.
    #[must_use]
    pub const fn awaits_totp(&self) -> bool {
        matches!(self.state, State::Second { .. } | State::Reprove { .. })
    }

    /// Whether completing its enrolment opens a session; one that adds a further factor opens none.
    #[must_use]
    pub const fn opens_session(&self) -> bool {
        match &self.state {
            State::Enrol { enrolment } | State::Confirm { enrolment, .. } | State::Register { enrolment, .. } => {
                enrolment.evidence.is_some()
            }
            State::Second { .. } | State::Reprove { .. } | State::Alone { .. } => false,
        }
    }

    /// The seed that was offered and awaits a code of it.
    #[must_use]
    pub const fn offered(&self) -> Option<&Seed> {
        match &self.state {
            State::Confirm { seed, .. } => Some(seed),
            _ => None,
        }
    }

    /// The name and issuer label to show beside an offered seed: the name of a user who is still to be made.
    #[must_use]
    pub const fn new_user_name(&self) -> Option<&String> {
        match &self.state {
            State::Enrol { enrolment } | State::Confirm { enrolment, .. } | State::Register { enrolment, .. } => {
                match enrolment.right.purpose() {
                    Purpose::NewUser { name, .. } => Some(name),
                    Purpose::Ticket { .. } => None,
                }
            }
            _ => None,
        }
    }

    /// The row to store for the next step: one version on, sealed to it.
    pub fn row(&self, ring: &Keyring, rng: &dyn Rng) -> LoginRow {
        stored::seal(self, self.version + 1, ring, rng)
    }

    /// Reads a login back for one step. `Gone` when the handle is not its handle, it has expired, or it belongs to the
    /// other channel.
    ///
    /// # Errors
    /// [`BadSeal`] when the row was changed outside this program.
    pub fn open(
        ring: &Keyring,
        row: &LoginRow,
        handle: &LoginHandle,
        channel: Channel,
        now: Time,
    ) -> Result<Result<Self, Denial>, BadSeal> {
        let login = stored::open(ring, row)?;
        let ours = handle.matches(row) && login.request.channel == channel && now < login.expires_at;
        Ok(if ours { Ok(login) } else { Err(Denial::Gone) })
    }

    fn begin(state: State, request: Request, then: Then, now: Time, rng: &dyn Rng) -> (Self, LoginHandle) {
        Self::begin_as(LoginId::new(now, rng), state, request, then, (now, rng))
    }

    fn begin_as(id: LoginId, state: State, request: Request, then: Then, at: (Time, &dyn Rng)) -> (Self, LoginHandle) {
        let (expires_at, secret) = (at.0 + LIFE, Secret::random(at.1));
        let login = Self { id, version: 0, digest: secret.digest(), expires_at, request, then, state, asked: None };
        (login, LoginHandle::new(id, secret))
    }
}

impl Enrolment {
    /// Whose enrolment it is. An invite always has evidence; what has none is for an existing user.
    const fn user(&self) -> UserId {
        match (&self.evidence, self.right.purpose()) {
            (Some(evidence), _) => evidence.user(),
            (None, Purpose::Ticket { user }) => *user,
            (None, Purpose::NewUser { .. }) => UserId::NIL,
        }
    }
}

/// What a login must know of an account beside the proofs.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Whose account.
    pub user: UserId,
    /// Whether it may log in.
    pub active: bool,
    /// Whether it has a second factor that can be asked for.
    pub has_second_factor: bool,
}

fn enrolled_totp(right: EnrolRight, password: Option<Vec<u8>>, totp: TotpRow) -> Enrolled {
    Enrolled { right, password, factor: NewFactor::Totp(totp), label: "authenticator app".to_owned() }
}

fn complete(evidence: Evidence, request: Request, then: Then) -> Step {
    match (policy::grant(evidence), then) {
        // Attack: a login that a page holds by a cookie answers with tokens to whoever can post with that cookie.
        (Some(_), Then::Tokens) if request.channel == Channel::Page => Step::Deny(Denial::WrongStep),
        (Some(grant), then @ (Then::Tokens | Then::Page { .. } | Then::Code { .. })) => {
            Step::Grant(Box::new(Granted { grant, request, then, enrolled: None }))
        }
        // Attack: a stolen recovery code enrols a factor, and that factor removes the owner's.
        (Some(grant), Then::StepUp { .. }) if grant.held() => Step::Deny(Denial::Held),
        (Some(grant), Then::StepUp { session, action, target, token }) => {
            Step::Raise(Raised { session, action, target, token, grant })
        }
        _ => Step::Deny(Denial::WrongStep),
    }
}
