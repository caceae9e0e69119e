//! The second factor of a login: a code of an authenticator app, or a recovery code.

use std::sync::atomic::Ordering;

use poundlock_core::audit::{Event, Key};
use poundlock_core::device::DeviceClaim;
use poundlock_core::guard::Guessable;
use poundlock_core::id::{FactorId, UserId};
use poundlock_core::login::{Login, LoginHandle, Step};
use poundlock_core::notice::Kind;
use poundlock_core::recovery::{self, RecoveryCode, RecoveryProof};
use poundlock_core::secret::Secret;
use poundlock_core::time::Time;
use poundlock_core::totp::{self, Authenticator, Checked, Code, Remembered, TotpProof};
use poundlock_core::user::UserName;
use poundlock_store::user::Account;
use poundlock_store::{Batch, factor, login, user};

use super::super::browser::{Held, before};
use super::super::factor::tell;
use super::super::session::{Caller, Outcome};
use super::super::{Answer, Denial, Fault, Refused, commit, refuse, refuse_unrecorded};
use super::clear_used;
use super::lane::{Spent, Who, spend};
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// Reads a login back for its next step, with the account it is for.
pub(crate) async fn load(app: &App, held: &Held, origin: &Origin, now: Time) -> Answer<(Login, Option<Account>)> {
    let gone = || refuse_unrecorded(origin, Denial::Gone);
    let handle = LoginHandle::parse(held.text().reveal()).ok_or_else(gone)?;
    let row = login::by_id(&app.store, handle.id()).await?.ok_or_else(gone)?;
    let opened = Login::open(&app.ring, &row, &handle, held.channel(), now).map_err(|_| Fault::Seal("login"))?;
    let login = opened.map_err(|denial| refuse_unrecorded(origin, denial))?;
    let account = user::by_id(&app.store, login.user()).await?;
    Ok((login, account))
}

/// A code of an authenticator app.
pub(crate) async fn totp(app: SharedApp, held: Held, code: Code, origin: Origin) -> Answer<Outcome> {
    let now = super::super::now(&app, &origin)?;
    let (login, account) = load(&app, &held, &origin, now).await?;
    let account = account.ok_or_else(|| refuse_unrecorded(&origin, Denial::Gone))?;
    if !login.awaits_totp() || account.totp.is_empty() {
        // Before it is spent: what cannot be right must not count against the owner.
        return Err(refuse_unrecorded(&origin, Denial::WrongStep));
    }
    let client = login.request().client.clone();
    super::super::to_the_end(app.flows.begin(), async move {
        let note = Note::new(&app, &origin, now).client(&client).about(&account.user);
        let spent = spend(&app, &note, Guessable::Totp, &who(&login, &account)).await?;
        let Seen { proof, remembered, replayed } = check(&app, &account, &code, now);
        let Some(proof) = proof else {
            let rule = if replayed { "code_replayed" } else { "code" };
            return Err(wrong(&app, &note, (account.user.id, &remembered), rule).await);
        };
        let mut batch = Batch::new();
        factor::spend_step(&mut batch, &proof);
        let before = before(&app, held.before(), now).await?;
        finish(&app, &note, (login, before), |login| login.totp(proof), (account, batch, Some(spent))).await
    })
    .await
}

/// A recovery code in place of the second factor.
pub(crate) async fn recovery(app: SharedApp, held: Held, code: RecoveryCode, origin: Origin) -> Answer<Outcome> {
    let now = super::super::now(&app, &origin)?;
    let (login, account) = load(&app, &held, &origin, now).await?;
    let account = account.ok_or_else(|| refuse_unrecorded(&origin, Denial::Gone))?;
    let client = login.request().client.clone();
    super::super::to_the_end(app.flows.begin(), async move {
        let note = Note::new(&app, &origin, now).client(&client).about(&account.user);
        if login.request().device.is_none() {
            super::super::admit_source(&app, &note, &origin).await?;
        }
        let row = factor::code(&app.store, &code.digest(account.user.id)).await?;
        let Some(proof) = recovery::check(&app.ring, account.user.id, &code, row.as_ref(), now) else {
            return Err(wrong(&app, &note, (account.user.id, &[]), "recovery_code").await);
        };
        let mut batch = Batch::new();
        factor::spend_code(&mut batch, &proof);
        note.write(&mut batch, Event::RecoveryUsed);
        tell(&app, &mut batch, &note, (Kind::CodeUsed, &account), &[]);
        let before = before(&app, held.before(), now).await?;
        finish(&app, &note, (login, before), |login| login.recovery(proof), (account, batch, None)).await
    })
    .await
}

