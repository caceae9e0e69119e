//! A login with a password, then a code. Spends before it checks, and records before it answers.

mod lane;
mod passkey;
mod second;

use poundlock_core::audit::{Event, Key};
use poundlock_core::evidence::Evidence;
use poundlock_core::guard::{self, Guessable};
use poundlock_core::id::{DeviceId, UserId};
use poundlock_core::login::{LIFE, Login, Request, Step};
use poundlock_core::password::{self, Attempt, Checked, Hashing, Verifier};
use poundlock_core::recovery::RecoveryProof;
use poundlock_core::secret::{Digest, Secret};
use poundlock_core::time::Time;
use poundlock_core::user::UserName;
use poundlock_store::user::Account;
use poundlock_store::{Batch, login, user};
use tracing::Instrument;

pub(crate) use self::lane::{Spent, Who, spend};
pub(crate) use self::passkey::{Answered, Options, Whom, api_holder, options, prove};
pub(crate) use self::second::{load, recovery, totp};
use super::browser::Goal;
use super::session::{Caller, Outcome};
use super::{Answer, Denial, Fault, Handle, refuse};
use crate::app::{App, SharedApp};
use crate::hasher::{Lane, Place};
use crate::journal::{Note, Origin};

/// What a client sends to begin a login.
#[derive(Debug)]
pub(crate) struct PasswordAttempt {
    pub(crate) name: String,
    pub(crate) password: Attempt,
    pub(crate) device: Option<Secret<String>>,
    /// Sent along by an owner whose budget strangers have spent.
    pub(crate) recovery_code: Option<Secret<String>>,
    pub(crate) client: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) scope: Option<String>,
    /// Where it goes when it is granted, and so whether it comes by a page.
    pub(crate) goal: Goal,
    /// The session that the browser has now.
    pub(crate) before: Option<Secret<String>>,
}

/// What a password attempt leads to.
#[derive(Debug)]
pub(crate) enum Begun {
    Ask(Handle),
    Open(Outcome),
}

/// Begins a login: admit, resolve, spend, check, decide, save.
pub(crate) async fn begin(app: SharedApp, attempt: PasswordAttempt, origin: Origin) -> Answer<Begun> {
    let now = super::now(&app, &origin)?;
    let request = request(&app, &attempt, &origin)?;
    let name = UserName::for_attempt(&attempt.name);
    let nobody = lane::nobody(&app, &name);
    let account = user::resolve(&app.store, name.as_str(), nobody).await?;
    let claim = lane::claimed(&app, attempt.device.as_ref(), account.as_ref()).await?;
    // About nobody, whoever is asked for. Attack: refusals alike share one reference, known users apart from nobody; a
    // source over its limit would read from the reference which names exist, and not one guess would be counted.
    let note = Note::new(&app, &origin, now).client(&request.client);
    if claim.is_none() {
        super::admit_source(&app, &note, &origin).await?;
    }
    let place = admit(&app, &note, &origin, claim.is_some(), &name).await?;
    super::to_the_end(app.flows.begin(), async move {
        let note = Note::new(&app, &origin, now).client(&request.client).about_maybe(account.as_ref().map(|a| &a.user));
        let who = Who { account: account.as_ref(), name: &name, claim };
        if let Some(code) = &attempt.recovery_code
            && let Some(proof) = second::spend_recovery(&app, &note, (account.as_ref(), nobody), code).await?
        {
            let before = super::browser::before(&app, attempt.before.as_ref(), now).await?;
            let goal = (attempt.goal, before);
            return opened_by_recovery(&app, &note, (attempt.password, place), who, (request, proof, goal)).await;
        }
        let spent = spend(&app, &note, Guessable::Password, &who).await?;
        let checked = check(&app, place, attempt.password, who.account, now).await?;
        let request = Request { device: spent.device, ..request };
        decide(&app, &note, checked, who, (request, attempt.goal)).await
    })
    .await
}

/// Reserves a hash place before anything is spent, so that shedding costs an owner nothing.
async fn admit(app: &App, note: &Note<'_>, origin: &Origin, known: bool, name: &UserName) -> Answer<Place> {
    let account = app.ring.counter_key(&[b"hash place", name.as_str().as_bytes()]);
    let lane = if known { Lane::KnownDevice } else { Lane::Stranger { source: origin.source_digest(&app.ring) } };
    match app.hasher.admit(lane, account) {
        Ok(place) => Ok(place),
        Err(busy) => {
            let record = note.record(Event::LoginShed);
            Err(refuse(app, Batch::new(), record, Denial::Busy(busy.retry_after), b"shed").await)
        }
    }
}

/// What a check in the pool gives: the outcome, and a stronger hash of the same password where one is due.
pub(crate) struct CheckedPassword {
    pub(crate) checked: Checked,
    rehashed: Option<Vec<u8>>,
}

