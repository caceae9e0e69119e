//! People, sessions and a client, made through the public API of `core` alone: what a login would have made, without a
//! hash for each. Holds the master key of throwaway stores; never used with a real one.

use anyhow::{Context as _, Result, anyhow};
use poundlock_core::audit::{Owner, PersonalKey};
use poundlock_core::client::{Audience, Client, ClientKind, ClientSpec, Surroundings};
use poundlock_core::evidence::Evidence;
use poundlock_core::id::{FactorId, SessionId, Subject, UserId};
use poundlock_core::jws::Alg;
use poundlock_core::password::{self, Context, Cost, Hashing, Memory, NewPassword, PasswordProof, StoredHash};
use poundlock_core::policy;
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::secret::Secret;
use poundlock_core::session::{Opening, Session};
use poundlock_core::time::{Span, Time};
use poundlock_core::totp::{self, Code, Seed, TotpProof, TotpRow};
use poundlock_core::user::{UserRow, UserState};
use totp_rs::Totp;

use crate::random::SystemRng;

/// The issuer of tokens made here.
pub(crate) const ISSUER: &str = "http://localhost:8080";
/// The audience of tokens made here, and the one that a new server has.
pub(crate) const AUDIENCE: &str = "api";
/// The client that a new server has.
pub(crate) const CLIENT: &str = "app";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "quite unguessable bench phrase";

/// How long ago everybody enrolled: the code of that step is spent, later ones are not.
const ENROLLED_AGO: Span = Span::from_minutes(10);

/// Keys, a hash and a client.
pub(crate) struct World {
    pub(crate) rng: SystemRng,
    pub(crate) ring: Keyring,
    pub(crate) now: Time,
    hash: StoredHash,
    memory: Memory,
}

/// Somebody who has enrolled.
pub(crate) struct Person {
    pub(crate) row: UserRow,
    pub(crate) totp: TotpRow,
    /// What is on their phone.
    pub(crate) app: Totp,
    proof: TotpProof,
}

impl World {
    /// A world on the data keys of a store.
    pub(crate) fn new(ring: Keyring, now: Time) -> Result<Self> {
        let (rng, mut memory) = (SystemRng::new(), Memory::new());
        let (hash, _) = set_password(UserId::new(now, &rng), now, &mut memory, &rng)?;
        Ok(Self { rng, ring, now, hash, memory })
    }

    /// A world on data keys of its own.
    pub(crate) fn alone(now: Time) -> Result<Self> {
        let rng = SystemRng::new();
        let master = MasterKey::random(&rng);
        let ring = Keyring::open(&master, &Keyring::create(&master, &rng))?;
        Self::new(ring, now)
    }

    /// Makes somebody; their password costs no hash, since everybody's is the same and only its seal differs.
    pub(crate) fn person(&self, name: &str) -> Result<Person> {
        let (rng, enrolled) = (&self.rng, self.now - ENROLLED_AGO);
        let (user, factor) = (UserId::new(enrolled, rng), FactorId::new(enrolled, rng));
        let seed = Seed::random(rng);
        let app = Totp::from_url(seed.uri("bench", name).reveal()).map_err(|error| anyhow!("a seed: {error}"))?;
        let code = Code::parse(&code(&app, enrolled)).context("a code")?;
        let (proof, _) = totp::confirm(&seed, user, factor, &code, enrolled).context("a code confirms its seed")?;
        let totp = TotpRow::confirmed(&self.ring, &seed, &proof, rng);
        let row = UserRow {
            id: user,
            subject: Subject::new(rng),
            name: name.to_owned(),
            display_name: String::new(),
            state: UserState::Active,
            version: 1,
            password: self.hash.seal(&self.ring, user, rng),
            personal_key: PersonalKey::random(rng).stored(Owner::User(user), &self.ring, rng),
            made_at: enrolled,
            last_login_at: None,
            groups: Vec::new(),
        };
        Ok(Person { row, totp, app, proof })
    }

    /// Opens a session for somebody, on proofs of both factors. Costs a password hash.
    pub(crate) fn session(&mut self, person: Person, client: &Client, status: (i64, i64)) -> Result<Session> {
        let (_, password) = set_password(person.row.id, self.now, &mut self.memory, &self.rng)?;
        let evidence = Evidence::first(password, person.row.version).and_totp(person.proof).context("one user")?;
        let grant = policy::grant(evidence).context("two kinds were proved")?;
        let opening = Opening {
            id: SessionId::new(self.now, &self.rng),
            client: client.id.as_str().to_owned(),
            audience: AUDIENCE.to_owned(),
            scope: None,
            status,
            device: None,
            idle: client.idle,
            absolute: client.absolute,
            now: self.now,
        };
        Ok(Session::open(grant, opening))
    }
}

/// The present code on somebody's phone.
pub(crate) fn code(app: &Totp, now: Time) -> String {
    app.generate(now.seconds().unsigned_abs()).to_string()
}

/// The client that a new server makes, with one audience for each algorithm.
pub(crate) fn client(issuer: &str) -> Result<Client> {
    let audiences = [(AUDIENCE, Alg::Es256), ("rsa", Alg::Rs256), ("ed", Alg::EdDsa)]
        .map(|(name, alg)| Audience::service(name, alg, issuer));
    let audiences = audiences.into_iter().collect::<Result<Vec<_>, _>>()?;
    let names = audiences.iter().map(|audience| audience.name.as_str().to_owned()).collect();
    let spec = ClientSpec {
        groups_released: vec!["staff".to_owned()],
        ..ClientSpec::plain(CLIENT, ClientKind::FirstParty, names)
    };
    let built = Client::build(&spec, Surroundings { issuer, audiences: &audiences });
    built.map(|built| built.client).map_err(|problems| anyhow!("the client: {problems:?}"))
}

fn set_password(user: UserId, now: Time, memory: &mut Memory, rng: &SystemRng) -> Result<(StoredHash, PasswordProof)> {
    let context = Context { name: "-", display_name: "", service: "-" };
    let new = NewPassword::parse(Secret::new(PASSWORD.to_owned()), &context, 12)?;
    Ok(password::set(&new, user, now, Hashing { cost: Cost::DEFAULT, memory, rng }))
}

#[cfg(test)]
mod tests {
    use poundlock_core::password::{Attempt, Verifier, check};
    use poundlock_core::totp::{Authenticator, Checked};

    use super::*;

    #[test]
    fn a_person_logs_in_with_the_shared_password_and_the_next_code() {
        let now = crate::clock::wall();
        let world = World::alone(now).unwrap();
        let ada = world.person("ada").unwrap();
        let verifier = Verifier::open(&world.ring, ada.row.id, &ada.row.password, Cost::DEFAULT);
        let attempt = Attempt::parse(Secret::new(PASSWORD.to_owned())).unwrap();
        assert!(check(&verifier, &attempt, now, &mut Memory::new()).proof.is_some());
        let authenticator = Authenticator::open(&world.ring, &ada.totp).unwrap();
        let shown = Code::parse(&code(&ada.app, now)).unwrap();
        assert!(matches!(totp::check(&authenticator, &shown, now), Checked::Match(_)));
    }

    #[test]
    fn a_session_opens_and_its_row_reads_back() {
        let now = crate::clock::wall();
        let mut world = World::alone(now).unwrap();
        let bob = world.person("bob").unwrap();
        let session = world.session(bob, &client(ISSUER).unwrap(), (7, 3)).unwrap();
        assert!(session.lives(now));
        assert!(Session::from_row(&world.ring, &session.row(&world.ring, &world.rng)).is_ok());
    }
}
