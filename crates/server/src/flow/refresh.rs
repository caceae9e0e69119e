//! Rotates refresh tokens. The decision is `core`'s; here it becomes one batch, and a lost race is decided anew.

use poundlock_core::audit::{Event, Key};
use poundlock_core::client::Client;
use poundlock_core::guard::Guessable;
use poundlock_core::id::{LoginId, SessionId};
use poundlock_core::login::{Channel, Fresh, LIFE, Login, Request};
use poundlock_core::refresh::{
    self, Decision, Facts, Family, Presented, RefreshToken, Refusal, Retry, Rotation, TheftKind,
};
use poundlock_core::secret::Secret;
use poundlock_core::session::Session;
use poundlock_core::time::Time;
use poundlock_store::user::Account;
use poundlock_store::{Batch, audit, login, refresh as families, session, user};

use super::login::{Spent, real_factors};
use super::session::{Bearer, Opened, Outcome, answer, asks_for_users};
use super::{Answer, Denial, Fault, Handle, Refused, commit, refuse, refuse_unrecorded};
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// How often a decision is made anew after losing a race. Each loss means another caller has moved on.
const RACES_MAX: usize = 4;

/// Everything one decision rests on, read in one snapshot.
struct Loaded {
    family: Family,
    session: Session,
    account: Account,
}

/// Trades a refresh token for tokens.
pub(crate) async fn refresh(
    app: SharedApp,
    text: Secret<String>,
    audience: Option<String>,
    origin: Origin,
) -> Answer<Opened> {
    let now = super::now(&app, &origin)?;
    // A bad tag touches nothing: without our key nobody can even name a family (DESIGN §7).
    let token = RefreshToken::parse(&app.ring, &text).map_err(|_| refuse_unrecorded(&origin, Denial::BadRefresh))?;
    super::to_the_end(app.flows.begin(), async move {
        for _ in 0..RACES_MAX {
            let loaded = load(&app, &token).await?.ok_or_else(|| refuse_unrecorded(&origin, Denial::BadRefresh))?;
            let note = Note::new(&app, &origin, now).about(&loaded.account.user).client(loaded.session.client());
            let registry = app.registry.load();
            let client = registry.client(Some(loaded.session.client()));
            let facts = facts(&app, &loaded, client, &origin, now);
            let decision = refresh::decide(&loaded.family, &token, &facts, &app.rng);
            let client = client.ok_or_else(|| refuse_unrecorded(&origin, Denial::SessionEnded))?;
            // A theft is one whatever is asked for beside it.
            if !matches!(decision, Decision::Theft(_)) {
                let name = audience.as_deref().unwrap_or_else(|| loaded.session.audience());
                client.audience_for(Some(name)).map_err(|_| refuse_unrecorded(&origin, Denial::NotAllowed))?;
            }
            let asked = Asked { note: &note, client, audience: audience.as_deref(), token: &token };
            if let Some(answer) = act(&app, asked, loaded, decision).await? {
                return answer;
            }
        }
        Err(refuse_unrecorded(&origin, Denial::RefreshTooOften(refresh::SLOW_WAIT)))
    })
    .await
}

/// Signs out by the refresh secret: the way for clients that have no token for the account API. A used-up token is a
/// theft here too.
pub(crate) async fn sign_out(app: SharedApp, text: Secret<String>, origin: Origin) -> Answer<()> {
    let now = super::now(&app, &origin)?;
    let token = RefreshToken::parse(&app.ring, &text).map_err(|_| refuse_unrecorded(&origin, Denial::BadRefresh))?;
    let loaded = load(&app, &token).await?.ok_or_else(|| refuse_unrecorded(&origin, Denial::BadRefresh))?;
    let note = Note::new(&app, &origin, now).about(&loaded.account.user).client(loaded.session.client());
    let registry = app.registry.load();
    let client = registry.client(Some(loaded.session.client()));
    let facts = facts(&app, &loaded, client, &origin, now);
    match refresh::decide(&loaded.family, &token, &facts, &app.rng) {
        Decision::Theft(kind) => Err(theft(&app, &note, &loaded, kind).await),
        Decision::Refuse(refusal) => {
            let record = note.record(Event::RefreshRefused).within(loaded.session.id());
            let record = record.with(Key::Rule, refusal.as_str());
            Err(refuse(&app, Batch::new(), record, denial_of(refusal), loaded.session.id().as_bytes()).await)
        }
        Decision::Rotate(_) | Decision::Retry(_) | Decision::Slow { .. } | Decision::ReproveFactor => {
            super::session::end_one(&app, &note, loaded.session.id(), loaded.session.status().0).await
        }
    }
}

