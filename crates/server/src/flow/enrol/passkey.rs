//! Enrolment of a passkey: what is offered to the authenticator, and its first answer.

use poundlock_core::audit::{Event, Key};
use poundlock_core::label::Label;
use poundlock_core::login::{Login, Registering, Step};
use poundlock_core::passkey::{Attestation, Enrollee, LIFE, Refusal, UserHandle};
use poundlock_store::user::Account;
use poundlock_store::{Batch, login, passkey};

use super::super::browser::{Held, before};
use super::super::login::{Options, load};
use super::super::{Answer, Denial, Fault, Refused, commit, factor, refuse, refuse_unrecorded};
use super::{Confirmed, account_name, finish, named, refuse_further};
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// A new passkey, and what its owner calls it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) attestation: Attestation,
    pub(crate) label: Option<Label>,
}

/// Offers to enrol a passkey; asked again, what was offered before is void.
pub(crate) async fn offer(app: SharedApp, held: Held, origin: Origin) -> Answer<Options> {
    let now = super::super::now(&app, &origin)?;
    let party = factor::party(&app)?;
    let (login, account) = load(&app, &held, &origin, now).await?;
    if !login.awaits_enrolment() {
        return Err(refuse_unrecorded(&origin, Denial::WrongStep));
    }
    refuse_further(&login, account.as_ref())?;
    let name = account_name(&login, account.as_ref());
    let existing = account.as_ref().map(|account| factor::opened(&app, account)).unwrap_or_default();
    let enrollee = Enrollee {
        handle: user_handle(&app, account.as_ref()),
        name: &name,
        display_name: account.as_ref().map_or("", |account| &account.user.display_name),
        existing: &existing,
    };
    let (offered, public_key) = party
        .offer(&enrollee)
        .map_err(|refusal| Fault::Other(format!("a passkey cannot be offered: {}", refusal.as_str())))?;
    let Step::Offer(login) = login.offer_passkey(offered, now, &app.rng) else {
        return Err(refuse_unrecorded(&origin, Denial::WrongStep));
    };
    let mut batch = Batch::new();
    login::advance(&mut batch, &login.row(&app.ring, &app.rng));
    match commit(&app, batch).await? {
        Some(_) => Ok(Options { login: held.into_text(), public_key, expires_in: LIFE.seconds() }),
        None => Err(refuse_unrecorded(&origin, Denial::Gone)),
    }
}

/// One handle for all passkeys of a user: an authenticator keeps one passkey for each handle.
fn user_handle(app: &App, account: Option<&Account>) -> UserHandle {
    let known = account.and_then(|account| account.passkeys.first()).map(|row| row.handle);
    known.unwrap_or_else(|| UserHandle::random(&app.rng))
}

/// Confirms a passkey by its first answer. The offer is spent before the answer is judged.
pub(crate) async fn confirm(app: SharedApp, held: Held, sent: Named, origin: Origin) -> Answer<Confirmed> {
    let now = super::super::now(&app, &origin)?;
    let (login, account) = load(&app, &held, &origin, now).await?;
    let taken = login.take_offered();
    let (login, registering) = taken.ok_or_else(|| refuse_unrecorded(&origin, Denial::WrongStep))?;
    super::super::to_the_end(app.flows.begin(), async move {
        let client = login.request().client.clone();
        let note = Note::new(&app, &origin, now).client(&client).about_maybe(account.as_ref().map(|a| &a.user));
        let target = *login.id().as_bytes();
        let mut batch = Batch::new();
        login::advance(&mut batch, &login.row(&app.ring, &app.rng));
        if commit(&app, batch).await?.is_none() {
            return Err(failed(&app, &note, Refusal::Challenge, &target).await);
        }
        if passkey::is_known(&app.store, sent.attestation.credential()).await? {
            return Err(Refused::Conflicting("This passkey is enrolled already.".to_owned()));
        }
        let login = login.moved_on();
        let mut batch = Batch::new();
        login::spend_opened(&mut batch, &login);
        let before = before(&app, held.before(), now).await?;
        match judged(&app, login, registering, (&sent, now)) {
            Ok(Step::Deny(denial)) => {
                let record = note.record(Event::LoginSecondRefused).with(Key::Rule, "enrolment");
                Err(refuse(&app, Batch::new(), record, denial, &target).await)
            }
            Ok(step) => finish(&app, &note, step, (account.as_ref(), before), batch).await,
            Err(refusal) => Err(failed(&app, &note, refusal, &target).await),
        }
    })
    .await
}

fn judged(
    app: &App,
    login: Login,
    registering: Registering,
    (sent, now): (&Named, poundlock_core::time::Time),
) -> Result<Step, Refusal> {
    let party = app.party.as_ref().ok_or(Refusal::RelyingParty)?;
    let step = login.confirm_passkey((party, registering), &sent.attestation, (now, &app.ring, &app.rng))?;
    Ok(named(step, sent.label.as_ref()))
}

async fn failed(app: &App, note: &Note<'_>, refusal: Refusal, target: &[u8]) -> Refused {
    let record = note.record(Event::LoginSecondRefused).with(Key::Factor, "passkey").with(Key::Rule, refusal.as_str());
    refuse(app, Batch::new(), record, refusal.denial(), target).await
}
