//! Enrolment of a factor: the first inside an accepted invite, where the confirmation is the login, and further ones by a
//! recovery or a step-up.

mod passkey;

use poundlock_core::audit::{Event, Key};
use poundlock_core::id::FactorId;
use poundlock_core::invite::EnrolRight;
use poundlock_core::label::Label;
use poundlock_core::login::{Channel, LIFE, Login, Request, Step};
use poundlock_core::secret::Secret;
use poundlock_core::step_up::StepUpSecret;
use poundlock_core::time::Time;
use poundlock_core::totp::{Code, Seed};
use poundlock_store::user::Account;
use poundlock_store::{Batch, login, session, step_up as rights};

pub(crate) use self::passkey::{Named, confirm as confirm_passkey, offer as offer_passkey};
use super::browser::{Held, before};
use super::factor::refuse_surplus;
use super::login::load;
use super::session::{Caller, Outcome, add_factor, open_enrolled};
use super::{Answer, Denial, Fault, Handle, Refused, commit, refuse, refuse_unrecorded};
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// A seed to show once.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) secret: Secret<String>,
    pub(crate) uri: Secret<String>,
}

/// What a confirmation leads to.
#[derive(Debug)]
pub(crate) enum Confirmed {
    /// The first factor: the confirmation is the login.
    Login(Outcome),
    /// A further factor, on probation until then.
    Added { factor: FactorId, held_until: Option<Time>, drift_steps: i64 },
}

