//! Two people with a password, an authenticator and recovery codes each. Never makes a proof but by a real check.

use std::time::Duration;

use poundlock_core::evidence::Evidence;
use poundlock_core::id::{FactorId, LoginId, SessionId, UserId};
use poundlock_core::invite::{self, EnrolRight, Purpose};
use poundlock_core::login::{Channel, Login, LoginHandle, Request, Standing, Step, StepUpFor};
use poundlock_core::password::{self, Attempt, Context, Cost, Hashing, Memory, NewPassword, PasswordProof, Verifier};
use poundlock_core::policy;
use poundlock_core::recovery::{self, RecoveryCode, RecoveryCodes, RecoveryProof};
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::secret::Secret;
use poundlock_core::session::{Opening, Session};
use poundlock_core::step_up::Action;
use poundlock_core::testing::SeededRng;
use poundlock_core::time::{Span, Time};
use poundlock_core::totp::{self, Authenticator, Code, Seed, TotpProof, TotpRow};

/// When everybody enrolled.
pub(crate) const ENROLLED: Time = Time::from_seconds(1_900_000_000);
/// When the tests begin: the code of the enrolment is long past.
pub(crate) const NOW: Time = Time::from_seconds(1_900_100_000);
/// The version of every account here.
pub(crate) const VERSION: i64 = 7;

/// Somebody with all three factors.
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) password: &'static str,
    pub(crate) sealed_hash: Vec<u8>,
    pub(crate) seed: Seed,
    pub(crate) totp: TotpRow,
    pub(crate) codes: RecoveryCodes,
}

/// Keys, randomness and two people.
pub(crate) struct World {
    pub(crate) ring: Keyring,
    pub(crate) rng: SeededRng,
    pub(crate) ada: Person,
    pub(crate) bob: Person,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = SeededRng::new(seed);
        let master = MasterKey::random(&rng);
        let ring = Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap();
        let ada = Person::enrolled(&ring, &rng, "correct horse battery staple");
        let bob = Person::enrolled(&ring, &rng, "seven green lakes by noon");
        Self { ring, rng, ada, bob }
    }

    /// A live right to enrol, as an invite's secret proves it.
    pub(crate) fn right(&self, purpose: &Purpose, now: Time) -> EnrolRight {
        let (secret, row) = invite::make(purpose, invite::LIFE_DEFAULT, now, &self.ring, &self.rng);
        EnrolRight::prove(&self.ring, &secret, &row, now).unwrap()
    }

    pub(crate) fn session(&self) -> SessionId {
        SessionId::new(NOW, &self.rng)
    }

    pub(crate) fn evidence(&self, person: &Person, now: Time) -> Evidence {
        Evidence::first(person.knows(&self.ring, now), VERSION)
    }

    /// A login of a person whose password was right.
    pub(crate) fn first(&self, person: &Person, now: Time) -> (Login, LoginHandle) {
        let (step, handle) = Login::first(self.evidence(person, now), &person.standing(), api(), now, &self.rng);
        (asked(step), handle)
    }

    pub(crate) fn step_up(&self, person: &Person, session: SessionId, now: Time) -> (Login, LoginHandle) {
        let (action, target) = (Action::RemoveFactor, "fac_1".to_owned());
        let wanted = StepUpFor { session, action, target, token: Some(b"stored token".to_vec()) };
        let id = LoginId::new(now, &self.rng);
        Login::step_up(id, self.evidence(person, now), api(), wanted, (now, &self.rng))
    }

    pub(crate) fn reprove(&self, person: &Person, session: SessionId, now: Time) -> (Login, LoginHandle) {
        let id = LoginId::new(now, &self.rng);
        Login::reprove(id, person.user, api(), (session, b"stored token".to_vec()), (now, &self.rng))
    }

    /// An accepted invite: the password that the new user has just set is the first proof.
    pub(crate) fn invited(&self, now: Time) -> (Login, LoginHandle) {
        let user = UserId::new(now, &self.rng);
        let (hash, proof) = set("violets under the tram line", user, now, &self.rng);
        let sealed = hash.seal(&self.ring, user, &self.rng);
        let right = self.right(&new_user(), now);
        let evidence = Evidence::first(proof, 0);
        let (step, handle) = Login::enrol(right, evidence, Some(sealed), api(), (now, &self.rng));
        (asked(step), handle)
    }

    /// A redeemed ticket of a person whose present password was right.
    pub(crate) fn ticketed(&self, person: &Person, now: Time) -> (Login, LoginHandle) {
        let right = self.right(&Purpose::Ticket { user: person.user }, now);
        let (step, handle) = Login::enrol(right, self.evidence(person, now), None, api(), (now, &self.rng));
        (asked(step), handle)
    }

    /// The one enrolment of a session that was opened by a recovery code.
    pub(crate) fn recovered(&self, now: Time) -> (Login, LoginHandle) {
        let evidence = self.evidence(&self.ada, now).and_recovery(self.ada.saved(&self.ring, 0, now)).unwrap();
        let opening = Opening {
            id: self.session(),
            client: "app".to_owned(),
            audience: "orders".to_owned(),
            scope: None,
            status: (1, 1),
            device: None,
            idle: Span::from_hours(1),
            absolute: Span::from_hours(24),
            now,
        };
        let session = Session::open(policy::grant(evidence).unwrap(), opening);
        let right = EnrolRight::by_recovery(&session, now).unwrap();
        assert!(EnrolRight::by_recovery(&session.enrolled(), now).is_none(), "a recovery enrols once");
        Login::enrol_further(right, api(), now, &self.rng)
    }

    /// The login after an offer.
    pub(crate) fn offered(&self, begun: (Login, LoginHandle), now: Time) -> (Login, LoginHandle) {
        (asked(begun.0.offer_totp(now, &self.rng)), begun.1)
    }

    /// Read back from its row, as every step after the first is.
    pub(crate) fn stored(&self, begun: (Login, LoginHandle), now: Time) -> (Login, LoginHandle) {
        let row = begun.0.row(&self.ring, &self.rng);
        let login = Login::open(&self.ring, &row, &begun.1, Channel::Api, now).unwrap().unwrap();
        (login, begun.1)
    }
}

