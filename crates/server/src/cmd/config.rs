//! `poundlock config`: shows every setting, and checks those of this server.

use clap::{Args, Subcommand};
use serde_json::json;

use super::terminal::{say, tell};
use super::{EXIT_CODES, Place};
use crate::boot::{MasterSource, load_master};
use crate::config::{Config, example};

const IN_DATA_FOLDER: &str = "data folder";

/// Show and check the configuration.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Settings {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check file, environment and flags, without starting anything.
    Check(Check),
    /// Print a configuration file with every key and its default.
    Example,
}

#[derive(Debug, Args)]
struct Check {
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Settings {
    pub(crate) fn run(self, place: &Place) -> anyhow::Result<()> {
        match self.command {
            Command::Example => say(example().trim_end()),
            Command::Check(check) => {
                let config = place.load()?;
                config.check()?;
                crate::serving::refuse_long_socket(&config.admin_socket())?;
                report(&config, check.json)
            }
        }
    }
}

fn report(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let (socket, master) = (config.admin_socket(), master_of(config)?);
    // Not the store's address: it may hold a password.
    let engine = config.store_url().split(':').next().unwrap_or_default().to_owned();
    if as_json {
        let told = json!({
            "issuer": config.issuer(),
            "listen": config.listen.address,
            "data": config.data,
            "store": engine,
            "admin_socket": socket,
            "master_key": master,
        });
        return say(&told.to_string());
    }
    say("The configuration is sound.")?;
    say(&format!("  Issuer        {}", config.issuer()))?;
    say(&format!("  Listens on    {}", config.listen.address))?;
    say(&format!("  Data folder   {}", config.data.display()))?;
    say(&format!("  Store         {engine}"))?;
    say(&format!("  Admin socket  {}", socket.display()))?;
    say(&format!("  Master key    {master}"))?;
    if master == IN_DATA_FOLDER {
        tell("Warning: the master key lies in the data folder it protects; name a file elsewhere in [master_key].");
    }
    Ok(())
}

/// Where the master key is. One that does not read, or that others can read, is an error.
fn master_of(config: &Config) -> anyhow::Result<&'static str> {
    Ok(match load_master(config)?.map(|(_, source)| source) {
        None => "none yet",
        Some(MasterSource::Credential) => "systemd credential",
        Some(MasterSource::File(_)) => "file",
        Some(MasterSource::Variable) => "environment",
        Some(MasterSource::DataFolder) => IN_DATA_FOLDER,
    })
}