struct Asked<'a> {
    note: &'a Note<'a>,
    client: &'a Client,
    audience: Option<&'a str>,
    token: &'a RefreshToken,
}

/// Does what was decided; `None` when another caller was first, and the decision must be made anew.
async fn act(app: &App, asked: Asked<'_>, loaded: Loaded, decision: Decision) -> Answer<Option<Answer<Opened>>> {
    match decision {
        Decision::Rotate(rotation) => rotate(app, &asked, loaded, rotation).await,
        Decision::Retry(retry) => again(app, &asked, loaded, retry).await,
        Decision::Slow { retry_after } => {
            Ok(Some(Err(denied(app, &asked, &loaded, Denial::RefreshTooOften(retry_after), "retries").await)))
        }
        Decision::Theft(kind) => Ok(Some(Err(theft(app, asked.note, &loaded, kind).await))),
        Decision::Refuse(refusal) => {
            Ok(Some(Err(denied(app, &asked, &loaded, denial_of(refusal), refusal.as_str()).await)))
        }
        Decision::ReproveFactor => Ok(Some(Err(reprove(app, &asked, &loaded).await?))),
    }
}

async fn load(app: &App, token: &RefreshToken) -> Answer<Option<Loaded>> {
    let id = token.family();
    let read = app
        .store
        .read(move |r| {
            Box::pin(async move {
                let Some(family) = families::in_snapshot(r, id).await? else { return Ok(None) };
                let Some(session) = session::in_snapshot(r, family.session).await? else { return Ok(None) };
                let account = user::in_snapshot(r, session.user).await?;
                Ok(account.map(|account| (family, session, account)))
            })
        })
        .await?;
    let Some((family, session, account)) = read else { return Ok(None) };
    Ok(Some(Loaded {
        family: Family::open(&app.ring, family).map_err(|_| Fault::Seal("refresh"))?,
        session: Session::from_row(&app.ring, &session).map_err(|_| Fault::Seal("session"))?,
        account,
    }))
}

fn facts(app: &App, loaded: &Loaded, client: Option<&Client>, origin: &Origin, now: Time) -> Facts {
    let session = &loaded.session;
    Facts {
        now,
        source: Some(origin.source_digest(&app.ring)),
        // Not `lives`: idleness is `core`'s to measure, and for a kept token from when it was shown.
        session_live: !session.has_ended(),
        user_active: loaded.account.standing().active,
        client_ok: client.is_some_and(|client| client.id.as_str() == loaded.family.client() && asks_for_users(client)),
        mfa_time: session.mfa_time(),
        mfa_max_age: client.map_or(poundlock_core::time::Span::ZERO, |client| client.mfa_max_age),
        idle_until: session.idle_until(),
        idle: client.map_or(poundlock_core::time::Span::ZERO, |client| client.idle),
        expires: session.expires_at(),
        sender_constrained: false,
    }
}

async fn rotate(app: &App, asked: &Asked<'_>, loaded: Loaded, rotation: Rotation) -> Answer<Option<Answer<Opened>>> {
    let Loaded { session, account, .. } = loaded;
    let session = session.used(asked.client, asked.note.now());
    let mut batch = Batch::new();
    // The account's row first, then the session's: batches that lock in one order do not deadlock.
    user::stands(&mut batch, account.user.id, account.user.version);
    session::used(&mut batch, &session.row(&app.ring, &app.rng));
    families::rotate(&mut batch, &rotation);
    let record = asked.note.record(Event::RefreshRotated).within(session.id());
    audit::record(&mut batch, &record.with(Key::Generation, i64::from(rotation.generation)));
    if commit(app, batch).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(tokens(app, asked, &session, &account, &rotation.next)))
}

/// The answer was lost: the same successor, a fresh access token, unchanged limits.
async fn again(app: &App, asked: &Asked<'_>, loaded: Loaded, retry: Retry) -> Answer<Option<Answer<Opened>>> {
    let mut batch = Batch::new();
    user::stands(&mut batch, loaded.account.user.id, loaded.account.user.version);
    session::lives(&mut batch, loaded.session.id(), loaded.session.version());
    families::retry(&mut batch, &retry);
    let mut record = asked.note.record(Event::RefreshRetried).within(loaded.session.id());
    if retry.alert_second_source {
        record = record.with(Key::Signal, "second_source").alerting();
    }
    audit::record(&mut batch, &record);
    if commit(app, batch).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(tokens(app, asked, &loaded.session, &loaded.account, &retry.successor)))
}

