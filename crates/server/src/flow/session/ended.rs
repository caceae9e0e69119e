//! The account API's sessions: found by an access token or a refresh token, listed, ended.

use poundlock_core::audit::{Event, Key};
use poundlock_core::id::SessionId;
use poundlock_core::invite::EnrolRight;
use poundlock_core::secret::Secret;
use poundlock_core::session::{Session, SessionRow};
use poundlock_core::time::Time;
use poundlock_store::user::Account;
use poundlock_store::{Batch, refresh, session, user};
use poundlock_verify::Seconds;

use super::super::{Answer, Denial, Fault, commit, refuse_unrecorded};
use crate::app::App;
use crate::journal::{Note, Origin};

/// Who calls the account API, and in which session.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) account: Account,
    pub(crate) session: Session,
    pub(crate) now: Time,
}

impl Caller {
    /// Whether the session was opened by a recovery code and may still enrol its one factor.
    pub(crate) fn may_enrol(&self) -> bool {
        EnrolRight::by_recovery(&self.session, self.now).is_some()
    }
}

/// Reads the caller from an access token for the account audience. The session is looked up as well: here, where
/// factors can be changed, an ended session must not have its token's last minutes.
pub(crate) async fn of_token(app: &App, token: &Secret<String>, origin: &Origin) -> Answer<Caller> {
    let now = super::super::now(app, origin)?;
    let refused = || refuse_unrecorded(origin, Denial::Unauthenticated);
    let claims = app.keys.load().account.check(token.reveal(), Seconds::new(now.seconds())).map_err(|_| refused())?;
    let id: SessionId = claims.sid.parse().map_err(|_| refused())?;
    let row = session::by_id(&app.store, id).await?.ok_or_else(refused)?;
    let session = Session::from_row(&app.ring, &row).map_err(|_| Fault::Seal("session"))?;
    let account = user::by_id(&app.store, session.user()).await?.ok_or_else(refused)?;
    let live = session.lives(now) && account.standing().active && claims.sub == account.user.subject.as_str();
    if live { Ok(Caller { account, session, now }) } else { Err(refused()) }
}

/// The caller's live sessions.
pub(crate) async fn list(app: &App, caller: &Caller) -> Answer<Vec<SessionRow>> {
    Ok(session::live_of_user(&app.store, caller.account.user.id, caller.now).await?)
}

/// Ends one of the caller's sessions, the present one by default.
pub(crate) async fn end(app: &App, caller: &Caller, which: Option<SessionId>, origin: &Origin) -> Answer<()> {
    let id = which.unwrap_or_else(|| caller.session.id());
    let row = session::by_id(&app.store, id).await?;
    let Some(row) = row.filter(|row| row.user == caller.account.user.id) else {
        return Err(refuse_unrecorded(origin, Denial::Gone));
    };
    let note = Note::new(app, origin, caller.now).about(&caller.account.user);
    end_one(app, &note, row.id, row.status.0).await
}

/// Ends one session and its refresh families; ended already is as good.
pub(crate) async fn end_one(app: &App, note: &Note<'_>, id: SessionId, status_list: i64) -> Answer<()> {
    let mut batch = Batch::new();
    session::end(&mut batch, id, note.now(), "signed_out");
    refresh::end_of_session(&mut batch, id, note.now(), "signed_out");
    let record = note.record(Event::SessionEnded).within(id).with(Key::Rule, "signed_out");
    poundlock_store::audit::record(&mut batch, &record);
    batch.notify(crate::status::TOPIC, status_list.to_string());
    commit(app, batch).await?;
    Ok(())
}

/// Ends all other sessions of the caller.
pub(crate) async fn end_others(app: &App, caller: &Caller, origin: &Origin) -> Answer<()> {
    let note = Note::new(app, origin, caller.now).about(&caller.account.user);
    let mut batch = Batch::new();
    session::end_others(&mut batch, caller.account.user.id, caller.session.id(), caller.now, "signed_out_elsewhere");
    note.write(&mut batch, Event::SessionEnded);
    batch.notify(crate::status::TOPIC, "all");
    commit(app, batch).await?;
    Ok(())
}
