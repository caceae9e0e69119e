//! The second factor of a login: a code of an authenticator app, or a recovery code.

use poundlock_core::audit::{Event, Key};
use poundlock_core::device::DeviceClaim;
use poundlock_core::guard::Guessable;
use poundlock_core::id::FactorId;
use poundlock_core::login::{Channel, Login, LoginHandle, Step};
use poundlock_core::recovery::{self, RecoveryCode, RecoveryProof};
use poundlock_core::secret::Secret;
use poundlock_core::time::Time;
use poundlock_core::totp::{self, Authenticator, Checked, Code, Remembered, TotpProof};
use poundlock_core::user::UserName;
use poundlock_store::user::Account;
use poundlock_store::{Batch, factor, login, user};

use super::super::session::Outcome;
use super::super::{Answer, Denial, Fault, Refused, commit, refuse, refuse_unrecorded};
use super::lane::{Who, spend};
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// Reads a login back for its next step, with the account it is for.
pub(crate) async fn load(
    app: &App,
    handle: &Secret<String>,
    origin: &Origin,
    now: Time,
) -> Answer<(Login, Option<Account>)> {
    let gone = || refuse_unrecorded(origin, Denial::Gone);
    let handle = LoginHandle::parse(handle.reveal()).ok_or_else(gone)?;
    let row = login::by_id(&app.store, handle.id()).await?.ok_or_else(gone)?;
    let opened = Login::open(&app.ring, &row, &handle, Channel::Api, now).map_err(|_| Fault::Seal("login"))?;
    let login = opened.map_err(|denial| refuse_unrecorded(origin, denial))?;
    let account = user::by_id(&app.store, login.user()).await?;
    Ok((login, account))
}

/// A code of an authenticator app.
pub(crate) async fn totp(app: SharedApp, handle: Secret<String>, code: Code, origin: Origin) -> Answer<Outcome> {
    let now = super::super::now(&app, &origin)?;
    let (login, account) = load(&app, &handle, &origin, now).await?;
    let account = account.ok_or_else(|| refuse_unrecorded(&origin, Denial::Gone))?;
    let client = login.request().client.clone();
    super::super::to_the_end(async move {
        let note = Note::new(&app, &origin, now).client(&client).about(&account.user);
        spend(&app, &note, Guessable::Totp, &who(&login, &account)).await?;
        let (proof, seen) = check(&app, &account, &code, now)?;
        let Some(proof) = proof else { return Err(wrong(&app, &note, &seen).await) };
        let mut batch = Batch::new();
        factor::spend_step(&mut batch, &proof);
        finish(&app, &note, login, |login| login.totp(proof), (account, batch)).await
    })
    .await
}

/// A recovery code in place of the second factor.
pub(crate) async fn recovery(
    app: SharedApp,
    handle: Secret<String>,
    code: RecoveryCode,
    origin: Origin,
) -> Answer<Outcome> {
    let now = super::super::now(&app, &origin)?;
    let (login, account) = load(&app, &handle, &origin, now).await?;
    let account = account.ok_or_else(|| refuse_unrecorded(&origin, Denial::Gone))?;
    let client = login.request().client.clone();
    let note = Note::new(&app, &origin, now).client(&client).about(&account.user);
    super::super::admit_source(&app, &note, &origin).await?;
    let Some(proof) = find_recovery(&app, &account, &code, now).await? else {
        return Err(wrong(&app, &note, &[]).await);
    };
    let mut batch = Batch::new();
    factor::spend_code(&mut batch, &proof);
    note.write(&mut batch, Event::RecoveryUsed);
    let shared = SharedApp::clone(&app);
    finish(&shared, &note, login, |login| login.recovery(proof), (account.clone(), batch)).await
}

/// Spends a recovery code that came with a password, if it is one of this account's: the way in for an owner whose
/// budget strangers have spent. A wrong one changes nothing and gains nothing.
pub(super) async fn spend_recovery(
    app: &App,
    note: &Note<'_>,
    account: Option<&Account>,
    code: &Secret<String>,
    now: Time,
) -> Answer<Option<RecoveryProof>> {
    let Some(account) = account else { return Ok(None) };
    let Ok(code) = RecoveryCode::parse(code.reveal()) else { return Ok(None) };
    let Some(proof) = find_recovery(app, account, &code, now).await? else { return Ok(None) };
    let mut batch = Batch::new();
    factor::spend_code(&mut batch, &proof);
    note.write(&mut batch, Event::RecoveryUsed);
    Ok(commit(app, batch).await?.map(|_| proof))
}

async fn find_recovery(app: &App, account: &Account, code: &RecoveryCode, now: Time) -> Answer<Option<RecoveryProof>> {
    let row = factor::code(&app.store, &code.digest(account.user.id)).await?;
    Ok(recovery::check(&app.ring, account.user.id, code, row.as_ref(), now))
}

/// Checks a code against every authenticator app of the account, and all of them whatever the first one says.
fn check(
    app: &App,
    account: &Account,
    code: &Code,
    now: Time,
) -> Result<(Option<TotpProof>, Vec<(FactorId, Option<Remembered>)>), Refused> {
    let (mut proof, mut seen) = (None, Vec::new());
    for row in &account.totp {
        let authenticator = Authenticator::open(&app.ring, row).map_err(|_| Fault::Seal("totp"))?;
        let checked = totp::check(&authenticator, code, now);
        seen.push((row.id, checked.remembered()));
        if let Checked::Match(found) = checked {
            proof = proof.or(Some(found));
        }
    }
    Ok((proof, seen))
}

/// Takes the step that the proof allows, in one batch with spending the proof.
async fn finish(
    app: &SharedApp,
    note: &Note<'_>,
    login: Login,
    step: impl FnOnce(Login) -> Step,
    (account, mut batch): (Account, Batch),
) -> Answer<Outcome> {
    login::spend_opened(&mut batch, &login);
    let (id, audience) = (login.id(), login.request().audience.clone());
    match step(login) {
        Step::Grant(granted) => {
            super::super::session::open(app, note, *granted, &account, batch).await.map(Outcome::from_opened)
        }
        Step::Fresh(fresh) => super::super::refresh::freshen(app, note, (fresh, id, audience), (&account, batch)).await,
        Step::Raise(raised) => super::super::step_up::raise(app, note, raised, (&account, batch)).await,
        Step::Deny(denial) => {
            let record = note.record(Event::LoginSecondRefused);
            Err(refuse(app, Batch::new(), record, denial, account.user.id.as_bytes()).await)
        }
        Step::Ask(_) | Step::Enrol(_) | Step::Offer(_) | Step::Added(_) => {
            Err(Refused::Fault(Fault::Other("a proof led back".into())))
        }
    }
}

async fn wrong(app: &App, note: &Note<'_>, seen: &[(FactorId, Option<Remembered>)]) -> Refused {
    let mut batch = Batch::new();
    for (id, remembered) in seen {
        factor::remember(&mut batch, *id, *remembered);
    }
    let record = note.record(Event::LoginSecondRefused).with(Key::Rule, "code");
    refuse(app, batch, record, Denial::Code, b"code").await
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
