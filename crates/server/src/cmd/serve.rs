//! `poundlock serve`: serves what is set up, and sets nothing up.

use anyhow::{Context, bail};
use clap::Args;

use super::{Listening, Place};
use crate::boot::{DataLock, MasterSource, load_master};
use crate::serving::Serving;
use crate::systemd::Passed;

/// Serve.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    listening: Listening,
}

impl Serve {
    pub(crate) async fn run(self, place: &Place, passed: Passed) -> anyhow::Result<()> {
        let mut config = place.load()?;
        self.listening.apply(&mut config)?;
        config.check()?;
        let _log = crate::log::start_serving(&config, false)?;
        refuse_nobody()?;
        let lock = DataLock::take(&config.data)?.with_context(|| {
            format!("another server runs on {}: stop it first, or name another folder", config.data.display())
        })?;
        let Some((master, source)) = load_master(&config)? else {
            bail!(
                "there is no master key: name one in [master_key] file, in POUNDLOCK_MASTER_KEY or as the systemd \
                 credential poundlock-master-key; `poundlock up` makes one for a first try"
            );
        };
        if source == MasterSource::DataFolder {
            tracing::warn!(
                "the master key lies in the data folder it protects: move it out, and name it in [master_key] file"
            );
        }
        let mut serving = Serving::start_on(passed, config, master, lock).await?;
        serving.hear_signals()?;
        serving.hear_reload()?;
        tracing::info!("serving {} on {}", serving.app.issuer, serving.place);
        serving.until_told().await
    }
}

/// A core dump would hold the opened keys in the clear.
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be forbidden");
    }
}

/// The user `nobody` is shared by whatever else has no user of its own, so its files and sockets are everybody's.
pub(crate) fn refuse_nobody() -> anyhow::Result<()> {
    forbid_core_dumps();
    if rustix::process::geteuid().as_raw() == 65534 {
        bail!("running as the user nobody (65534), which other programs share: make a user for Poundlock");
    }
    Ok(())
}