/// Spends a recovery code that came with a password, if it is one of this account's: the way in for an owner whose
/// budget strangers have spent. A wrong one changes nothing and gains nothing.
pub(super) async fn spend_recovery(
    app: &App,
    note: &Note<'_>,
    (account, nobody): (Option<&Account>, UserId),
    code: &Secret<String>,
) -> Answer<Option<RecoveryProof>> {
    let Ok(code) = RecoveryCode::parse(code.reveal()) else { return Ok(None) };
    let user = account.map_or(nobody, |account| account.user.id);
    // Looked up for an unknown name too: a statement less would tell that nobody has it (THR-14).
    let row = factor::code(&app.store, &code.digest(user)).await?;
    let proof = recovery::check(&app.ring, user, &code, row.as_ref(), note.now());
    let (Some(proof), Some(account)) = (proof, account) else { return Ok(None) };
    let mut batch = Batch::new();
    factor::spend_code(&mut batch, &proof);
    note.write(&mut batch, Event::RecoveryUsed);
    tell(app, &mut batch, note, (Kind::CodeUsed, account), &[]);
    Ok(commit(app, batch).await?.map(|_| proof))
}

/// What a code was to the authenticator apps of an account.
struct Seen {
    proof: Option<TotpProof>,
    remembered: Vec<(FactorId, Option<Remembered>)>,
    replayed: bool,
}

/// Checks a code against every authenticator app of the account, and all of them whatever the first one says. One that
/// does not open proves nothing, and takes no other down with it.
fn check(app: &App, account: &Account, code: &Code, now: Time) -> Seen {
    app.codes_checked.fetch_add(1, Ordering::Relaxed);
    let mut seen = Seen { proof: None, remembered: Vec::new(), replayed: false };
    for row in &account.totp {
        let Ok(authenticator) = Authenticator::open(&app.ring, row) else {
            tracing::error!(factor = %row.id, "a stored authenticator does not open");
            continue;
        };
        let checked = totp::check(&authenticator, code, now);
        seen.remembered.push((row.id, checked.remembered()));
        seen.replayed |= matches!(checked, Checked::Replay { .. });
        if let Checked::Match(found) = checked {
            seen.proof = seen.proof.or(Some(found));
        }
    }
    seen
}

/// Takes the step that the proof allows, in one batch with spending the proof.
pub(super) async fn finish(
    app: &SharedApp,
    note: &Note<'_>,
    (login, before): (Login, Option<Caller>),
    step: impl FnOnce(Login) -> Step,
    (account, mut batch, spent): (Account, Batch, Option<Spent>),
) -> Answer<Outcome> {
    login::spend_opened(&mut batch, &login);
    let (id, request) = (login.id(), login.request().clone());
    match step(login) {
        Step::Grant(mut granted) => {
            let user = account.user.id;
            clear_used(app, &mut batch, user, (Guessable::Password, granted.request.device));
            if let Some(spent) = spent {
                clear_used(app, &mut batch, user, (Guessable::Totp, spent.device));
                // A device that became a stranger on the way gets a new name, or its owner would go on as a stranger.
                granted.request.device = spent.device;
            }
            super::super::session::open(app, note, *granted, (&account, before), batch).await
        }
        Step::Fresh(fresh) => {
            let kept = (fresh, id, request.audience);
            super::super::refresh::freshen(app, note, kept, (&account, batch, spent)).await
        }
        Step::Raise(raised) => {
            super::super::step_up::raise(app, note, (id, raised, &request), (&account, batch, spent)).await
        }
        Step::Deny(denial) => {
            // A factor on probation was proved rightly: its code is spent with the login. On a wrong step nothing is.
            if denial == Denial::Held {
                commit(app, batch).await?;
            }
            let record = note.record(Event::LoginSecondRefused);
            Err(refuse(app, Batch::new(), record, denial, account.user.id.as_bytes()).await)
        }
        Step::Ask(_) | Step::Enrol(_) | Step::Offer(_) | Step::Added(_) => {
            Err(Refused::Fault(Fault::Other("a proof led back".into())))
        }
    }
}

async fn wrong(
    app: &App,
    note: &Note<'_>,
    (user, seen): (UserId, &[(FactorId, Option<Remembered>)]),
    rule: &'static str,
) -> Refused {
    let mut batch = Batch::new();
    for (id, remembered) in seen {
        factor::remember(&mut batch, *id, *remembered);
    }
    let record = note.record(Event::LoginSecondRefused).with(Key::Rule, rule);
    refuse(app, batch, record, Denial::Code, user.as_bytes()).await
}

fn who<'a>(login: &Login, account: &'a Account) -> Who<'a> {
    let claim = login.request().device.map(|device| DeviceClaim { device, user: account.user.id });
    // The name is only for unknown accounts; this one is known.
    Who { account: Some(account), name: nobody_name(), claim }
}

fn nobody_name() -> &'static UserName {
    static NOBODY: std::sync::LazyLock<UserName> = std::sync::LazyLock::new(|| UserName::for_attempt(""));
    &NOBODY
}
