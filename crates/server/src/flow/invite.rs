//! Accepts invites and tickets. Nothing of the account exists until its factor is confirmed; an abandoned invite stays
//! valid and leaves nothing.

use poundlock_core::audit::{Event, Key};
use poundlock_core::evidence::Evidence;
use poundlock_core::guard::Guessable;
use poundlock_core::id::UserId;
use poundlock_core::invite::{EnrolRight, InviteSecret, Purpose};
use poundlock_core::login::{LIFE, Login, Request, Step};
use poundlock_core::password::{self, Attempt, Context, Hashing, NewPassword, PasswordProof};
use poundlock_core::secret::{Digest, Secret};
use poundlock_core::user::{ADMINS, UserName};
use poundlock_store::{Batch, invite, login, user};
use tracing::Instrument;

use super::browser::Goal;
use super::login::{Spent, spend};
use super::{Answer, Denial, Fault, Refused, refuse, refuse_unrecorded};
use crate::app::SharedApp;
use crate::hasher::Lane;
use crate::journal::{Note, Origin};

/// Fewest code points of a password, where a second factor is always asked for (PWD-01).
const CODE_POINTS_MIN: usize = 8;

/// Fewest for administrators.
const CODE_POINTS_MIN_ADMIN: usize = 12;

/// What an invitee sends.
#[derive(Debug)]
pub(crate) struct Acceptance {
    pub(crate) invite: Secret<String>,
    pub(crate) password: Secret<String>,
    pub(crate) client: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) scope: Option<String>,
    /// Where it goes when it is granted.
    pub(crate) goal: Goal,
}

/// A login that awaits an enrolment.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) login: Secret<String>,
    pub(crate) name: String,
    pub(crate) expires_in: i64,
}

/// Accepts an invite with a new password, or a ticket with the present one.
pub(crate) async fn accept(app: SharedApp, acceptance: Acceptance, origin: Origin) -> Answer<Accepted> {
    let now = super::now(&app, &origin)?;
    let note = Note::new(&app, &origin, now);
    super::admit_source(&app, &note, &origin).await?;
    let wanted = super::session::Wanted {
        client: acceptance.client.as_deref(),
        audience: acceptance.goal.audience(&app).or(acceptance.audience.as_deref()),
        scope: acceptance.scope.as_deref(),
    };
    let request = super::session::request(&app, wanted, acceptance.goal.channel(), &origin)?;
    let right = match prove(&app, acceptance.invite.reveal(), now).await? {
        Some(right) => right,
        None => {
            let record = note.record(Event::InviteRefused);
            return Err(refuse(&app, Batch::new(), record, Denial::Gone, b"invite").await);
        }
    };
    super::to_the_end(app.flows.begin(), async move {
        let note = Note::new(&app, &origin, now);
        match right.purpose().clone() {
            Purpose::NewUser { name, display_name, groups } => {
                let min = min_code_points(&groups);
                let context = Context { name: &name, display_name: &display_name, service: "poundlock" };
                let new = NewPassword::parse(acceptance.password, &context, min).map_err(Refused::Weak)?;
                new_user(&app, &note, (right, new), &name, (request, acceptance.goal)).await
            }
            Purpose::Ticket { user } => {
                let attempt = super::login::attempt(acceptance.password)?;
                ticket(&app, (right, user), attempt, (request, acceptance.goal), &origin).await
            }
        }
    })
    .await
}

/// What an invite or ticket is for, as far as its holder may see before it is used.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: String,
    /// Whether it makes a user; else it is a ticket of one.
    pub(crate) is_new: bool,
    /// Fewest code points of a new password.
    pub(crate) least: i64,
}

/// Fewest code points of a password whose owner is not known yet.
pub(crate) const LEAST: i64 = 8;

/// Fewest code points that a member of these groups may have, for a page to say.
pub(crate) fn least(groups: &[String]) -> i64 {
    i64::try_from(min_code_points(groups)).unwrap_or(LEAST)
}

/// Looks at an invite, using nothing of it up.
pub(crate) async fn look(app: &SharedApp, secret: &Secret<String>, origin: &Origin) -> Answer<Found> {
    let now = super::now(app, origin)?;
    let gone = || refuse_unrecorded(origin, Denial::Gone);
    let right = prove(app, secret.reveal(), now).await?.ok_or_else(gone)?;
    Ok(match right.purpose() {
        Purpose::NewUser { name, groups, .. } => Found { name: name.clone(), is_new: true, least: least(groups) },
        Purpose::Ticket { user } => {
            let account = user::by_id(&app.store, *user).await?.ok_or_else(gone)?;
            Found { name: account.user.name, is_new: false, least: LEAST }
        }
    })
}

/// Fewest code points a member of these groups may have.
pub(crate) fn min_code_points(groups: &[String]) -> usize {
    if groups.iter().any(|group| group == ADMINS) { CODE_POINTS_MIN_ADMIN } else { CODE_POINTS_MIN }
}

