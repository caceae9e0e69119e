//! `poundlock restore`: asks before it replaces anything, and says what ended.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use poundlock_core::audit::utc;
use serde_json::json;

use super::terminal::{confirm, say, tell};
use super::{EXIT_CODES, Listening, Place, refuse_nobody, start_log};
use crate::boot::{DataLock, load_master};
use crate::clock::Clock;
use crate::restore::{Restored, Wish, restore};

/// Make a store from a backup, and end all sessions.
///
/// All sessions, logins, invites and tickets end, recovery codes are void, signing keys are replaced, and codes of
/// authenticator apps are taken again three minutes later: nothing that was used since the backup can be used again.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Restore {
    /// The backup.
    file: PathBuf,
    /// Store to make: sqlite:PATH or postgres://…; default: the configured one.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Leave recovery codes as they were at the backup, those used since included.
    #[arg(long)]
    keep_codes: bool,
    /// Put a store that is in the place aside.
    #[arg(long)]
    replace: bool,
    /// Go on although the audit log in the backup does not hold.
    #[arg(long)]
    damaged_audit: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let mut config = place.load()?;
        Listening { listen: None, store: self.store.clone() }.apply(&mut config)?;
        config.check()?;
        start_log(&config.log, true)?;
        refuse_nobody()?;
        let data = config.data.display().to_string();
        let _lock = DataLock::take(&config.data)?
            .with_context(|| format!("a server runs on {data}: stop it first, for a restore replaces its store"))?;
        let Some((master, _)) = load_master(&config)? else {
            bail!(
                "there is no master key here: name the one that the backup was made under in [master_key] file; a lost \
                 master key cannot be replaced"
            );
        };
        if self.replace {
            confirm("Replace the store that is in place? What happened in it since the backup is lost.", self.yes)?;
        }
        let wish = Wish { keep_codes: self.keep_codes, replace: self.replace, damaged_audit: self.damaged_audit };
        let done = restore(&config, (&self.file, wish), &master, Clock::start()).await?;
        self.say(&done)
    }

    fn say(&self, done: &Restored) -> anyhow::Result<()> {
        done.notes.iter().for_each(|note| tell(note));
        let made = utc(done.manifest.made_at());
        if self.json {
            let told = json!({
                "made_at": done.manifest.made_at().seconds(),
                "issuer": done.manifest.issuer,
                "codes_from": done.codes_from.seconds(),
                "recovery_codes": if self.keep_codes { "kept" } else { "void" },
                "notes": done.notes,
            });
            return say(&told.to_string());
        }
        say(&format!("The store is as it was at {made}, but for what a restore ends:"))?;
        say("  sessions, logins, invites, tickets  ended: everybody logs in again")?;
        say("  tokens that were issued             die: services must fetch the new keys")?;
        say(&format!("  codes of authenticator apps         taken again from {}", utc(done.codes_from)))?;
        let codes =
            if self.keep_codes { "kept, also those used since the backup" } else { "void: users make new ones" };
        say(&format!("  recovery codes                      {codes}"))?;
        say("Users disabled, passwords changed and factors removed since then are as before: look at them.")
    }
}
