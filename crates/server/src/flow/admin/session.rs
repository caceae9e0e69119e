//! Sessions as an administrator ends them: one, all of a user, or all there are (SES-05).

use poundlock_core::audit::{Event, Key};
use poundlock_core::id::SessionId;
use poundlock_core::session::SessionRow;
use poundlock_core::user::UserRow;
use poundlock_store::{Batch, audit, login, refresh, session, user as users};

use super::super::{Answer, Refused, now};
use super::{ACTOR, TRIES, account, contended, find, note_about};
use crate::app::App;
use crate::journal::{Note, Origin};

/// Why they ended, in rows and records.
const REASON: &str = "ended_by_admin";

/// The live sessions of a user.
pub(crate) async fn list(app: &App, who: &str, origin: &Origin) -> Answer<(UserRow, Vec<SessionRow>)> {
    let now = now(app, origin)?;
    let user = find(app, who).await?.user;
    let live = session::live_of_user(&app.store, user.id, now).await?;
    Ok((user, live))
}

/// Ends one session.
pub(crate) async fn end(app: &App, id: SessionId, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    for _ in 0..TRIES {
        let row = session::by_id(&app.store, id).await?;
        let row = row.ok_or_else(|| Refused::Missing(format!("There is no session {id}.")))?;
        if row.ended_at.is_some() {
            return Err(Refused::Conflicting("This session has ended already.".to_owned()));
        }
        let account = users::by_id(&app.store, row.user).await?;
        let note = Note::new(app, origin, now).about_maybe(account.as_ref().map(|account| &account.user));
        let mut batch = Batch::new();
        session::lives(&mut batch, id, row.version);
        session::end(&mut batch, id, now, REASON);
        refresh::end_of_session(&mut batch, id, now, REASON);
        let record = note.record(Event::SessionEnded).within(id).with(Key::Rule, REASON).with(Key::Actor, ACTOR);
        audit::record(&mut batch, &record);
        if account::ended(app, batch).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// Ends every session and login of a user. A refresh family lives no longer than its session.
pub(crate) async fn end_of_user(app: &App, who: &str, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    for _ in 0..TRIES {
        let found = find(app, who).await?;
        let note = note_about(app, origin, now, &found);
        let mut batch = Batch::new();
        // The account's row first: a login about to commit holds it, and what follows then sees its session.
        users::changed(&mut batch, found.user.id, found.user.version);
        session::end_of_user(&mut batch, found.user.id, now, REASON);
        login::end_of_user(&mut batch, found.user.id);
        audit::record(&mut batch, &note.record(Event::SessionEnded).with(Key::Rule, REASON).with(Key::Actor, ACTOR));
        if account::ended(app, batch).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// Ends every session and login of everyone.
pub(crate) async fn end_of_everyone(app: &App, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    let mut batch = Batch::new();
    session::end_all(&mut batch, now, REASON);
    refresh::end_all(&mut batch, now, REASON);
    login::end_all(&mut batch);
    let record = Note::new(app, origin, now).record(Event::SessionEnded);
    audit::record(&mut batch, &record.with(Key::Rule, "all_ended_by_admin").with(Key::Actor, ACTOR));
    account::ended(app, batch).await?;
    Ok(())
}