async fn prove(app: &SharedApp, text: &str, now: poundlock_core::time::Time) -> Answer<Option<EnrolRight>> {
    let Some(secret) = InviteSecret::parse(text) else { return Ok(None) };
    let Some(row) = invite::by_id(&app.store, secret.id()).await? else { return Ok(None) };
    Ok(EnrolRight::prove(&app.ring, &secret, &row, now))
}

async fn new_user(
    app: &SharedApp,
    note: &Note<'_>,
    (right, new): (EnrolRight, NewPassword),
    name: &str,
    (request, goal): (Request, Goal),
) -> Answer<Accepted> {
    if !user::name_is_free(&app.store, name).await? {
        let record = note.record(Event::InviteRefused).with(Key::Rule, "name_taken");
        return Err(refuse(app, Batch::new(), record, Denial::NameTaken, b"invite").await);
    }
    let user = UserId::new(note.now(), &app.rng);
    let place = app.ring.counter_key(&[b"hash place", name.as_bytes()]);
    let (sealed, proof) = hash_at(app, new, user, (place, note.now())).await?;
    save(app, note, right, Evidence::first(proof, 0), (Some(sealed), name.to_owned(), (request, goal))).await
}

/// Hashes a password that is being set, in the pool, at the places of its account.
pub(crate) async fn hash(
    app: &SharedApp,
    new: NewPassword,
    user: UserId,
    now: poundlock_core::time::Time,
) -> Answer<(Vec<u8>, PasswordProof)> {
    let account = app.ring.counter_key(&[b"hash place", user.as_bytes()]);
    hash_at(app, new, user, (account, now)).await
}

/// The same for a user who does not exist yet, at the places of the name: with places of its own for each acceptance,
/// one invite could fill the queue of known devices.
async fn hash_at(
    app: &SharedApp,
    new: NewPassword,
    user: UserId,
    (account, now): (Digest, poundlock_core::time::Time),
) -> Answer<(Vec<u8>, PasswordProof)> {
    let place = app.hasher.admit(Lane::KnownDevice, account).map_err(|busy| Refused::Denied {
        denial: Denial::Busy(busy.retry_after),
        reference: String::new(),
        login: None,
    })?;
    let pool = SharedApp::clone(app);
    let job = place.run(move |memory| {
        let hashing = Hashing { cost: pool.cost, memory, rng: &pool.rng };
        let (hash, proof) = password::set(&new, user, now, hashing);
        (hash.seal(&pool.ring, user, &pool.rng), proof)
    });
    job.instrument(tracing::info_span!("hash")).await.map_err(|unfinished| Fault::Other(unfinished.to_string()).into())
}

/// A ticket asks for the present password, spent and counted like any other attempt.
async fn ticket(
    app: &SharedApp,
    (right, user): (EnrolRight, UserId),
    attempt: Attempt,
    (request, goal): (Request, Goal),
    origin: &Origin,
) -> Answer<Accepted> {
    let now = super::now(app, origin)?;
    let account = user::by_id(&app.store, user).await?.ok_or_else(|| refuse_unrecorded(origin, Denial::Gone))?;
    let note = Note::new(app, origin, now).about(&account.user);
    let name = UserName::for_attempt(&account.user.name);
    let who = super::login::Who { account: Some(&account), name: &name, claim: None };
    let hash_key = app.ring.counter_key(&[b"hash place", account.user.name.as_bytes()]);
    let lane = Lane::Stranger { source: origin.source_digest(&app.ring) };
    let place = match app.hasher.admit(lane, hash_key) {
        Ok(place) => place,
        Err(busy) => {
            let record = note.record(Event::LoginShed);
            return Err(refuse(app, Batch::new(), record, Denial::Busy(busy.retry_after), b"shed").await);
        }
    };
    let Spent { .. } = spend(app, &note, Guessable::Password, &who).await?;
    let checked = super::login::check(app, place, attempt, Some(&account), now).await?.checked;
    match checked.proof.filter(|_| account.standing().active) {
        Some(proof) => {
            let evidence = Evidence::first(proof, account.user.version);
            save(app, &note, right, evidence, (None, account.user.name.clone(), (request, goal))).await
        }
        None => {
            let record = note.record(Event::InviteRefused).with(Key::Rule, "password");
            Err(refuse(app, Batch::new(), record, Denial::Credentials, account.user.id.as_bytes()).await)
        }
    }
}

async fn save(
    app: &SharedApp,
    note: &Note<'_>,
    right: EnrolRight,
    evidence: Evidence,
    (password, name, (request, goal)): (Option<Vec<u8>>, String, (Request, Goal)),
) -> Answer<Accepted> {
    let (step, handle) = Login::enrol(right, evidence, password, request, (note.now(), &app.rng));
    let Step::Enrol(started) = step else {
        let record = note.record(Event::InviteRefused);
        return Err(refuse(app, Batch::new(), record, Denial::Gone, b"invite").await);
    };
    let mut batch = Batch::new();
    login::insert(&mut batch, &goal.of(started).row(&app.ring, &app.rng));
    app.store.commit(batch).await.map_err(Fault::Commit)?;
    Ok(Accepted { login: handle.text(), name, expires_in: LIFE.seconds() })
}
