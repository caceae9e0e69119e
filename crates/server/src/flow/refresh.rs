//! Rotates refresh tokens. The decision is `core`'s; here it becomes one batch, and a lost race is decided anew.

mod kept;

use poundlock_core::audit::{Event, Key};
use poundlock_core::client::{Client, ClientId, Scope};
use poundlock_core::id::LoginId;
use poundlock_core::login::{Channel, LIFE, Login, Request};
use poundlock_core::oidc::OPENID;
use poundlock_core::refresh::{
    self, Decision, Facts, Family, Presented, RefreshToken, Refusal, Retry, Rotation, TheftKind,
};
use poundlock_core::secret::Secret;
use poundlock_core::session::Session;
use poundlock_core::time::{Span, Time};
use poundlock_store::user::Account;
use poundlock_store::{Batch, audit, login, refresh as families, session, user};

pub(super) use self::kept::{freshen, keep, replace_kept};
use super::login::real_factors;
use super::session::{Bearer, Opened, answer, asks_for_users, id_token};
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

/// Who shows a refresh token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By<'a> {
    /// Whoever has it, through the API: good for clients that have nothing else to show.
    Holder,
    /// This client, which has proved itself at the token endpoint.
    Client(&'a ClientId),
}

/// What a refresh asks for beside the token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) audience: Option<String>,
    /// Less than was granted (RFC 6749 section 6).
    pub(crate) scope: Option<Scope>,
}

/// What a refresh gives.
#[derive(Debug)]
pub(crate) struct Refreshed {
    pub(crate) opened: Opened,
    pub(crate) scope: Scope,
    pub(crate) id_token: Option<Secret<String>>,
}

impl Loaded {
    /// The audience of tokens that name none: that of the grant, where the client has one of its own.
    fn audience(&self) -> &str {
        self.family.granted().map_or_else(|| self.session.audience(), |granted| &granted.audience)
    }

    fn scope(&self) -> Option<&str> {
        self.family.granted().map_or_else(|| self.session.scope(), |granted| Some(&granted.scope))
    }

    /// The session, used by this client.
    fn used(session: Session, family: &Family, client: &Client, now: Time) -> Session {
        if family.granted().is_some() { session.used_beside(client, now) } else { session.used(client, now) }
    }
}

/// Trades a refresh token for tokens, through the API.
pub(crate) async fn refresh(
    app: SharedApp,
    text: Secret<String>,
    audience: Option<String>,
    origin: Origin,
) -> Answer<Opened> {
    let wish = Wish { audience, scope: None };
    trade(app, (text, None), wish, origin).await.map(|refreshed| refreshed.opened)
}

/// Trades a refresh token for tokens; `client` is who has proved itself, where somebody had to.
pub(crate) async fn trade(
    app: SharedApp,
    (text, client): (Secret<String>, Option<ClientId>),
    wish: Wish,
    origin: Origin,
) -> Answer<Refreshed> {
    let now = super::now(&app, &origin)?;
    // A bad tag touches nothing: without our key nobody can even name a family (DESIGN §7).
    let token = RefreshToken::parse(&app.ring, &text).map_err(|_| refuse_unrecorded(&origin, Denial::BadRefresh))?;
    super::to_the_end(app.flows.begin(), async move {
        let by = client.as_ref().map_or(By::Holder, By::Client);
        for _ in 0..RACES_MAX {
            let loaded = load(&app, &token).await?.ok_or_else(|| refuse_unrecorded(&origin, Denial::BadRefresh))?;
            let note = Note::new(&app, &origin, now).about(&loaded.account.user).client(loaded.family.client());
            let registry = app.registry.load();
            let client = registry.client(Some(loaded.family.client()));
            let facts = facts(&app, &loaded, (client, by), &origin, now);
            let decision = refresh::decide(&loaded.family, &token, &facts, &app.rng);
            let client = client.ok_or_else(|| refuse_unrecorded(&origin, Denial::SessionEnded))?;
            // A theft is one whatever is asked for beside it.
            if !matches!(decision, Decision::Theft(_)) {
                refuse_more(client, &loaded, &wish).map_err(|denial| refuse_unrecorded(&origin, denial))?;
            }
            let asked = Asked { note: &note, client, by, wish: &wish, token: &token };
            if let Some(answer) = act(&app, asked, loaded, decision).await? {
                return answer;
            }
        }
        Err(refuse_unrecorded(&origin, Denial::RefreshTooOften(refresh::SLOW_WAIT)))
    })
    .await
}

/// Refuses what the client may not have, or was not granted.
fn refuse_more(client: &Client, loaded: &Loaded, wish: &Wish) -> Result<(), Denial> {
    let name = wish.audience.as_deref().unwrap_or_else(|| loaded.audience());
    client.audience_for(Some(name)).map_err(|_| Denial::NotAllowed)?;
    // A user was asked about one service (OAE-17): for another one the client asks again, by a request for a code.
    if client.asks_consent() && loaded.family.granted().is_some_and(|granted| granted.audience != name) {
        return Err(Denial::NotAllowed);
    }
    let granted = Scope::parse(loaded.scope().unwrap_or_default()).unwrap_or_default();
    granted.narrow(wish.scope.as_ref()).map(drop).map_err(|_| Denial::NotAllowed)
}

/// Signs out by the refresh secret: the way for clients that have no token for the account API. A used-up token is a
/// theft here too.
pub(crate) async fn sign_out(app: SharedApp, text: Secret<String>, origin: Origin) -> Answer<()> {
    let now = super::now(&app, &origin)?;
    let token = RefreshToken::parse(&app.ring, &text).map_err(|_| refuse_unrecorded(&origin, Denial::BadRefresh))?;
    let loaded = load(&app, &token).await?.ok_or_else(|| refuse_unrecorded(&origin, Denial::BadRefresh))?;
    let note = Note::new(&app, &origin, now).about(&loaded.account.user).client(loaded.family.client());
    let registry = app.registry.load();
    let client = registry.client(Some(loaded.family.client()));
    let facts = facts(&app, &loaded, (client, By::Holder), &origin, now);
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
    by: By<'a>,
    wish: &'a Wish,
    token: &'a RefreshToken,
}

