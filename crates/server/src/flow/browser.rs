//! What a browser has: its session, found by a cookie; the logins that it holds by cookies; the tokens of its forms.

mod goal;
mod login;

use poundlock_core::audit::{Event, Key};
use poundlock_core::browser::{self, BrowserSecret, SHOWN_FOR, Shown};
use poundlock_core::login::{Raised, Then};
use poundlock_core::secret::Secret;
use poundlock_core::session::Session;
use poundlock_core::step_up::Action;
use poundlock_core::time::{Span, Time};
use poundlock_store::{Batch, audit, browser as browsers, refresh, session, user};

pub(crate) use self::goal::{Goal, next};
pub(crate) use self::login::{Held, Seen, Stage, code, login_id, seen};
use super::session::Caller;
use super::{Answer, Fault, Refused, commit};
use crate::app::App;
use crate::journal::Note;

/// How old the stored last use of a session may grow before it is written again: a page is not worth a write.
const USE_WRITTEN_EVERY: Span = Span::from_minutes(1);

/// What a completed login gives to a browser.
#[derive(Debug)]
pub(crate) struct Entered {
    /// The value of the session cookie.
    pub(crate) cookie: Secret<String>,
    /// What makes the browser a known device of this account.
    pub(crate) device: Option<Secret<String>>,
    /// Where the login wanted to go: a path of this server.
    pub(crate) next: String,
    /// Whether recovery codes wait to be shown before that.
    pub(crate) shows_codes: bool,
}

/// What a completed step-up gives to a browser, beside the right itself.
#[derive(Debug)]
pub(crate) struct Risen {
    /// The new value of the session cookie.
    pub(crate) cookie: Secret<String>,
    /// What the right is for.
    pub(crate) action: Action,
    pub(crate) target: String,
}

/// Who is signed in with this session cookie: the account, the live session and its event. Marks the use.
///
/// A cookie that opens nothing is nobody's. So is one whose row was changed outside this program: it proves nothing, and
/// must not keep its owner from signing in again.
pub(crate) async fn signed_in(app: &App, cookie: &Secret<String>, now: Time) -> Answer<Option<Caller>> {
    let Some(secret) = BrowserSecret::parse(cookie.reveal()) else { return Ok(None) };
    let Some(row) = browsers::of_session(&app.store, secret.session()).await? else { return Ok(None) };
    let Ok(opens) = secret.opens(&app.ring, &row) else { return Ok(unsealed(&secret)) };
    if !opens {
        return Ok(None);
    }
    let Some(row) = session::by_id(&app.store, secret.session()).await? else { return Ok(None) };
    let Ok(session) = Session::from_row(&app.ring, &row) else { return Ok(unsealed(&secret)) };
    let Some(account) = user::by_id(&app.store, session.user()).await? else { return Ok(None) };
    if !session.lives(now) || !account.standing().active {
        return Ok(None);
    }
    let session = used(app, session, now).await?;
    Ok(Some(Caller { account, session, now }))
}

fn unsealed(secret: &BrowserSecret) -> Option<Caller> {
    tracing::error!(session = %secret.session(), "a stored session of a browser does not open");
    None
}

/// A caller once more, after a change that may have ended the session.
pub(crate) async fn again(app: &App, caller: &Caller) -> Answer<Option<Caller>> {
    let Some(row) = session::by_id(&app.store, caller.session.id()).await? else { return Ok(None) };
    let session = Session::from_row(&app.ring, &row).map_err(|_| Fault::Seal("session"))?;
    let account = user::by_id(&app.store, session.user()).await?;
    Ok(account.filter(|_| session.lives(caller.now)).map(|account| Caller { account, session, now: caller.now }))
}

/// The idle limit goes by uses; one is written when the last one that was is a minute old.
async fn used(app: &App, session: Session, now: Time) -> Result<Session, Fault> {
    if now - session.used_at() < USE_WRITTEN_EVERY {
        return Ok(session);
    }
    let registry = app.registry.load();
    let Some(client) = registry.client(Some(session.client())) else { return Ok(session) };
    let session = session.used(client, now);
    let mut batch = Batch::new();
    session::used(&mut batch, &session.row(&app.ring, &app.rng));
    // Ended or changed at the same moment: whoever did that goes before a mark of use.
    commit(app, batch).await?;
    Ok(session)
}

