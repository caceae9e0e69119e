//! Steps a session up for one action: both factors are proved again, and a one-use right for that action comes out.

use poundlock_core::audit::{Event, Key};
use poundlock_core::device::DeviceClaim;
use poundlock_core::evidence::Evidence;
use poundlock_core::guard::Guessable;
use poundlock_core::id::{DeviceId, LoginId};
use poundlock_core::login::{Channel, LIFE, Login, Raised, Request, StepUpFor};
use poundlock_core::password::Attempt;
use poundlock_core::secret::{Digest, Secret};
use poundlock_core::step_up::{self, Action, StepUpSecret};
use poundlock_core::token::Amr;
use poundlock_core::user::UserName;
use poundlock_store::user::Account;
use poundlock_store::{Batch, login, session, step_up as rights};

use super::login::Spent;
use super::session::{Caller, Outcome};
use super::{Answer, Denial, Fault, Handle, Refused, commit, refuse};
use crate::app::{App, SharedApp};
use crate::hasher::Lane;
use crate::journal::{Note, Origin};
use poundlock_core::session::Session;

/// What a caller asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) action: Action,
    pub(crate) target: String,
    /// None where a passkey is to prove both kinds.
    pub(crate) password: Option<Attempt>,
    /// Sent along, it is replaced when the step-up completes, so that a copy of it does not rise with the session.
    pub(crate) refresh_token: Option<Secret<String>>,
    /// Where it is asked: on a page, the browser gets a new cookie instead.
    pub(crate) channel: Channel,
}

/// Begins a step-up: the password now, the second factor next; or no password, and then a passkey that is of both kinds.
pub(crate) async fn begin(app: SharedApp, caller: Caller, asked: Asked, origin: Origin) -> Answer<Handle> {
    super::to_the_end(app.flows.begin(), async move {
        let Caller { account, session, now } = caller;
        let note = Note::new(&app, &origin, now).about(&account.user).client(session.client());
        let Asked { action, target, password, refresh_token, channel } = asked;
        let id = LoginId::new(now, &app.rng);
        let token = refresh_token.map(|text| super::refresh::keep(&app, &text, &id, &origin, now)).transpose()?;
        let wanted = StepUpFor { session: session.id(), action, target, token };
        let Some(password) = password else {
            super::admit_source(&app, &note, &origin).await?;
            return alone(&app, &note, (id, wanted, channel), (&account, &session)).await;
        };
        let place = admit(&app, &note, &account, &session).await?;
        let name = UserName::for_attempt(&account.user.name);
        let claim = session.device().map(|device| DeviceClaim { device, user: account.user.id });
        let who = super::login::Who { account: Some(&account), name: &name, claim };
        let spent = super::login::spend(&app, &note, Guessable::Password, &who).await?;
        let checked = super::login::check(&app, place, password, Some(&account), now).await?.checked;
        let Some(proof) = checked.proof else {
            let record = note.record(Event::LoginFirstRefused).within(session.id()).with(Key::Rule, "step_up");
            return Err(refuse(&app, Batch::new(), record, Denial::Credentials, account.user.id.as_bytes()).await);
        };
        let evidence = Evidence::first(proof, account.user.version);
        let request = request(&app, &session, channel, spent.device);
        let (started, handle) = Login::step_up(id, evidence, request, wanted, (now, &app.rng));
        let mut batch = Batch::new();
        login::insert(&mut batch, &started.row(&app.ring, &app.rng));
        save(&app, &note, (batch, action), (&account, &session)).await?;
        let factors = super::login::real_factors(&account);
        Ok(Handle { login: handle.text(), factors, expires_in: LIFE.seconds() })
    })
    .await
}

/// Begins a step-up without a password. It costs no attempt, so a session has few of them under way.
async fn alone(
    app: &App,
    note: &Note<'_>,
    (id, wanted, channel): (LoginId, StepUpFor, Channel),
    (account, session): (&Account, &Session),
) -> Answer<Handle> {
    if app.party.is_none() || super::factor::alone(app, account).is_empty() {
        return Err(Refused::Unusable("send the password: this account has no passkey to prove both with".to_owned()));
    }
    let (action, whose) = (wanted.action, (account.user.id, account.user.version));
    let request = request(app, session, channel, session.device());
    let (started, handle) = Login::step_up_alone(id, whose, request, wanted, (note.now(), &app.rng));
    let mut batch = Batch::new();
    login::insert_unspent(&mut batch, &started.row(&app.ring, &app.rng), session.id(), super::UNSPENT_LOGINS_MAX);
    save(app, note, (batch, action), (account, session)).await?;
    Ok(Handle { login: handle.text(), factors: vec!["passkey"], expires_in: LIFE.seconds() })
}

