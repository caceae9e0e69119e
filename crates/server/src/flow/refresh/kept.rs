//! A refresh token that was kept while its owner proved a factor again: rotated when the proof is complete.

use poundlock_core::audit::{Event, Key};
use poundlock_core::guard::Guessable;
use poundlock_core::id::{DeviceId, LoginId, SessionId};
use poundlock_core::login::Fresh;
use poundlock_core::refresh::{self, Decision, Facts, Presented, RefreshToken};
use poundlock_core::secret::Secret;
use poundlock_core::time::Time;
use poundlock_store::user::Account;
use poundlock_store::{Batch, audit, refresh as families, session};

use super::{Asked, By, Loaded, Wish, denial_of, denied, facts, load, tokens};
use crate::app::App;
use crate::flow::session::Outcome;
use crate::flow::{Answer, Denial, Fault, Refused, commit, refuse, refuse_unrecorded};
use crate::journal::{Note, Origin};

/// The second factor was proved again: the session goes on, and the token that was kept is rotated.
pub(crate) async fn freshen(
    app: &App,
    note: &Note<'_>,
    (fresh, login, audience): (Fresh, LoginId, String),
    (account, spent, used): (&Account, Batch, Option<DeviceId>),
) -> Answer<Outcome> {
    let presented =
        Presented::from_stored(&app.ring, &login, fresh.token()).map_err(|_| Fault::Seal("refresh in a login"))?;
    let ended = || Refused::Denied { denial: Denial::SessionEnded, reference: String::new(), login: None };
    let loaded = load(app, &presented.token).await?.ok_or_else(ended)?;
    let registry = app.registry.load();
    let client = registry.client(Some(loaded.family.client())).ok_or_else(ended)?;
    let (now, at) = (note.now(), fresh.at());
    let facts = Facts {
        mfa_time: at,
        mfa_max_age: client.mfa_max_age,
        ..facts(app, &loaded, (Some(client), By::Holder), note.origin(), now)
    };
    let wish = Wish { audience: Some(audience), scope: None };
    let asked = Asked { note, client, by: By::Holder, wish: &wish, token: &presented.token };
    let mut batch = crate::flow::account_first(account.user.id, account.user.version, spent);
    crate::flow::login::clear_reproved(app, &mut batch, account.user.id, (Guessable::Totp, used), now);
    let decision = refresh::rotate_after_reproof(&loaded.family, &presented, &facts, &app.rng);
    let (token, event) = match decision {
        Decision::Rotate(rotation) => {
            families::rotate(&mut batch, &rotation);
            (rotation.next, Event::RefreshRotated)
        }
        Decision::Retry(retry) => {
            families::retry(&mut batch, &retry);
            (retry.successor, Event::RefreshRetried)
        }
        refused => return Err(not_freshened(app, &asked, &loaded, (refused, batch)).await),
    };
    let Loaded { family, session, account: owner } = loaded;
    let session = match event {
        Event::RefreshRotated => Loaded::used(session, &family, client, now),
        _ => session,
    };
    let loaded = Loaded { family, session: session.freshened(fresh).ok_or_else(ended)?, account: owner };
    session::changed(&mut batch, &loaded.session.row(&app.ring, &app.rng));
    audit::record(&mut batch, &note.record(event).within(loaded.session.id()).with(Key::Rule, "reproved"));
    match commit(app, batch).await? {
        Some(_) => tokens(app, &asked, &loaded, &token).map(|refreshed| Outcome::from_opened(refreshed.opened)),
        None => Err(lost(app, note, account).await),
    }
}

/// Keeps a refresh token that was sent along with a step-up, sealed to the login that will replace it.
pub(in crate::flow) fn keep(
    app: &App,
    text: &Secret<String>,
    login: &LoginId,
    origin: &Origin,
    now: Time,
) -> Answer<Vec<u8>> {
    let token = RefreshToken::parse(&app.ring, text).map_err(|_| refuse_unrecorded(origin, Denial::BadRefresh))?;
    Ok(Presented { token, at: now }.to_stored(&app.ring, login, &app.rng))
}

/// Replaces the kept token in the batch that completes the step-up. A copy of the old one is a used-up token from then
/// on, and whoever shows it ends the session.
pub(in crate::flow) async fn replace_kept(
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
    let client = registry.client(Some(loaded.family.client())).ok_or_else(ended)?;
    let who = (Some(client), By::Holder);
    let facts = Facts { mfa_time: note.now(), ..facts(app, &loaded, who, note.origin(), note.now()) };
    let wish = Wish::default();
    let asked = Asked { note, client, by: By::Holder, wish: &wish, token: &presented.token };
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