fn tokens(app: &App, asked: &Asked<'_>, session: &Session, account: &Account, token: &RefreshToken) -> Answer<Opened> {
    let audience = asked.audience.unwrap_or_else(|| session.audience());
    let bearer = Bearer::of(&account.user);
    answer(app, session, asked.client, Some(token), (&bearer, audience, asked.note.now()))
}

/// A used token came back: the family ends, its session with it, and somebody hears of it (RFT-02).
async fn theft(app: &App, note: &Note<'_>, loaded: &Loaded, kind: TheftKind) -> Refused {
    let (now, id) = (note.now(), loaded.session.id());
    let mut batch = Batch::new();
    session::end(&mut batch, id, now, kind.as_str());
    families::end_of_session(&mut batch, id, now, kind.as_str());
    batch.notify(crate::status::TOPIC, loaded.session.status().0.to_string());
    let record = note.record(Event::RefreshTheft).within(id).with(Key::Rule, kind.as_str()).alerting();
    refuse(app, batch, record, Denial::RefreshReuse, id.as_bytes()).await
}

async fn denied(app: &App, asked: &Asked<'_>, loaded: &Loaded, denial: Denial, rule: &'static str) -> Refused {
    let record = asked.note.record(Event::RefreshRefused).within(loaded.session.id()).with(Key::Rule, rule);
    refuse(app, Batch::new(), record, denial, loaded.session.id().as_bytes()).await
}

const fn denial_of(refusal: Refusal) -> Denial {
    match refusal {
        Refusal::Unknown | Refusal::WrongClient | Refusal::KeyNotProven | Refusal::Damaged => Denial::BadRefresh,
        Refusal::Ended
        | Refusal::Expired
        | Refusal::Idle
        | Refusal::UserInactive
        | Refusal::Superseded
        | Refusal::Exhausted => Denial::SessionEnded,
    }
}

/// The second factor is too old: the token is kept, and a login handle bound to the family asks for the factor again.
async fn reprove(app: &App, asked: &Asked<'_>, loaded: &Loaded) -> Answer<Refused> {
    let (now, session) = (asked.note.now(), &loaded.session);
    let id = LoginId::new(now, &app.rng);
    let presented = Presented { token: asked.token.clone(), at: now };
    let kept = presented.to_stored(&app.ring, &id, &app.rng);
    let request = Request {
        client: session.client().to_owned(),
        audience: asked.audience.unwrap_or_else(|| session.audience()).to_owned(),
        scope: session.scope().map(str::to_owned),
        channel: Channel::Api,
        device: session.device(),
    };
    let (login, handle) = Login::reprove(id, session.user(), request, (session.id(), kept), (now, &app.rng));
    let mut batch = Batch::new();
    login::insert(&mut batch, &login.row(&app.ring, &app.rng));
    login::end_surplus(&mut batch, session.user(), super::UNSPENT_LOGINS_MAX);
    let record = asked.note.record(Event::RefreshRefused).within(session.id()).with(Key::Rule, "mfa_max_age");
    let refused = refuse(app, batch, record, Denial::Reprove(asked.client.mfa_max_age), session.id().as_bytes()).await;
    Ok(match refused {
        Refused::Denied { denial, reference, .. } => {
            let handle =
                Handle { login: handle.text(), factors: real_factors(&loaded.account), expires_in: LIFE.seconds() };
            Refused::Denied { denial, reference, login: Some(Box::new(handle)) }
        }
        other => other,
    })
}

