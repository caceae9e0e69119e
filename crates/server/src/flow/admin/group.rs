//! Groups of a user. The group of administrators never loses its last member who can log in.

use poundlock_core::audit::{Event, Key};
use poundlock_core::user::ADMINS;
use poundlock_store::{Batch, audit, user as users};

use super::super::{Answer, Fault, Refused, commit, now};
use super::{ACTOR, Admins, TRIES, contended, find, note_about};
use crate::app::App;
use crate::journal::{Note, Origin};

/// Puts a user into a group, which is made if it is new.
pub(crate) async fn add(app: &App, who: &str, group: &str, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    super::invite::check_groups(std::slice::from_ref(&group.to_owned()))?;
    let account = find(app, who).await?;
    if account.user.groups.iter().any(|has| has == group) {
        return Err(Refused::Conflicting(format!("{} is in {group} already.", account.user.name)));
    }
    let mut batch = Batch::new();
    users::join(&mut batch, account.user.id, group);
    written(&mut batch, &note_about(app, origin, now, &account), (Key::New, group));
    match commit(app, batch).await? {
        Some(_) => Ok(()),
        // Deleted meanwhile.
        None => Err(contended()),
    }
}

/// Takes a user out of a group.
pub(crate) async fn remove(app: &App, who: &str, group: &str, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    let id = find(app, who).await?.user.id;
    for _ in 0..TRIES {
        let (admins, account) = Admins::beside(app, id).await?;
        let note = note_about(app, origin, now, &account);
        if !account.user.groups.iter().any(|has| has == group) {
            return Err(Refused::Missing(format!("{} is not in {group}.", account.user.name)));
        }
        let version = if group == ADMINS {
            admins.refuse_last(app, &note, &account).await?;
            admins.version
        } else {
            users::group_version(&app.store, group)
                .await?
                .ok_or_else(|| Fault::Other("a group without a row".to_owned()))?
        };
        let mut batch = Batch::new();
        users::leave(&mut batch, account.user.id, group, version);
        written(&mut batch, &note, (Key::Old, group));
        if commit(app, batch).await?.is_some() {
            return Ok(());
        }
    }
    Err(contended())
}

fn written(batch: &mut Batch, note: &Note<'_>, (key, group): (Key, &str)) {
    let event = if group == ADMINS { Event::AdminChanged } else { Event::UserChanged };
    audit::record(batch, &note.record(event).with(Key::Actor, ACTOR).with(key, group));
}