fn request(app: &App, session: &Session, channel: Channel, device: Option<DeviceId>) -> Request {
    Request {
        client: session.client().to_owned(),
        audience: app.account_audience.clone(),
        scope: None,
        channel,
        device,
    }
}

async fn save(
    app: &App,
    note: &Note<'_>,
    (mut batch, action): (Batch, Action),
    (account, session): (&Account, &Session),
) -> Answer<()> {
    session::lives(&mut batch, session.id(), session.version());
    let record = note.record(Event::StepUpStarted).within(session.id()).with(Key::Action, action.as_str());
    poundlock_store::audit::record(&mut batch, &record);
    match commit(app, batch).await? {
        Some(_) => Ok(()),
        None => {
            let record = note.record(Event::LoginRefused).with(Key::Rule, "conflict");
            Err(refuse(app, Batch::new(), record, Denial::SessionEnded, account.user.id.as_bytes()).await)
        }
    }
}

async fn admit(app: &App, note: &Note<'_>, account: &Account, session: &Session) -> Answer<crate::hasher::Place> {
    let key = app.ring.counter_key(&[b"hash place", account.user.name.as_bytes()]);
    match app.hasher.admit(Lane::KnownDevice, key) {
        Ok(place) => Ok(place),
        Err(busy) => {
            let record = note.record(Event::LoginShed).within(session.id());
            Err(refuse(app, Batch::new(), record, Denial::Busy(busy.retry_after), b"shed").await)
        }
    }
}

/// Both factors were proved: the session's event is raised, and the right is given out.
pub(crate) async fn raise(
    app: &App,
    note: &Note<'_>,
    (login, raised, request): (LoginId, Raised, &Request),
    (account, batch, used): (&Account, Batch, Option<Spent>),
) -> Answer<Outcome> {
    let now = note.now();
    let row = session::by_id(&app.store, raised.session()).await?;
    let gone = || Refused::Denied { denial: Denial::SessionEnded, reference: String::new(), login: None };
    let session = Session::from_row(&app.ring, &row.ok_or_else(gone)?).map_err(|_| Fault::Seal("session"))?;
    let live = Some(session).filter(|session| session.lives(now)).ok_or_else(gone)?;
    let session = live.raised(&raised, now).ok_or_else(gone)?;
    let mut batch = super::account_first(account.user.id, raised.grant().user_version(), batch);
    let record = note.record(Event::StepUpCompleted).within(session.id()).with(Key::Action, raised.action());
    poundlock_store::audit::record(&mut batch, &record);
    session::changed(&mut batch, &session.row(&app.ring, &app.rng));
    let refresh = match raised.token() {
        Some(kept) => Some(super::refresh::replace_kept(app, note, (&login, session.id(), kept), &mut batch).await?),
        None => None,
    };
    let on_page = match request.channel {
        Channel::Page => Some(super::browser::rise(app, &session, &raised, &mut batch)?),
        Channel::Api => None,
    };
    // Each budget that was used is cleared, and no other: a passkey uses none.
    let with_password =
        raised.grant().event().amr().contains(&Amr::Pwd).then_some((Guessable::Password, request.device));
    let lost = if used.is_some() { Denial::Code } else { Denial::Passkey };
    let with_code = used.map(|spent| (Guessable::Totp, spent.device));
    for proved in with_password.into_iter().chain(with_code) {
        super::login::clear_reproved(app, &mut batch, account.user.id, proved, now);
    }
    let (secret, right) = step_up::make(raised, now, &app.rng);
    rights::insert(&mut batch, &right);
    match commit(app, batch).await? {
        Some(_) => Ok(Outcome::StepUp {
            step_up: secret.text(),
            expires_in: step_up::LIFE.seconds(),
            refresh: refresh.map(|token| (token.text(&app.ring), (session.idle_until() - now).seconds_up())),
            on_page,
        }),
        None => {
            let record = note.record(Event::LoginSecondRefused).with(Key::Rule, "conflict");
            Err(refuse(app, Batch::new(), record, lost, account.user.id.as_bytes()).await)
        }
    }
}

/// The digest that spends the right sent with an action; `None` when what was sent cannot be one.
pub(crate) fn spends(sent: &Secret<String>, session: &Session, action: Action, target: &str) -> Option<Digest> {
    StepUpSecret::parse(sent.reveal()).map(|secret| secret.digest_for(session.id(), action, target))
}
