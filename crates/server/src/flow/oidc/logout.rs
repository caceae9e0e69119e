//! Logout at the wish of a client: at once when its hint is of the very session of this browser, else only after the
//! user was asked. A link of anybody's must not sign people out.

use poundlock_core::id::SessionId;
use poundlock_core::oidc::Params;
use poundlock_core::oidc::logout::{Farewell, Hint, farewell};
use poundlock_core::time::Time;

use super::super::Answer;
use super::super::session::{Caller, end};
use crate::app::App;
use crate::journal::Origin;

/// What becomes of a wish to log out.
#[derive(Debug)]
pub(crate) enum Way {
    /// Nobody is signed in any more.
    Done(Option<Farewell>),
    /// Ask first.
    Ask(Option<Farewell>),
}

/// Decides, and ends the session where nobody must be asked.
pub(crate) async fn begin(app: &App, params: &Params, caller: Option<Caller>, origin: &Origin) -> Answer<Way> {
    let (farewell, hinted) = read(app, params, super::super::now(app, origin)?);
    let Some(caller) = caller else { return Ok(Way::Done(farewell)) };
    if hinted != Some(caller.session.id()) {
        return Ok(Way::Ask(farewell));
    }
    end(app, &caller, None, origin).await?;
    Ok(Way::Done(farewell))
}

/// Decides where it is not known yet who is signed in: the page that asks finds out.
pub(crate) fn ask(app: &App, params: &Params, origin: &Origin) -> Answer<Way> {
    let (farewell, _) = read(app, params, super::super::now(app, origin)?);
    Ok(Way::Ask(farewell))
}

/// Where it ends, and the session that the hint of a known client names.
fn read(app: &App, params: &Params, now: Time) -> (Option<Farewell>, Option<SessionId>) {
    let hint = params.one("id_token_hint");
    let hint = hint.and_then(|text| Hint::read(text, &app.issuer, &app.keys.load().published));
    let named = params.one("client_id");
    let registry = app.registry.load();
    // A hint and a name that differ are of two clients: neither is believed.
    let client = match (&hint, named) {
        (Some(hint), Some(named)) if hint.client() != named => None,
        (Some(hint), _) => registry.client(Some(hint.client())),
        (None, named) => named.and_then(|named| registry.client(Some(named))),
    };
    (client.map(|client| farewell(params, client, now)), hint.filter(|_| client.is_some()).map(|hint| hint.sid))
}

/// A farewell for the address of a page.
pub(crate) fn sealed(app: &App, farewell: &Farewell) -> String {
    farewell.seal(&app.ring, &app.rng)
}

/// A farewell that came back by the address of a page.
pub(crate) fn returned(app: &App, text: Option<&str>, origin: &Origin) -> Option<Farewell> {
    let now = super::super::now(app, origin).ok()?;
    Farewell::open(text?, now, &app.ring)
}