/// Does what was decided; `None` when another caller was first, and the decision must be made anew.
async fn act(app: &App, asked: Asked<'_>, loaded: Loaded, decision: Decision) -> Answer<Option<Answer<Refreshed>>> {
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

fn facts(app: &App, loaded: &Loaded, (client, by): (Option<&Client>, By<'_>), origin: &Origin, now: Time) -> Facts {
    let (session, family) = (&loaded.session, &loaded.family);
    let idle = client.map_or(Span::ZERO, |client| client.idle);
    // In a session that others share, the client's own limits hold for its own family (RFT-04).
    let own = family.granted().zip(client);
    let idle_until = own.map_or(session.idle_until(), |_| session.idle_until().min(family.used_at() + idle));
    let expires =
        own.map_or(session.expires_at(), |(_, client)| session.expires_at().min(family.started_at() + client.absolute));
    Facts {
        now,
        source: Some(origin.source_digest(&app.ring)),
        // Not `lives`: idleness is `core`'s to measure, and for a kept token from when it was shown.
        session_live: !session.has_ended(),
        user_active: loaded.account.standing().active,
        client_ok: client.is_some_and(|client| client.id.as_str() == family.client() && is_shown_by(by, client)),
        mfa_time: session.mfa_time(),
        mfa_max_age: client.map_or(Span::ZERO, |client| client.mfa_max_age),
        idle_until,
        idle,
        expires,
        sender_constrained: false,
    }
}

/// Attack: a token that was stolen from one client is shown by another, or past the secret of the one it belongs to.
fn is_shown_by(by: By<'_>, client: &Client) -> bool {
    match by {
        By::Holder => asks_for_users(client),
        By::Client(id) => *id == client.id && client.refresh_tokens && !client.dpop_required,
    }
}

async fn rotate(app: &App, asked: &Asked<'_>, loaded: Loaded, rotation: Rotation) -> Answer<Option<Answer<Refreshed>>> {
    let Loaded { family, session, account } = loaded;
    let session = Loaded::used(session, &family, asked.client, asked.note.now());
    let loaded = Loaded { family, session, account };
    let (session, account) = (&loaded.session, &loaded.account);
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
    Ok(Some(tokens(app, asked, &loaded, &rotation.next)))
}

/// The answer was lost: the same successor, a fresh access token, unchanged limits.
async fn again(app: &App, asked: &Asked<'_>, loaded: Loaded, retry: Retry) -> Answer<Option<Answer<Refreshed>>> {
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
    Ok(Some(tokens(app, asked, &loaded, &retry.successor)))
}

fn tokens(app: &App, asked: &Asked<'_>, loaded: &Loaded, token: &RefreshToken) -> Answer<Refreshed> {
    let audience = asked.wish.audience.as_deref().unwrap_or_else(|| loaded.audience());
    let granted = Scope::parse(loaded.scope().unwrap_or_default()).unwrap_or_default().within(&asked.client.scope);
    let scope = granted.narrow(asked.wish.scope.as_ref()).unwrap_or_default();
    let (session, user, now) = (&loaded.session, &loaded.account.user, asked.note.now());
    let bearer = Bearer::of(user).with_scope(scope.as_str());
    let opened = answer(app, session, asked.client, Some(token), (&bearer, audience, now))?;
    // Without a nonce: that was answered by the first one (Core section 12.2).
    let id_token = match asked.by {
        By::Client(_) if scope.holds(OPENID) => {
            let saying = (user, asked.client, None, &opened.access_token);
            Some(id_token(app, session, saying, now)?)
        }
        By::Client(_) | By::Holder => None,
    };
    Ok(Refreshed { opened, scope, id_token })
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
    let denial = Denial::Reprove(asked.client.mfa_max_age);
    if !asks_for_users(asked.client) {
        // It cannot complete a login through the API: it sends its user through the authorization endpoint.
        return Ok(denied(app, asked, loaded, denial, "mfa_max_age").await);
    }
    let (now, session) = (asked.note.now(), &loaded.session);
    let id = LoginId::new(now, &app.rng);
    let presented = Presented { token: asked.token.clone(), at: now };
    let kept = presented.to_stored(&app.ring, &id, &app.rng);
    let request = Request {
        client: asked.client.id.as_str().to_owned(),
        audience: asked.wish.audience.as_deref().unwrap_or_else(|| loaded.audience()).to_owned(),
        scope: loaded.scope().map(str::to_owned),
        channel: Channel::Api,
        device: session.device(),
    };
    let (login, handle) = Login::reprove(id, session.user(), request, (session.id(), kept), (now, &app.rng));
    let mut batch = Batch::new();
    login::insert_unspent(&mut batch, &login.row(&app.ring, &app.rng), session.id(), super::UNSPENT_LOGINS_MAX);
    let record = asked.note.record(Event::RefreshRefused).within(session.id()).with(Key::Rule, "mfa_max_age");
    let refused = refuse(app, batch, record, denial, session.id().as_bytes()).await;
    Ok(match refused {
        Refused::Denied { denial, reference, .. } => {
            let handle =
                Handle { login: handle.text(), factors: real_factors(&loaded.account), expires_in: LIFE.seconds() };
            Refused::Denied { denial, reference, login: Some(Box::new(handle)) }
        }
        other => other,
    })
}
