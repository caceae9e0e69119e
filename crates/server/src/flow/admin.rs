//! What an administrator does through the admin socket. Each change is one batch with its record; nothing here sees or
//! sets a password, and nothing leaves the store without an administrator who can log in.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod client;
pub(crate) mod device;
pub(crate) mod group;
pub(crate) mod invite;
pub(crate) mod key;
pub(crate) mod master;
pub(crate) mod reset;
pub(crate) mod session;
pub(crate) mod user;

use poundlock_core::audit::{Event, Key};
use poundlock_core::id::UserId;
use poundlock_core::time::Time;
use poundlock_core::user::UserName;
use poundlock_store::Batch;
use poundlock_store::user::{self as users, Account};

use super::{Answer, Denial, Refused, refuse};
use crate::app::App;
use crate::journal::{Note, Origin};

/// Who did it: whoever may open the admin socket. It knows no names.
pub(super) const ACTOR: &str = "admin_socket";

/// How often a change is decided anew when something moved under it.
pub(super) const TRIES: usize = 5;

/// Finds a user by name or id.
pub(crate) async fn find(app: &App, text: &str) -> Answer<Account> {
    let found = match text.parse::<UserId>() {
        Ok(id) => users::by_id(&app.store, id).await?,
        Err(_) => match UserName::parse(text) {
            Ok(name) => users::resolve(&app.store, name.as_str(), no_one(app)).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| Refused::Missing(format!("There is no user {text:?}.")))
}

/// An id that nobody has, for reads that want one.
fn no_one(app: &App) -> UserId {
    UserId::new(Time::from_millis(0), &app.rng)
}

/// The administrators beside a user, as they stood at the moment the user was read.
pub(super) struct Admins {
    version: i64,
    others: i64,
}

impl Admins {
    /// Reads a user and the group at one moment.
    pub(super) async fn beside(app: &App, user: UserId) -> Answer<(Self, Account)> {
        let found = users::beside_admins(&app.store, user).await?;
        let (account, (version, others)) = found.ok_or_else(|| Refused::Missing(format!("{user} is gone.")))?;
        Ok((Self { version, others }, account))
    }

    /// Refuses to take away the last administrator who can log in.
    pub(super) async fn refuse_last(&self, app: &App, note: &Note<'_>, account: &Account) -> Answer<()> {
        if !account.user.is_admin() || !account.standing().active || self.others > 0 {
            return Ok(());
        }
        let record = note.record(Event::AccessRefused).with(Key::Rule, "last_admin").with(Key::Actor, ACTOR);
        Err(refuse(app, Batch::new(), record, Denial::LastOne, account.user.id.as_bytes()).await)
    }

    /// Guards that no administrator came or went since. Also for users who are none: they may become one meanwhile.
    pub(super) fn guard(&self, batch: &mut Batch) {
        if self.version > 0 {
            users::admins_unmoved(batch, self.version);
        }
    }
}

/// Puts the record of an administrator's change into its batch.
pub(super) fn record(batch: &mut Batch, note: &Note<'_>, event: Event, target: Option<String>) {
    let mut record = note.record(event).with(Key::Actor, ACTOR);
    if let Some(target) = target {
        record = record.with(Key::Target, target);
    }
    poundlock_store::audit::record(batch, &record);
}

/// What several tries in a row did not achieve.
pub(super) fn contended() -> Refused {
    Refused::Conflicting("Others are changing the same thing at this moment.".to_owned())
}

/// The note of a change to a user.
pub(super) fn note_about<'a>(app: &'a App, origin: &'a Origin, now: Time, account: &Account) -> Note<'a> {
    Note::new(app, origin, now).about(&account.user)
}
