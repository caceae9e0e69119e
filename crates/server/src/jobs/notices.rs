//! Hears of changes made here or on another node, and forgets what they made old.

use std::time::Duration;

use poundlock_store::Notice;
use tokio::sync::{broadcast, watch};

use crate::app::SharedApp;
use crate::registry::Registry;
use crate::status;

/// The topic of notices that clients or audiences have changed.
pub(crate) const REGISTRY: &str = "registry";

/// How soon a change that could not be read is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Listens until the server stops.
pub(crate) async fn listen(app: SharedApp, stop: watch::Receiver<bool>) {
    let notices = app.store.listen();
    hear_all(app, notices, stop).await;
}

/// Takes over what has changed, whether or not anybody said so, every minute: a notice can be lost on its way, and a
/// change that is heard of while the store does not answer cannot be read.
pub(crate) async fn poll(app: SharedApp) -> anyhow::Result<()> {
    reload(&app).await
}

/// Hears what comes until the server stops.
pub(crate) async fn hear_all(
    app: SharedApp,
    mut notices: broadcast::Receiver<Notice>,
    mut stop: watch::Receiver<bool>,
) {
    let mut missed = false;
    loop {
        let notice = tokio::select! {
            notice = Notice::next(&mut notices) => notice,
            () = tokio::time::sleep(AGAIN), if missed => Some(Notice::FlushAll),
            _ = stop.changed() => return,
        };
        let Some(notice) = notice else { return };
        let heard = hear(&app, &notice).await;
        if let Err(error) = &heard {
            tracing::error!(
                error = format!("{error:#}"),
                ?notice,
                "a change could not be taken over; again in a second"
            );
        }
        missed = heard.is_err() || missed && notice != Notice::FlushAll;
    }
}

/// Takes over one change.
pub(crate) async fn hear(app: &SharedApp, notice: &Notice) -> anyhow::Result<()> {
    match notice {
        Notice::Message { topic, payload } if topic == status::TOPIC => app.status.forget(payload),
        Notice::Message { topic, .. } if topic == super::keys::TOPIC => super::keys::load(app).await?,
        Notice::Message { topic, .. } if topic == REGISTRY => reload(app).await?,
        Notice::Message { .. } => {}
        Notice::FlushAll => {
            app.status.forget("all");
            super::keys::load(app).await?;
            reload(app).await?;
        }
    }
    Ok(())
}

/// Loads the registry, and makes the keys that a new audience asks for.
pub(crate) async fn reload(app: &SharedApp) -> anyhow::Result<()> {
    let registry = Registry::load(&app.store, &app.issuer).await?;
    app.registry.store(std::sync::Arc::new(registry));
    super::keys::turn_and_load(SharedApp::clone(app)).await
}