/// The second factor was proved again: the session goes on, and the token that was kept is rotated.
pub(crate) async fn freshen(
    app: &App,
    note: &Note<'_>,
    (fresh, login, audience): (Fresh, LoginId, String),
    (account, spent, used): (&Account, Batch, Option<Spent>),
) -> Answer<Outcome> {
    let presented =
        Presented::from_stored(&app.ring, &login, fresh.token()).map_err(|_| Fault::Seal("refresh in a login"))?;
    let ended = || Refused::Denied { denial: Denial::SessionEnded, reference: String::new(), login: None };
    let loaded = load(app, &presented.token).await?.ok_or_else(ended)?;
    let registry = app.registry.load();
    let client = registry.client(Some(loaded.session.client())).ok_or_else(ended)?;
    let (now, at) = (note.now(), fresh.at());
    let facts = Facts {
        mfa_time: at,
        mfa_max_age: client.mfa_max_age,
        ..facts(app, &loaded, Some(client), note.origin(), now)
    };
    let asked = Asked { note, client, audience: Some(&audience), token: &presented.token };
    let mut batch = super::account_first(account.user.id, account.user.version, spent);
    // A passkey uses no budget, so it clears none.
    if let Some(used) = used {
        super::login::clear_reproved(app, &mut batch, account.user.id, (Guessable::Totp, used.device), now);
    }
    let decision = refresh::rotate_after_reproof(&loaded.family, &presented, &facts, &app.rng);
    let (session, token, event) = match decision {
        Decision::Rotate(rotation) => {
            families::rotate(&mut batch, &rotation);
            let session = loaded.session.used(client, now).freshened(fresh).ok_or_else(ended)?;
            (session, rotation.next, Event::RefreshRotated)
        }
        Decision::Retry(retry) => {
            families::retry(&mut batch, &retry);
            (loaded.session.freshened(fresh).ok_or_else(ended)?, retry.successor, Event::RefreshRetried)
        }
        refused => return Err(not_freshened(app, &asked, &loaded, (refused, batch)).await),
    };
    session::changed(&mut batch, &session.row(&app.ring, &app.rng));
    audit::record(&mut batch, &note.record(event).within(session.id()).with(Key::Rule, "reproved"));
    match commit(app, batch).await? {
        Some(_) => tokens(app, &asked, &session, account, &token).map(Outcome::from_opened),
        None => Err(lost(app, note, account).await),
    }
}

/// Keeps a refresh token that was sent along with a step-up, sealed to the login that will replace it.
pub(super) fn keep(app: &App, text: &Secret<String>, login: &LoginId, origin: &Origin, now: Time) -> Answer<Vec<u8>> {
    let token = RefreshToken::parse(&app.ring, text).map_err(|_| refuse_unrecorded(origin, Denial::BadRefresh))?;
    Ok(Presented { token, at: now }.to_stored(&app.ring, login, &app.rng))
}

/// Replaces the kept token in the batch that completes the step-up. A copy of the old one is a used-up token from then
/// on, and whoever shows it ends the session.
pub(super) async fn replace_kept(
    app: &App,
    note: &Note<'_>,
    (login, session, kept): (&LoginId, SessionId, &[u8]),
    batch: &mut Batch,
) -> Answer<RefreshToken> {
    let presented = Presented::from_stored(&app.ring, login, kept).map_err(|_| Fault::Seal("refresh in a login"))?;
    let ended = || Refused::Denied { denial: Denial::SessionEnded, reference: String::new(), login: None };
    // Another session's token is none of this step-up's: it must not be moved by it.
    let loaded = load(app, &presented.token).await?.filter(|found| found.session.id() == session);
    let loaded = loaded.ok_or_else(|| refuse_unrecorded(note.origin(), Denial::BadRefresh))?;
    let registry = app.registry.load();
    let client = registry.client(Some(loaded.session.client())).ok_or_else(ended)?;
    let facts = Facts { mfa_time: note.now(), ..facts(app, &loaded, Some(client), note.origin(), note.now()) };
    let asked = Asked { note, client, audience: None, token: &presented.token };
    match refresh::rotate_after_reproof(&loaded.family, &presented, &facts, &app.rng) {
        Decision::Rotate(rotation) => {
            families::rotate(batch, &rotation);
            Ok(rotation.next)
        }
        Decision::Retry(retry) => {
            families::retry(batch, &retry);
            Ok(retry.successor)
        }
        refused => Err(not_freshened(app, &asked, &loaded, (refused, Batch::new())).await),
    }
}

/// A re-proof that gives nothing any more. The code that was right is spent all the same.
async fn not_freshened(app: &App, asked: &Asked<'_>, loaded: &Loaded, (decision, spent): (Decision, Batch)) -> Refused {
    if let Err(fault) = commit(app, spent).await {
        return fault.into();
    }
    let (denial, rule) = match decision {
        Decision::Slow { retry_after } => (Denial::RefreshTooOften(retry_after), "retries"),
        Decision::Refuse(refusal) => (denial_of(refusal), refusal.as_str()),
        Decision::Theft(kind) => (Denial::SessionEnded, kind.as_str()),
        Decision::Rotate(_) | Decision::Retry(_) | Decision::ReproveFactor => (Denial::Code, "mfa_max_age"),
    };
    denied(app, asked, loaded, denial, rule).await
}

async fn lost(app: &App, note: &Note<'_>, account: &Account) -> Refused {
    let record = note.record(Event::LoginSecondRefused).with(Key::Rule, "conflict");
    refuse(app, Batch::new(), record, Denial::Code, account.user.id.as_bytes()).await
}
