//! Shuts, opens, unlocks and deletes accounts. What ends with an account ends in the same batch: its sessions, their
//! refresh tokens, its logins under way (T-34).

use poundlock_core::audit::Event;
use poundlock_core::user::UserState;
use poundlock_store::user as users;
use poundlock_store::{Batch, guard as counters};

use super::super::{Answer, Fault, Refused, commit, now};
use super::{Admins, TRIES, contended, find, note_about, record};
use crate::app::App;
use crate::journal::Origin;

/// Shuts an account.
pub(crate) async fn disable(app: &App, who: &str, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    let id = find(app, who).await?.user.id;
    for _ in 0..TRIES {
        let (admins, account) = Admins::beside(app, id).await?;
        if account.user.state == UserState::Disabled {
            return Err(already(&account.user.name, "disabled"));
        }
        let note = note_about(app, origin, now, &account);
        admins.refuse_last(app, &note, &account).await?;
        let mut batch = Batch::new();
        users::disable(&mut batch, account.user.id, account.user.version, now, "disabled");
        admins.guard(&mut batch);
        record(&mut batch, &note, Event::UserDisabled, None);
        if ended(app, batch).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// Opens an account again. Nothing that ended comes back.
pub(crate) async fn enable(app: &App, who: &str, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    for _ in 0..TRIES {
        let account = find(app, who).await?;
        if account.user.state == UserState::Active {
            return Err(already(&account.user.name, "enabled"));
        }
        let mut batch = Batch::new();
        users::enable(&mut batch, account.user.id, account.user.version);
        record(&mut batch, &note_about(app, origin, now, &account), Event::UserEnabled, None);
        if commit(app, batch).await?.is_some() {
            return Ok(());
        }
    }
    Err(contended())
}

/// Refills all budgets of the account: password and codes, strangers and known devices.
pub(crate) async fn unlock(app: &App, who: &str, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    let account = find(app, who).await?;
    let mut batch = Batch::new();
    for (_, _, budget) in super::user::budgets(app, account.user.id) {
        counters::clear(&mut batch, &budget);
    }
    record(&mut batch, &note_about(app, origin, now, &account), Event::UserUnlocked, None);
    app.store.commit(batch).await.map_err(Fault::Commit)?;
    Ok(())
}

/// Deletes an account. Its name and addresses in the log can then no longer be read by anyone.
pub(crate) async fn delete(app: &App, who: &str, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    let id = find(app, who).await?.user.id;
    for _ in 0..TRIES {
        let (admins, account) = Admins::beside(app, id).await?;
        let note = note_about(app, origin, now, &account);
        admins.refuse_last(app, &note, &account).await?;
        let mut batch = Batch::new();
        users::delete(&mut batch, account.user.id, account.user.version, now, "deleted");
        admins.guard(&mut batch);
        record(&mut batch, &note, Event::UserDeleted, None);
        if ended(app, batch).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// Commits a batch that ends sessions, and tells every node; `false` when it lost a race and nothing happened.
pub(super) async fn ended(app: &App, mut batch: Batch) -> Result<bool, Fault> {
    batch.notify(crate::status::TOPIC, "all");
    let done = commit(app, batch).await?.is_some();
    if done {
        // The notice comes a moment later; what this node answers next must know already.
        app.status.forget("all");
    }
    Ok(done)
}

fn already(name: &str, state: &str) -> Refused {
    Refused::Conflicting(format!("{name} is {state} already."))
}
