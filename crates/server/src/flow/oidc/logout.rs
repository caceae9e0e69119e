//! Logout at the wish of a client: at once when its hint is of the very session of this browser, else only after the
//! user was asked. A link of anybody's must not sign people out.

use poundlock_core::oidc::Params;
use poundlock_core::oidc::logout::{Farewell, Hint, farewell};

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
    let now = super::super::now(app, origin)?;
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
    let farewell = client.map(|client| farewell(params, client, now));
    let Some(caller) = caller else { return Ok(Way::Done(farewell)) };
    let is_its_session = client.is_some() && hint.is_some_and(|hint| hint.sid == caller.session.id());
    if !is_its_session {
        return Ok(Way::Ask(farewell));
    }
    end(app, &caller, None, origin).await?;
    Ok(Way::Done(farewell))
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
