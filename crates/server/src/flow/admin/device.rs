//! Known devices as an administrator revokes them: from then on they are strangers.

use poundlock_core::audit::Event;
use poundlock_core::id::DeviceId;
use poundlock_store::{Batch, device};

use super::super::{Answer, Refused, commit, now};
use super::{find, note_about, record};
use crate::app::App;
use crate::journal::Origin;

/// The devices of a user.
pub(crate) async fn list(app: &App, who: &str) -> Answer<Vec<device::Listed>> {
    let user = find(app, who).await?.user;
    Ok(device::listed(&app.store, user.id).await?)
}

/// Revokes one device.
pub(crate) async fn revoke(app: &App, who: &str, id: DeviceId, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    let account = find(app, who).await?;
    let mut batch = Batch::new();
    device::revoke(&mut batch, id, account.user.id, now);
    record(&mut batch, &note_about(app, origin, now, &account), Event::DeviceRevoked, Some(id.to_string()));
    match commit(app, batch).await? {
        Some(_) => Ok(()),
        None => Err(Refused::Missing(format!("{} has no known device {id} that could be revoked.", account.user.name))),
    }
}
