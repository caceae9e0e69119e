//! `poundlock move`: moves a store, and shows that all of it arrived.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use poundlock_core::backup::hex;
use poundlock_store::StoreUrl;
use poundlock_store::copy::Sum;
use serde_json::{Value, json};

use super::table::Table;
use super::terminal::{read_text, say};
use super::{EXIT_CODES, Place, WrongCall, holds_password, refuse_nobody, start_log};
use crate::boot::DataLock;
use crate::clock::Clock;
use crate::config::Config;
use crate::relocation::relocate;

/// Move a store to another place or to PostgreSQL, and keep its sessions.
///
/// The old place is marked and is not served again. The way back is the same command with both places exchanged.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Move {
    /// Store to move: sqlite:PATH or postgres://…; default: the configured one.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Empty place to move it to: sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL", required_unless_present = "to_file")]
    to: Option<String>,
    /// File with that address, if there is a password in it.
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    to_file: Option<PathBuf>,
    /// Move a store that was moved before, because nobody was ever served at its new place.
    #[arg(long)]
    force: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Move {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let config = place.load()?;
        let (from, to) = self.places(&config)?;
        start_log(&config.log, true)?;
        refuse_nobody()?;
        if !config.data.exists() {
            bail!("there is no data folder {}: name it with --data", config.data.display());
        }
        let _lock = DataLock::take(&config.data)?
            .with_context(|| format!("a server runs on {}: stop it first", config.data.display()))?;
        let sums = relocate(&config, (&from, &to), self.force, Clock::start().wall()).await?;
        self.say((&from, &to), &sums)
    }

    /// The two places.
    fn places(&self, config: &Config) -> anyhow::Result<(StoreUrl, StoreUrl)> {
        let from = match &self.from {
            Some(from) => argument("--from", from)?,
            None => StoreUrl::parse(&config.store_url()).context("in [store] url")?,
        };
        let to = match (&self.to, &self.to_file) {
            (Some(to), _) => argument("--to", to)?,
            (None, Some(file)) => StoreUrl::parse(read_text(file)?.trim()).context("in the file of --to-file")?,
            (None, None) => return Err(WrongCall("name the new place with --to or --to-file".to_owned()).into()),
        };
        Ok((from, to))
    }

    fn say(&self, (from, to): (&StoreUrl, &StoreUrl), sums: &[Sum]) -> anyhow::Result<()> {
        if self.json {
            let tables =
                sums.iter().map(|sum| json!({ "table": sum.table, "rows": sum.rows, "digest": hex(&sum.digest) }));
            let told =
                json!({ "from": from.to_string(), "to": to.to_string(), "tables": tables.collect::<Vec<Value>>() });
            return say(&told.to_string());
        }
        let mut table = Table::new(&["TABLE", "ROWS", "DIGEST"]);
        for sum in sums {
            let digest: String = hex(&sum.digest).chars().take(16).collect();
            table.row(vec![sum.table.clone(), sum.rows.to_string(), digest]);
        }
        table.show("nothing")?;
        say(&format!("All of it was read back at {to} and is the same."))?;
        say("Name that place in [store] url. The old one is marked, and is not served again.")
    }
}

fn argument(name: &str, url: &str) -> anyhow::Result<StoreUrl> {
    if holds_password(url) {
        let why = "holds a password, and every user of this machine can read the arguments of a process";
        return Err(WrongCall(format!("{name} {why}: use [store] url, or --to-file for the new place")).into());
    }
    Ok(StoreUrl::parse(url)?)
}
