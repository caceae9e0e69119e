//! `poundlock key`: signing keys, and the master key. A master key goes in as a file, never as an argument.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use poundlock_core::seal::MasterKey;
use serde_json::{Value, json};

use super::audience::ALGORITHMS;
use super::table::{Table, cell, list, when};
use super::terminal::{confirm, say, tell};
use super::{EXIT_CODES, Place};
use crate::boot::{read_master, write_master_to};
use crate::client::admin::{Admin, segment};
use crate::rng::SystemRng;

/// List, rotate and revoke signing keys; make and rotate the master key.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Key {
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List signing keys with their states and dates.
    List,
    /// Let the next key sign now, before its turn.
    Rotate(Rotate),
    /// Take a leaked key out of the key set: every token under it dies.
    Revoke(Revoke),
    /// The key that wraps all others.
    #[command(subcommand)]
    Master(Master),
}

#[derive(Debug, Args)]
struct Rotate {
    /// The algorithm of the key.
    #[arg(value_parser = ALGORITHMS)]
    alg: String,
    /// Do not wait until services have learnt the next key; some may refuse good tokens for a while.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct Revoke {
    /// Id of the key; `kid` in tokens. It may begin with a hyphen.
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Subcommand)]
enum Master {
    /// Write a new random master key to a new file.
    New(New),
    /// Wrap the data keys under another master key.
    Rotate(RotateMaster),
}

#[derive(Debug, Args)]
struct New {
    /// The file to write; it must not exist yet.
    file: PathBuf,
}

#[derive(Debug, Args)]
struct RotateMaster {
    /// File with the new master key, as `key master new` writes it.
    #[arg(long, value_name = "FILE")]
    new_key_file: PathBuf,
}

impl Key {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        match &self.command {
            Command::Master(Master::New(new)) => return self.new_master(new),
            Command::Master(Master::Rotate(rotate)) => {
                // Read before anything is opened: what does not read changes nothing.
                let new = read_master(&rotate.new_key_file)?;
                return place.with_admin(async |admin| self.rotate_master(admin, &new).await).await;
            }
            Command::Revoke(Revoke { kid, yes }) => confirm(&format!("Revoke {kid}? Its tokens die."), *yes)?,
            Command::List | Command::Rotate(_) => {}
        }
        place.with_admin(async |admin| self.follow(admin).await).await
    }

    async fn follow(&self, admin: &Admin) -> anyhow::Result<()> {
        match &self.command {
            Command::Rotate(rotate) => {
                let body = json!({ "alg": rotate.alg, "force": rotate.force });
                self.rotated(&rotate.alg, &admin.post("/v1/admin/keys/rotate", &body).await?)
            }
            Command::Revoke(Revoke { kid, .. }) => {
                admin.send(reqwest::Method::POST, &format!("/v1/admin/keys/{}/revoke", segment(kid)), None).await?;
                if self.json {
                    return say(&json!({ "done": true }).to_string());
                }
                say(&format!(
                    "{kid} is revoked. Services refuse its tokens once they fetch the keys anew, within 60 s."
                ))
            }
            Command::List | Command::Master(_) => self.list(&admin.get("/v1/admin/keys").await?),
        }
    }

    fn list(&self, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&answer.to_string());
        }
        let mut table = Table::new(&["KEY", "ALGORITHM", "STATE", "MADE", "SIGNS SINCE", "RETIRED", "GONE"]);
        for key in list(answer, "keys") {
            let mut row = ["kid", "alg", "state"].map(|name| cell(key, name)).to_vec();
            row.extend(["made_at", "current_at", "retired_at", "gone_at"].map(|name| when(key, name)));
            table.row(row);
        }
        table.show("There is no signing key yet.")?;
        tell(&format!("Master key: {}", cell(answer, "master_key")));
        Ok(())
    }

    fn rotated(&self, alg: &str, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&answer.to_string());
        }
        if answer.get("rotated").and_then(Value::as_bool) == Some(true) {
            return say(&format!("Another {alg} key signs now; the old one stays published for its last tokens."));
        }
        let from = when(answer, "possible_from");
        say(&format!("The next {alg} key is published. Services know it from {from}: rotate again then, or --force."))
    }

    fn new_master(&self, new: &New) -> anyhow::Result<()> {
        let key = MasterKey::random(&SystemRng::new());
        write_master_to(&new.file, &key)?;
        if self.json {
            return say(&json!({ "master_key": key.fingerprint() }).to_string());
        }
        say(&format!("{} holds the new master key {}.", new.file.display(), key.fingerprint()))
    }

    async fn rotate_master(&self, admin: &Admin, new: &MasterKey) -> anyhow::Result<()> {
        let answer = admin.post("/v1/admin/keys/master", &json!({ "new_key": *new.to_hex() })).await?;
        if self.json {
            return say(&answer.to_string());
        }
        let (old, new) = (cell(&answer, "old"), cell(&answer, "new"));
        say(&format!(
            "The data keys are wrapped by {new} now. Put it where {old} was, on every node, before its next start."
        ))
    }
}
