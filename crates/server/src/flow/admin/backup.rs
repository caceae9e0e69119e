//! Copies the live store for an administrator. The master key is never in the copy: the manifest names it by its
//! fingerprint (CAR-04).

use poundlock_core::audit::Event;
use poundlock_core::backup::{Manifest, hex};
use poundlock_core::time::Time;
use poundlock_store::copy::{self, Manifested};
use poundlock_store::{Batch, migrations};

use super::super::{Answer, Fault, commit, now};
use super::{contended, record};
use crate::app::SharedApp;
use crate::journal::{Note, Origin};

/// The copy while it is made; removed when it is open, so that nothing is left of it.
const NAME: &str = "backup.tmp";

/// A finished copy, open for reading, that has no name any more.
pub(crate) struct Made {
    pub(crate) file: std::fs::File,
    pub(crate) bytes: u64,
}

/// Makes a copy as of now. Its record is in it.
pub(crate) async fn make(app: &SharedApp, origin: &Origin) -> Answer<Made> {
    let now = now(app, origin)?;
    let mut batch = Batch::new();
    record(&mut batch, &Note::new(app, origin, now), Event::BackupMade, None);
    if commit(app, batch).await?.is_none() {
        return Err(contended());
    }
    copy_now(app, now).await
}

async fn copy_now(app: &SharedApp, now: Time) -> Answer<Made> {
    let _alone = app.copying.lock().await;
    let path = app.config.data.join(NAME);
    // Left over from a server that was killed meanwhile.
    let _ = std::fs::remove_file(&path);
    let content = copy::write(&app.store, migrations::ALL, &path).await?;
    let manifest = Manifest {
        schema: migrations::ALL.last().map_or(0, |migration| migration.number),
        made_at_millis: now.millis(),
        issuer: app.issuer.clone(),
        master_key: app.master.load().fingerprint(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        content: hex(&content),
    };
    let (text, tag) = manifest.signed(&app.ring);
    copy::sign(&path, Manifested { text, tag }).await?;
    let opened = std::fs::File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let _ = std::fs::remove_file(&path);
    let (bytes, file) = opened.map_err(|error| Fault::Other(format!("opening the copy: {error}")))?;
    Ok(Made { file, bytes })
}