impl Person {
    fn enrolled(ring: &Keyring, rng: &SeededRng, password: &'static str) -> Self {
        let (user, factor) = (UserId::new(ENROLLED, rng), FactorId::new(ENROLLED, rng));
        let (hash, _) = set(password, user, ENROLLED, rng);
        let seed = Seed::random(rng);
        let (proof, _) = totp::confirm(&seed, user, factor, &code(&seed, ENROLLED), ENROLLED).unwrap();
        let totp = TotpRow::confirmed(ring, &seed, &proof, rng);
        let codes = RecoveryCodes::generate(ring, user, FactorId::new(ENROLLED, rng), rng);
        Self { user, password, sealed_hash: hash.seal(ring, user, rng), seed, totp, codes }
    }

    pub(crate) const fn standing(&self) -> Standing {
        Standing { user: self.user, active: true, has_second_factor: true }
    }

    pub(crate) fn knows(&self, ring: &Keyring, now: Time) -> PasswordProof {
        let verifier = Verifier::open(ring, self.user, &self.sealed_hash, Cost::FOR_TESTS);
        password::check(&verifier, &attempt(self.password), now, &mut Memory::new()).proof.unwrap()
    }

    pub(crate) fn holds(&self, ring: &Keyring, now: Time) -> TotpProof {
        match totp::check(&Authenticator::open(ring, &self.totp).unwrap(), &code(&self.seed, now), now) {
            totp::Checked::Match(proof) => proof,
            other => panic!("a right code was refused: {other:?}"),
        }
    }

    pub(crate) fn saved(&self, ring: &Keyring, number: usize, now: Time) -> RecoveryProof {
        let code = RecoveryCode::parse(self.codes.shown[number].reveal()).unwrap();
        recovery::check(ring, self.user, &code, Some(&self.codes.rows[number]), now).unwrap()
    }
}

/// The code that an authenticator with this seed shows.
pub(crate) fn code(seed: &Seed, now: Time) -> Code {
    let secret = totp_rs::Secret::try_from_base32(seed.base32().reveal()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let since = Duration::from_secs(u64::try_from(now.seconds()).unwrap());
    Code::parse(&totp.generate(since.as_secs()).to_string()).unwrap()
}

/// A code that this seed shows nowhere near `now`.
pub(crate) fn wrong_code(seed: &Seed, now: Time) -> Code {
    let rng = SeededRng::new(1);
    let (user, factor) = (UserId::new(now, &rng), FactorId::new(now, &rng));
    let codes = (0..1000).map(|n| Code::parse(&format!("{n:06}")).unwrap());
    codes.into_iter().find(|code| totp::confirm(seed, user, factor, code, now).is_none()).unwrap()
}

pub(crate) fn attempt(text: &str) -> Attempt {
    Attempt::parse(Secret::new(text.to_owned())).unwrap()
}

pub(crate) fn set(text: &str, user: UserId, now: Time, rng: &SeededRng) -> (password::StoredHash, PasswordProof) {
    let context = Context { name: "ada", display_name: "Ada", service: "login.example" };
    let new = NewPassword::parse(Secret::new(text.to_owned()), &context, 8).unwrap();
    password::set(&new, user, now, Hashing { cost: Cost::FOR_TESTS, memory: &mut Memory::new(), rng })
}

/// What the login of an application's window asks for.
pub(crate) fn api() -> Request {
    Request {
        client: "app".to_owned(),
        audience: "orders".to_owned(),
        scope: Some("read".to_owned()),
        channel: Channel::Api,
        device: None,
    }
}

pub(crate) fn new_user() -> Purpose {
    Purpose::NewUser { name: "eve".to_owned(), display_name: "Eve".to_owned(), groups: vec![] }
}

/// The login inside a step that asks for more.
pub(crate) fn asked(step: Step) -> Login {
    match step {
        Step::Ask(login) | Step::Enrol(login) | Step::Offer(login) => login,
        other => panic!("nothing is asked for: {other:?}"),
    }
}

/// The moment after the longest life of a login.
pub(crate) fn too_late() -> Time {
    NOW + Span::from_minutes(10)
}
