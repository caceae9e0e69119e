//! Makes invites for new users and tickets for existing ones.

use poundlock_core::audit::Event;
use poundlock_core::id::InviteId;
use poundlock_core::invite::{self, new_user};
use poundlock_core::secret::Secret;
use poundlock_core::time::{Span, Time};
use poundlock_core::user::UserName;
use poundlock_store::{Batch, invite as rows, user};

use super::super::{Answer, Denial, Fault, Refused, commit, refuse_unrecorded};
use super::record;
use super::reset::life_of;
use crate::app::App;
use crate::journal::{Note, Origin};

/// What an administrator asks for.
#[derive(Debug)]
pub(crate) struct Invitation {
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) life: Option<Span>,
}

/// An invite to hand over; its secret is shown once.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) invite: Secret<String>,
    pub(crate) id: InviteId,
    pub(crate) name: String,
    pub(crate) expires_at: Time,
}

/// Longest group name, in bytes.
const GROUP_BYTES_MAX: usize = 64;

/// Makes an invite for a new user.
pub(crate) async fn make(app: &App, invitation: Invitation, origin: &Origin) -> Answer<Made> {
    let now = super::super::now(app, origin)?;
    let life = life_of(invitation.life)?;
    let name = UserName::parse(&invitation.name).map_err(|bad| Refused::Unusable(bad.to_string()))?;
    check_groups(&invitation.groups)?;
    if !user::name_is_free(&app.store, name.as_str()).await? {
        return Err(refuse_unrecorded(origin, Denial::NameTaken));
    }
    let display_name = invitation.display_name.unwrap_or_else(|| invitation.name.trim().to_owned());
    let purpose = new_user(&name, &display_name, invitation.groups);
    let (secret, row) = invite::make(&purpose, life, now, &app.ring, &app.rng);
    let mut batch = Batch::new();
    rows::insert(&mut batch, &row);
    record(&mut batch, &Note::new(app, origin, now), Event::InviteMade, Some(row.id.to_string()));
    app.store.commit(batch).await.map_err(Fault::Commit)?;
    Ok(Made { invite: secret.text(), id: row.id, name: name.as_str().to_owned(), expires_at: row.expires_at })
}

/// Withdraws an invite or ticket: it gives no right from now on, also where it was accepted and not completed.
pub(crate) async fn withdraw(app: &App, id: InviteId, origin: &Origin) -> Answer<()> {
    let now = super::super::now(app, origin)?;
    let mut batch = Batch::new();
    rows::spend(&mut batch, id, now);
    record(&mut batch, &Note::new(app, origin, now), Event::InviteWithdrawn, Some(id.to_string()));
    match commit(app, batch).await? {
        Some(_) => Ok(()),
        None => Err(Refused::Missing(format!("There is no invite {id} that could still be used."))),
    }
}

/// Refuses group names that could not be told apart or would not fit a token.
pub(super) fn check_groups(groups: &[String]) -> Answer<()> {
    let good = |group: &String| {
        !group.is_empty()
            && group.len() <= GROUP_BYTES_MAX
            && group.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
    };
    match groups.iter().find(|group| !good(group)) {
        Some(bad) => Err(Refused::Unusable(format!(
            "{bad:?} is no group: a group has 1 to {GROUP_BYTES_MAX} of a-z, 0-9, '.', '_' and '-'"
        ))),
        None => Ok(()),
    }
}

/// Invites that can still be used.
pub(crate) async fn live(app: &App, origin: &Origin) -> Answer<Vec<invite::InviteRow>> {
    let now = super::super::now(app, origin)?;
    Ok(rows::live(&app.store, now).await?)
}
