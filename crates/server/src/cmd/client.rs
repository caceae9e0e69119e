//! `poundlock client`: the applications that may ask for tokens. Specifications are JSON, from a file or standard input.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::table::{Table, cell, list};
use super::terminal::{read_text, say, tell};
use super::{EXIT_CODES, Place};
use crate::client::admin::{Admin, segment};

/// List and change the applications that may ask for tokens.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Client {
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all clients.
    List,
    /// Show one client's specification.
    Show(Which),
    /// Add a client.
    Add(Spec),
    /// Change a client.
    Change(Change),
    /// Remove a client; its sessions end.
    Remove(Which),
}

#[derive(Debug, Args)]
struct Which {
    /// Id of the client.
    client: String,
}

#[derive(Debug, Args)]
struct Spec {
    /// File with the specification, or - for standard input.
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    spec: Spec,
    /// Change it only if it is still at this version.
    #[arg(long)]
    version: Option<i64>,
}

impl Client {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let spec = match &self.command {
            Command::Add(spec) | Command::Change(Change { spec, .. }) => spec.read()?,
            _ => Value::Null,
        };
        place.with_admin(async |admin| self.follow(admin, &spec).await).await
    }

    async fn follow(&self, admin: &Admin, spec: &Value) -> anyhow::Result<()> {
        match &self.command {
            Command::List => self.list(&admin.get("/v1/admin/clients").await?),
            Command::Show(which) => self.show(&admin.get(&which.path()).await?),
            Command::Add(_) => self.kept(&admin.post("/v1/admin/clients", spec).await?, "added"),
            Command::Change(change) => {
                let id = spec.get("id").and_then(Value::as_str).context("the specification has no id")?;
                let at = change.version.map(|version| format!("?version={version}")).unwrap_or_default();
                let path = format!("/v1/admin/clients/{}{at}", segment(id));
                self.kept(&admin.send(Method::PUT, &path, Some(spec)).await?, "changed")
            }
            Command::Remove(which) => {
                admin.delete(&which.path()).await?;
                if self.json {
                    return say(&json!({ "done": true }).to_string());
                }
                say(&format!("{} is removed; its sessions have ended.", which.client))
            }
        }
    }

    fn list(&self, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&answer.to_string());
        }
        let mut table = Table::new(&["CLIENT", "KIND", "AUDIENCES", "VERSION"]);
        for kept in list(answer, "clients") {
            let spec = kept.get("client").unwrap_or(&Value::Null);
            table.row(vec![cell(spec, "id"), cell(spec, "kind"), cell(spec, "audiences"), cell(kept, "version")]);
        }
        table.show("There is no client: `poundlock client add FILE` adds one.")
    }

    /// The specification as it goes back into `change`, so that a redirect to a file gives one to edit.
    fn show(&self, kept: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&kept.to_string());
        }
        warn(kept);
        tell(&format!("Version {}:", cell(kept, "version")));
        say(&serde_json::to_string_pretty(kept.get("client").unwrap_or(&Value::Null))?)
    }

    fn kept(&self, kept: &Value, verb: &str) -> anyhow::Result<()> {
        warn(kept);
        if self.json {
            return say(&kept.to_string());
        }
        let id = kept.get("client").map_or_else(|| "-".to_owned(), |spec| cell(spec, "id"));
        say(&format!("{id} is {verb}; it is at version {}.", cell(kept, "version")))
    }
}

fn warn(kept: &Value) {
    for warning in list(kept, "warnings").filter_map(Value::as_str) {
        tell(&format!("Warning: {warning}"));
    }
}

impl Which {
    fn path(&self) -> String {
        format!("/v1/admin/clients/{}", segment(&self.client))
    }
}

impl Spec {
    fn read(&self) -> anyhow::Result<Value> {
        let text = read_text(&self.file)?;
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", self.file.display()))
    }
}