/// The session that the browser has, so that a new login can end it.
pub(super) async fn before(app: &App, cookie: Option<&Secret<String>>, now: Time) -> Answer<Option<Caller>> {
    match cookie {
        Some(cookie) => signed_in(app, cookie, now).await,
        None => Ok(None),
    }
}

/// Ends the session that the browser had before this login (SES-01). Attack: who has planted a session in a browser
/// would share whatever its owner does after signing in.
pub(super) fn end_before(app: &App, note: &Note<'_>, batch: &mut Batch, before: Option<&Caller>) {
    let Some(Caller { account, session, .. }) = before else { return };
    session::end(batch, session.id(), note.now(), "replaced");
    refresh::end_of_session(batch, session.id(), note.now(), "replaced");
    let note = Note::new(app, note.origin(), note.now()).about(&account.user);
    let record = note.record(Event::SessionEnded).within(session.id()).with(Key::Rule, "replaced");
    audit::record(batch, &record);
    batch.notify(crate::status::TOPIC, session.status().0.to_string());
}

/// Puts the browser of a new session into the batch that opens it.
pub(super) fn enter(
    app: &App,
    session: &Session,
    (then, codes): (&Then, &[Secret<String>]),
    batch: &mut Batch,
    now: Time,
) -> Entered {
    let (secret, row) = browser::make(session, &app.ring, &app.rng);
    let next = next(then);
    let shown = (!codes.is_empty()).then(|| Shown::new(codes, &next, now).seal(session.id(), &app.ring, &app.rng));
    browsers::insert(batch, &row, shown.as_deref().map(|shown| (shown, now + SHOWN_FOR)));
    Entered {
        cookie: secret.text(),
        device: session.device().map(|device| super::session::device_token(app, device, session.user())),
        next,
        shows_codes: shown.is_some(),
    }
}

/// Gives the browser of a session another secret in the batch of its step-up.
pub(super) fn rise(app: &App, session: &Session, raised: &Raised, batch: &mut Batch) -> Answer<Risen> {
    let action = Action::parse(raised.action()).ok_or_else(|| Fault::Other("a step-up for nothing".to_owned()))?;
    let (secret, row) = browser::make(session, &app.ring, &app.rng);
    browsers::replace(batch, &row);
    Ok(Risen { cookie: secret.text(), action, target: raised.target().to_owned() })
}

/// What waits to be shown to this browser; `None` when nothing does, or no longer.
pub(crate) async fn shown(app: &App, caller: &Caller) -> Answer<Option<Shown>> {
    let id = caller.session.id();
    let Some(sealed) = browsers::shown(&app.store, id).await? else { return Ok(None) };
    Shown::open(&app.ring, id, &sealed, caller.now).map_err(|_| Refused::Fault(Fault::Seal("browser_shown")))
}

/// Its owner has saved what was shown: nobody sees it again (RCV-07).
pub(crate) async fn saved(app: &App, caller: &Caller) -> Answer<()> {
    let mut batch = Batch::new();
    browsers::saved(&mut batch, caller.session.id());
    commit(app, batch).await?;
    Ok(())
}

/// Leaves new recovery codes to be shown, in the batch that makes them.
pub(super) fn show(app: &App, caller: &Caller, codes: &[Secret<String>], batch: &mut Batch) {
    let (id, shown) = (caller.session.id(), Shown::new(codes, crate::page::url::ACCOUNT, caller.now));
    browsers::show(batch, id, &shown.seal(id, &app.ring, &app.rng), shown.until());
}

/// The token that the forms of a browser carry: bound to a cookie of its own, and to its session if it has one (SES-06,
/// SES-07). Who cannot read the cookie cannot make it; who can plant one has no key to make its token.
pub(crate) fn form_token(app: &App, browser: &Secret<String>, session: Option<&Secret<String>>) -> String {
    let session = session.map_or(&b""[..], |session| session.reveal().as_bytes());
    let tag = app.ring.form_tag(&[browser.reveal().as_bytes(), session]);
    hex(tag.as_bytes())
}

/// Whether a form carries the token of this browser; compared in constant time.
pub(crate) fn is_form_token(app: &App, sent: &str, browser: &Secret<String>, session: Option<&Secret<String>>) -> bool {
    let digest = |text: &str| poundlock_core::secret::Digest::of(text.as_bytes());
    digest(sent).matches(&digest(&form_token(app, browser, session)))
}

/// A new value for the cookie that forms are bound to.
pub(crate) fn new_browser(app: &App) -> Secret<String> {
    Secret::new(hex(&poundlock_core::secret::random_bytes::<32>(&app.rng)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