/// Checks in the hash pool, with the same work whoever is asked for.
pub(crate) async fn check(
    app: &SharedApp,
    place: Place,
    attempt: Attempt,
    account: Option<&Account>,
    now: Time,
) -> Result<CheckedPassword, Fault> {
    let known = account.map(|a| Verifier::open(&app.ring, a.user.id, &a.user.password, app.cost));
    // Only for one that may log in: a longer answer would tell that the password of a shut account is right.
    let open = account.is_some_and(|account| account.standing().active && account.standing().has_second_factor);
    if known.as_ref().is_some_and(Verifier::damaged) {
        tracing::error!(user = ?account.map(|a| a.user.id), "the stored password of this user does not open");
    }
    let verifier = Verifier::or_decoy(known, app.cost);
    let pool = SharedApp::clone(app);
    let job = place.run(move |memory| {
        let checked = password::check(&verifier, &attempt, now, memory);
        let rehashed = checked.proof.as_ref().filter(|_| checked.outdated && open).map(|proof| {
            let hashing = Hashing { cost: pool.cost, memory, rng: &pool.rng };
            password::rehash(&attempt, proof, hashing).seal(&pool.ring, proof.user(), &pool.rng)
        });
        CheckedPassword { checked, rehashed }
    });
    job.instrument(tracing::info_span!("hash")).await.map_err(|unfinished| Fault::Other(unfinished.to_string()))
}

async fn decide(
    app: &SharedApp,
    note: &Note<'_>,
    checked: CheckedPassword,
    who: Who<'_>,
    (request, goal): (Request, Goal),
) -> Answer<Begun> {
    let target = who.target(app);
    let (Some(proof), Some(account)) = (checked.checked.proof, who.account) else {
        return Err(wrong(app, note, target).await);
    };
    let evidence = Evidence::first(proof, account.user.version);
    let (step, handle) = Login::first(evidence, &account.standing(), request, note.now(), &app.rng);
    let Step::Ask(started) = step else { return Err(wrong(app, note, target).await) };
    let mut batch = Batch::new();
    login::insert(&mut batch, &goal.of(started).row(&app.ring, &app.rng));
    if let Some(sealed) = &checked.rehashed {
        user::rehash(&mut batch, account.user.id, account.user.version, sealed);
    }
    note.write(&mut batch, Event::LoginFirstOk);
    app.store.commit(batch).await.map_err(Fault::Commit)?;
    Ok(Begun::Ask(Handle { login: handle.text(), factors: factors(account), expires_in: LIFE.seconds() }))
}

async fn wrong(app: &App, note: &Note<'_>, target: Digest) -> super::Refused {
    let record = note.record(Event::LoginFirstRefused).with(Key::Rule, "password");
    refuse(app, Batch::new(), record, Denial::Credentials, target.as_bytes()).await
}

/// The factors to offer where no recovery code will do.
pub(crate) fn real_factors(account: &Account) -> Vec<&'static str> {
    factors(account).into_iter().filter(|factor| *factor != "recovery_code").collect()
}

/// The factors to offer, the strongest first.
pub(crate) fn factors(account: &Account) -> Vec<&'static str> {
    let mut factors = Vec::new();
    if !account.passkeys.is_empty() {
        factors.push("passkey");
    }
    if !account.totp.is_empty() {
        factors.push("totp");
    }
    if account.codes.left > 0 {
        factors.push("recovery_code");
    }
    factors
}

/// A recovery code was spent with this attempt: the password is checked outside the strangers' budget.
async fn opened_by_recovery(
    app: &SharedApp,
    note: &Note<'_>,
    attempt: (Attempt, Place),
    who: Who<'_>,
    (request, recovered, (goal, before)): (Request, RecoveryProof, (Goal, Option<Caller>)),
) -> Answer<Begun> {
    let target = who.target(app);
    let checked = check(app, attempt.1, attempt.0, who.account, note.now()).await?;
    let (Some(proof), Some(account)) = (checked.checked.proof, who.account) else {
        return Err(wrong(app, note, target).await);
    };
    let evidence = Evidence::first(proof, account.user.version);
    let (step, _) = Login::first(evidence, &account.standing(), request, note.now(), &app.rng);
    let Step::Ask(started) = step else { return Err(wrong(app, note, target).await) };
    match goal.of(started).recovery(recovered) {
        Step::Grant(granted) => {
            super::session::open(app, note, *granted, (account, before), Batch::new()).await.map(Begun::Open)
        }
        _ => Err(wrong(app, note, target).await),
    }
}

/// What the login is for: checked against the client before anything is spent.
fn request(app: &App, attempt: &PasswordAttempt, origin: &Origin) -> Answer<Request> {
    let wanted = super::session::Wanted {
        client: attempt.client.as_deref(),
        audience: attempt.goal.audience(app).or(attempt.audience.as_deref()),
        scope: attempt.scope.as_deref(),
    };
    super::session::request(app, wanted, attempt.goal.channel(), origin)
}

/// Clears the budget that a completed login used for one authenticator it proved, and no other (THR-03).
pub(crate) fn clear_used(app: &App, batch: &mut Batch, user: UserId, (kind, device): (Guessable, Option<DeviceId>)) {
    let lane = device.map_or(guard::Lane::Strangers, guard::Lane::Device);
    poundlock_store::guard::clear(batch, &guard::Budget::of(&app.ring, kind, lane, guard::Account::Known(user)));
}

/// What one authenticator proved again clears: the budget it used, and the failures of the device it was proved on.
/// Without the second, ten good proofs in a session would make a stranger of the owner's own device.
pub(crate) fn clear_reproved(
    app: &App,
    batch: &mut Batch,
    user: UserId,
    (kind, device): (Guessable, Option<DeviceId>),
    now: Time,
) {
    clear_used(app, batch, user, (kind, device));
    if let Some(device) = device {
        poundlock_store::device::proved(batch, device, user, now);
    }
}

/// Reads a secret that came as text.
pub(crate) fn attempt(text: Secret<String>) -> Result<Attempt, super::Refused> {
    Attempt::parse(text).map_err(|too_long| super::Refused::Unusable(too_long.to_string()))
}
