//! Looks at the certificate's files, again and again and when it is told to. What is not sound never takes the place of
//! what is.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;

use crate::app::SharedApp;
use crate::tls::Certificates;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks until the server stops.
pub(crate) async fn look_after(certificates: Arc<Certificates>, app: SharedApp, stop: Receiver<bool>) {
    super::every(LOOK_EVERY, stop, app, |app| {
        let certificates = Arc::clone(&certificates);
        async move {
            look(&certificates, &app).await;
            Ok(())
        }
    })
    .await;
}

/// Looks once.
pub(crate) async fn look(certificates: &Arc<Certificates>, app: &SharedApp) {
    let (looking, now) = (Arc::clone(certificates), app.time.now().ok());
    // A look that panics is told by the runtime, and the certificate in use stays.
    let _ = tokio::task::spawn_blocking(move || looking.look(now)).await;
    app.metrics.certificate(certificates.until());
}