/// Begins the enrolment of a further factor: by a step-up, which is spent by it, or by the right that a session opened by
/// a recovery code gives once.
pub(crate) async fn begin_adding(
    app: &App,
    caller: &Caller,
    step_up: Option<&Secret<String>>,
    (kind, channel): (&'static str, Channel),
    origin: &Origin,
) -> Answer<Handle> {
    let (now, session) = (caller.now, &caller.session);
    let note = Note::new(app, origin, now).about(&caller.account.user).client(session.client());
    let mut batch = Batch::new();
    session::lives(&mut batch, session.id(), session.version());
    let right = match step_up {
        Some(sent) => StepUpSecret::parse(sent.reveal())
            .and_then(|sent| EnrolRight::by_step_up(session, &sent, now))
            .map(|(right, digest)| {
                rights::spend(&mut batch, &digest, now);
                right
            }),
        None => EnrolRight::by_recovery(session, now),
    };
    let Some(right) = right else { return Err(no_right(app, caller, &note).await) };
    if step_up.is_some() {
        refuse_surplus(&caller.account)?;
    }
    let request = Request {
        client: session.client().to_owned(),
        audience: app.account_audience.clone(),
        scope: None,
        channel,
        device: session.device(),
    };
    let (started, handle) = Login::enrol_further(right, request, now, &app.rng);
    login::insert_unspent(&mut batch, &started.row(&app.ring, &app.rng), session.id(), super::UNSPENT_LOGINS_MAX);
    match commit(app, batch).await? {
        Some(_) => Ok(Handle { login: handle.text(), factors: vec![kind], expires_in: LIFE.seconds() }),
        None => Err(no_right(app, caller, &note).await),
    }
}

async fn no_right(app: &App, caller: &Caller, note: &Note<'_>) -> Refused {
    let record = note.record(Event::LoginRefused).within(caller.session.id()).with(Key::Rule, "enrol_right");
    refuse(app, Batch::new(), record, Denial::StepUp, caller.account.user.id.as_bytes()).await
}

/// Refuses before an authenticator makes a key or a person types a seed what the confirmation would refuse.
fn refuse_further(login: &Login, account: Option<&Account>) -> Answer<()> {
    account.filter(|_| login.adds_by_choice()).map_or(Ok(()), refuse_surplus)
}

/// Offers a new seed; asked again, the unconfirmed one is replaced.
pub(crate) async fn offer(app: SharedApp, held: Held, origin: Origin) -> Answer<Offered> {
    let now = super::now(&app, &origin)?;
    let (login, account) = load(&app, &held, &origin, now).await?;
    refuse_further(&login, account.as_ref())?;
    let name = account_name(&login, account.as_ref());
    let Step::Offer(offered) = login.offer_totp(now, &app.rng) else {
        return Err(refuse_unrecorded(&origin, Denial::WrongStep));
    };
    let Some(seed) = offered.offered() else {
        return Err(Fault::Other("an offer without its seed".to_owned()).into());
    };
    let shown = shown(&app, seed, &name);
    let mut batch = Batch::new();
    login::advance(&mut batch, &offered.row(&app.ring, &app.rng));
    match commit(&app, batch).await? {
        Some(_) => Ok(shown),
        None => Err(refuse_unrecorded(&origin, Denial::Gone)),
    }
}

/// Confirms with a first code: account, factor, recovery codes, spent invite and session are one batch.
pub(crate) async fn confirm(
    app: SharedApp,
    held: Held,
    (code, label): (Code, Option<Label>),
    origin: Origin,
) -> Answer<Confirmed> {
    let now = super::now(&app, &origin)?;
    let (login, account) = load(&app, &held, &origin, now).await?;
    super::to_the_end(app.flows.begin(), async move {
        let note = Note::new(&app, &origin, now)
            .client(&login.request().client.clone())
            .about_maybe(account.as_ref().map(|account| &account.user));
        let mut batch = Batch::new();
        login::spend_opened(&mut batch, &login);
        let target = *login.id().as_bytes();
        let before = before(&app, held.before(), now).await?;
        match named(login.confirm_totp(&code, now, &app.ring, &app.rng), label.as_ref()) {
            Step::Deny(denial) => {
                let record = note.record(Event::LoginSecondRefused).with(Key::Rule, "enrolment");
                Err(refuse(&app, Batch::new(), record, denial, &target).await)
            }
            step => finish(&app, &note, step, (account.as_ref(), before), batch).await,
        }
    })
    .await
}

/// Stores what a right confirmation has made.
async fn finish(
    app: &App,
    note: &Note<'_>,
    step: Step,
    (account, before): (Option<&Account>, Option<Caller>),
    batch: Batch,
) -> Answer<Confirmed> {
    match step {
        Step::Grant(granted) => {
            Ok(Confirmed::Login(open_enrolled(app, note, *granted, (account, before), batch).await?))
        }
        Step::Added(enrolled) => {
            let account = account.ok_or_else(|| refuse_unrecorded(note.origin(), Denial::Gone))?;
            add_factor(app, note, &enrolled, account, batch).await?;
            let factor = &enrolled.factor;
            let (held_until, drift_steps) = (factor.held_until(), factor.drift_steps());
            Ok(Confirmed::Added { factor: factor.id(), held_until, drift_steps })
        }
        _ => Err(Refused::Fault(Fault::Other("a confirmation led elsewhere".to_owned()))),
    }
}

/// Calls what a step has enrolled as its owner does.
fn named(mut step: Step, label: Option<&Label>) -> Step {
    let enrolled = match &mut step {
        Step::Grant(granted) => granted.enrolled.as_mut(),
        Step::Added(enrolled) => Some(enrolled),
        _ => None,
    };
    if let (Some(enrolled), Some(label)) = (enrolled, label) {
        label.as_str().clone_into(&mut enrolled.label);
    }
    step
}

/// A seed as its owner sees it.
pub(super) fn shown(app: &App, seed: &Seed, name: &str) -> Offered {
    Offered { secret: seed.base32(), uri: seed.uri(&issuer_label(&app.issuer), name) }
}

pub(super) fn account_name(login: &Login, account: Option<&Account>) -> String {
    login.new_user_name().cloned().or_else(|| account.map(|account| account.user.name.clone())).unwrap_or_default()
}

/// What authenticator apps show above the code: the issuer's host.
pub(crate) fn issuer_label(issuer: &str) -> String {
    let host = issuer.split("://").nth(1).unwrap_or(issuer);
    let host = host.split('/').next().unwrap_or(host);
    format!("Poundlock {}", host.replace(':', " "))
}
