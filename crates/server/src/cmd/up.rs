//! `poundlock up`: from an empty folder to a verified token. A client of invite, enrol and confirm over HTTP, like
//! every other; only the invite comes from inside.

mod guide;
mod script;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use super::terminal::{self, say, tell};
use super::{Listening, Place};
use crate::boot::{DataLock, load_master, write_master};
use crate::client::{Client, text};
use crate::config::Config;
use crate::rng::SystemRng;
use crate::serving::Serving;

/// Set up a server, make its first administrator, and serve.
#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    listening: Listening,
    /// No terminal: print one JSON object when the token is verified, then serve.
    #[arg(long, requires_all = ["name", "password_file"])]
    json: bool,
    /// Name of the first administrator.
    #[arg(long)]
    name: Option<String>,
    /// File with the password, or - for standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Up {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let mut config = place.load()?;
        self.listening.apply(&mut config)?;
        let _log = crate::log::start_serving(&config, !self.json)?;
        super::serve::refuse_nobody()?;
        let mut serving = start(config).await?;
        let client = serving.own_client()?;
        if poundlock_store::user::count(&serving.app.store).await? == 0 {
            self.first_login(&mut serving, &client).await?;
        } else if self.json {
            serving.hear_signals()?;
            say(&json!({ "issuer": serving.app.issuer }).to_string())?;
        }
        serving.hear_signals()?;
        tell(&format!("Serving {} on {} (Ctrl-C ends it).", serving.app.issuer, serving.place));
        serving.until_told().await
    }

    async fn first_login(&self, serving: &mut Serving, client: &Client) -> anyhow::Result<()> {
        if self.json {
            let (Some(name), Some(file)) = (&self.name, &self.password_file) else {
                bail!("--json needs --name and --password-file");
            };
            let done = script::run(serving, client, name, &terminal::read_secret(file)?).await?;
            serving.hear_signals()?;
            return say(&done.to_string());
        }
        if !terminal::is_interactive() {
            bail!(
                "there is no terminal to set up the first administrator on: use --json with --name and --password-file"
            );
        }
        guide::run(serving, client, self.name.as_deref()).await
    }
}

/// Starts a server, with a master key in the data folder if there is none at all.
async fn start(config: Config) -> anyhow::Result<Serving> {
    let lock = DataLock::take(&config.data)?.with_context(|| {
        format!("another server runs on {}: stop it first, or name another folder with --data", config.data.display())
    })?;
    let master = match load_master(&config)? {
        Some((master, _)) => master,
        None if config.listen.address.ip().is_loopback() => write_master(&config.data, &SystemRng::new())?,
        None => bail!("there is no master key: name one in [master_key] file; `up` makes one on loopback only"),
    };
    Serving::start(config, master, lock).await
}

/// Makes the first administrator's invite, through the same router as the command line.
async fn invite(serving: &Serving, name: &str) -> anyhow::Result<String> {
    let admin = Client::over(&serving.app.config.admin_socket())?;
    let body = json!({ "name": name, "groups": [poundlock_core::user::ADMINS] });
    let made = admin.post("/v1/admin/invites", &body).await?;
    text(&made, "invite").map(str::to_owned)
}

/// Accepts the invite.
async fn accept(client: &Client, invite: &str, password: &str) -> anyhow::Result<Value> {
    client.post("/v1/invite/accept", &json!({ "invite": invite, "password": password })).await
}
