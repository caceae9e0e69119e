//! Copies the live store for an administrator. The master key is never in the copy: the manifest names it by its
//! fingerprint (CAR-04).

use std::path::Path;

use poundlock_core::audit::Event;
use poundlock_core::backup::{Manifest, hex};
use poundlock_core::time::Time;
use poundlock_store::copy::{self, Manifested};
use poundlock_store::{Batch, migrations};

use super::super::{Answer, Fault, commit, now, to_the_end};
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

/// Removes what a server that was killed left of a copy: it holds all that the store held then.
pub(crate) fn clear(data: &Path) {
    copy::remove(&data.join(NAME));
}

/// Makes a copy as of now, to its end even when the client hangs up, so that nothing is left of it. Its record follows
/// it: a log must not tell of a copy that nobody got.
pub(crate) async fn make(app: &SharedApp, origin: &Origin) -> Answer<Made> {
    let (shared, origin) = (SharedApp::clone(app), origin.clone());
    to_the_end(app.flows.begin(), async move {
        let now = now(&shared, &origin)?;
        let made = copy_now(&shared, now).await;
        // Copying takes its time, and the record is of its end.
        let note = Note::new(&shared, &origin, self::now(&shared, &origin)?);
        let mut batch = Batch::new();
        record(&mut batch, &note, if made.is_ok() { Event::BackupMade } else { Event::BackupFailed }, None);
        let recorded = commit(&shared, batch).await;
        // Why there is none says more than that this could not be recorded either.
        let made = made?;
        if recorded?.is_none() {
            return Err(contended());
        }
        Ok(made)
    })
    .await
}

/// A copy under way.
struct Unfinished<'a>(&'a Path);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        copy::remove(self.0);
    }
}

async fn copy_now(app: &SharedApp, now: Time) -> Answer<Made> {
    let _alone = app.copying.lock().await;
    clear(&app.config.data);
    let path = app.config.data.join(NAME);
    // Whatever fails, and also once it is open: nothing of it stays under its name.
    let _unfinished = Unfinished(&path);
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
    let (bytes, file) = opened.map_err(|error| Fault::Other(format!("opening the copy: {error}")))?;
    Ok(Made { file, bytes })
}
