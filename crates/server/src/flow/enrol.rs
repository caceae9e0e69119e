//! First enrolment of an authenticator app inside an accepted invite. The confirmation is the login.

use poundlock_core::audit::{Event, Key};
use poundlock_core::id::FactorId;
use poundlock_core::invite::EnrolRight;
use poundlock_core::login::{Channel, LIFE, Login, Request, Step};
use poundlock_core::secret::Secret;
use poundlock_core::time::Time;
use poundlock_core::totp::{Code, Seed};
use poundlock_store::user::Account;
use poundlock_store::{Batch, login};

use super::browser::{Held, before};
use super::login::load;
use super::session::{Caller, Outcome, add_recovered, open_enrolled};
use super::{Answer, Denial, Fault, Handle, Refused, commit, refuse, refuse_unrecorded};
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// The longest name of an app, in characters.
const LABEL_CHARS_MAX: usize = 64;

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

/// Begins the one enrolment that a session opened by a recovery code gives.
pub(crate) async fn begin_recovered(app: &App, caller: &Caller, channel: Channel, origin: &Origin) -> Answer<Handle> {
    let (now, session) = (caller.now, &caller.session);
    let note = Note::new(app, origin, now).about(&caller.account.user).client(session.client());
    let Some(right) = EnrolRight::by_recovery(session, now) else {
        let record = note.record(Event::LoginRefused).within(session.id()).with(Key::Rule, "enrol_right");
        return Err(refuse(app, Batch::new(), record, Denial::StepUp, caller.account.user.id.as_bytes()).await);
    };
    let request = Request {
        client: session.client().to_owned(),
        audience: app.account_audience.clone(),
        scope: None,
        channel,
        device: session.device(),
    };
    let (started, handle) = Login::enrol_recovered(right, request, now, &app.rng);
    let mut batch = Batch::new();
    login::insert(&mut batch, &started.row(&app.ring, &app.rng));
    login::end_surplus(&mut batch, session.user(), super::UNSPENT_LOGINS_MAX);
    app.store.commit(batch).await.map_err(Fault::Commit)?;
    Ok(Handle { login: handle.text(), factors: vec!["totp"], expires_in: LIFE.seconds() })
}

/// Offers a new seed; asked again, the unconfirmed one is replaced.
pub(crate) async fn offer(app: SharedApp, held: Held, origin: Origin) -> Answer<Offered> {
    let now = super::now(&app, &origin)?;
    let (login, account) = load(&app, &held, &origin, now).await?;
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
    (code, label): (Code, Option<String>),
    origin: Origin,
) -> Answer<Confirmed> {
    let now = super::now(&app, &origin)?;
    let label = label_of(label.as_deref());
    let (login, account) = load(&app, &held, &origin, now).await?;
    super::to_the_end(app.flows.begin(), async move {
        let note = Note::new(&app, &origin, now)
            .client(&login.request().client.clone())
            .about_maybe(account.as_ref().map(|account| &account.user));
        let mut batch = Batch::new();
        login::spend_opened(&mut batch, &login);
        let target = *login.id().as_bytes();
        match login.confirm_totp(&code, now, &app.ring, &app.rng) {
            Step::Grant(granted) => {
                let before = before(&app, held.before(), now).await?;
                let opened = open_enrolled(&app, &note, *granted, (account.as_ref(), before), (batch, &label)).await?;
                Ok(Confirmed::Login(opened))
            }
            Step::Added(enrolled) => {
                let account = account.as_ref().ok_or_else(|| refuse_unrecorded(&origin, Denial::Gone))?;
                add_recovered(&app, &note, &enrolled, account, (batch, &label)).await?;
                Ok(Confirmed::Added {
                    factor: enrolled.totp.id,
                    held_until: enrolled.totp.held_until,
                    drift_steps: enrolled.totp.drift,
                })
            }
            Step::Deny(denial) => {
                let record = note.record(Event::LoginSecondRefused).with(Key::Rule, "enrolment");
                Err(refuse(&app, Batch::new(), record, denial, &target).await)
            }
            _ => Err(Refused::Fault(Fault::Other("a confirmation led elsewhere".to_owned()))),
        }
    })
    .await
}

/// What a new app is called: as its owner writes it on one short line, else by its kind.
fn label_of(text: Option<&str>) -> String {
    let fits =
        |text: &&str| !text.is_empty() && text.chars().count() <= LABEL_CHARS_MAX && !text.contains(char::is_control);
    text.map(str::trim).filter(fits).unwrap_or("authenticator app").to_owned()
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
