//! What users have allowed clients: listed, and taken back (RFT-12).

use poundlock_core::audit::{Event, Key};
use poundlock_core::time::Time;
use poundlock_store::{Batch, audit, code, consent, refresh, user};

use super::super::session::Caller;
use super::super::{Answer, Denial, commit, refuse_unrecorded};
use crate::app::App;
use crate::journal::{Note, Origin};

/// What one client may do.
#[derive(Debug)]
pub(crate) struct Allowed {
    pub(crate) client: String,
    pub(crate) name: String,
    /// None where the client is one that asks nobody.
    pub(crate) scope: Option<String>,
    /// The services that it may have tokens for so.
    pub(crate) audiences: Vec<String>,
    pub(crate) given_at: Option<Time>,
    /// Whether it has tokens of a live session now.
    pub(crate) is_signed_in: bool,
}

/// Every client that the caller has allowed something, or is signed in to.
pub(crate) async fn list(app: &App, caller: &Caller) -> Answer<Vec<Allowed>> {
    let (user, registry) = (caller.account.user.id, app.registry.load());
    let signed_in = refresh::clients_of_user(&app.store, user, caller.now).await?;
    let name = |id: &str| registry.client(Some(id)).map_or_else(|| id.to_owned(), |client| client.name.clone());
    let mut grants: Vec<Allowed> = Vec::new();
    for row in consent::of_user(&app.store, user).await? {
        let is_signed_in = signed_in.contains(&row.client);
        let name = name(&row.client);
        grants.push(Allowed {
            client: row.client,
            name,
            scope: Some(row.scope),
            audiences: row.audiences.split(' ').map(str::to_owned).collect(),
            given_at: Some(row.given_at),
            is_signed_in,
        });
    }
    for client in signed_in {
        if !grants.iter().any(|grant| grant.client == client) {
            let (name, audiences) = (name(&client), Vec::new());
            grants.push(Allowed { client, name, scope: None, audiences, given_at: None, is_signed_in: true });
        }
    }
    Ok(grants)
}

/// Takes back what a client was allowed, and ends its tokens. The session goes on, for the others.
pub(crate) async fn revoke(app: &App, caller: &Caller, client: &str, origin: &Origin) -> Answer<()> {
    let known = list(app, caller).await?;
    if !known.iter().any(|grant| grant.client == client) {
        return Err(refuse_unrecorded(origin, Denial::Gone));
    }
    let user = &caller.account.user;
    let note = Note::new(app, origin, caller.now).about(user).client(client);
    let mut batch = Batch::new();
    user::stands(&mut batch, user.id, user.version);
    consent::delete(&mut batch, user.id, client);
    code::end_of_user(&mut batch, user.id);
    refresh::end_of_grant(&mut batch, user.id, client, caller.now, "grant_revoked");
    let record = note.record(Event::ConsentRevoked).within(caller.session.id()).with(Key::Target, client);
    audit::record(&mut batch, &record);
    match commit(app, batch).await? {
        Some(_) => Ok(()),
        None => Err(refuse_unrecorded(origin, Denial::SessionEnded)),
    }
}
