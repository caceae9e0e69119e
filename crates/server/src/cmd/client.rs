//! `poundlock client`: the applications that may ask for tokens. Specifications are JSON, from a file or standard input.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::audience::ALGORITHMS;
use super::table::{Table, cell, list};
use super::terminal::{read_text, say, tell};
use super::{EXIT_CODES, Place};
use crate::client::admin::{Admin, segment};

/// What can be added.
const KINDS: [&str; 4] = ["first_party", "public", "confidential", "service"];

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
    Add(Box<Add>),
    /// Change a client.
    Change(Change),
    /// Make a confidential client another secret, and show it once.
    RotateSecret(Rotate),
    /// Remove a client; its sessions end.
    Remove(Which),
}

/// A client, by a file or by options.
#[derive(Debug, Args)]
struct Add {
    /// File with the specification, or - for standard input.
    #[arg(required_unless_present = "id", conflicts_with = "id")]
    file: Option<PathBuf>,
    /// Id of the client.
    #[arg(long)]
    id: Option<String>,
    /// What people see it called.
    #[arg(long, requires = "id")]
    name: Option<String>,
    /// In a browser or on a phone (public), on a server (confidential), or one's own (first_party).
    #[arg(long, requires = "id", default_value = "public", value_parser = KINDS)]
    kind: String,
    /// Service that it gets tokens for; the first one is the default.
    #[arg(long = "audience", value_name = "AUDIENCE", requires = "id", default_value = "api")]
    audiences: Vec<String>,
    /// Scope word that it may ask for.
    #[arg(long = "scope", value_name = "SCOPE", requires = "id")]
    scopes: Vec<String>,
    /// Where a browser may be sent back to.
    #[arg(long = "redirect-uri", value_name = "URI", requires = "id")]
    redirect_uris: Vec<String>,
    /// Where a browser may be sent back to after a logout.
    #[arg(long = "post-logout-uri", value_name = "URI", requires = "id")]
    post_logout_redirect_uris: Vec<String>,
    /// Where word of a session's end is posted to.
    #[arg(long = "backchannel-uri", value_name = "URI", requires = "id")]
    backchannel_logout_uri: Option<String>,
    /// Browser origin that may call with JavaScript.
    #[arg(long = "origin", value_name = "ORIGIN", requires = "id")]
    origins: Vec<String>,
    /// Group that its tokens may show.
    #[arg(long = "group", value_name = "GROUP", requires = "id")]
    groups_released: Vec<String>,
    /// What its ID tokens are signed with.
    #[arg(long, value_name = "ALG", requires = "id", value_parser = ALGORITHMS)]
    id_token_alg: Option<String>,
    /// A confidential client that is the operator's own: its users are not asked for consent.
    #[arg(long, requires = "id")]
    trusted: bool,
}

#[derive(Debug, Args)]
struct Rotate {
    #[command(flatten)]
    which: Which,
    /// How long the secrets before it work on, in hours.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=720))]
    keep_hours: u32,
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
            Command::Add(add) => add.spec()?,
            Command::Change(Change { spec, .. }) => spec.read()?,
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
            Command::RotateSecret(Rotate { which, keep_hours }) => {
                let body = json!({ "keep_seconds": keep_hours * 3600 });
                let kept = admin.post(&format!("{}/secret", which.path()), &body).await?;
                self.kept(&kept, "given another secret")
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
        match kept.get("secret").and_then(Value::as_str) {
            Some(secret) => {
                tell(&format!("{id} is {verb}. Its secret is shown this once:"));
                say(secret)
            }
            None => say(&format!("{id} is {verb}; it is at version {}.", cell(kept, "version"))),
        }
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

impl Add {
    fn spec(&self) -> anyhow::Result<Value> {
        if let Some(file) = &self.file {
            return Spec { file: file.clone() }.read();
        }
        let mut spec = json!({ "id": self.id, "kind": self.kind, "audiences": self.audiences });
        let lists = [
            ("scopes", &self.scopes),
            ("redirect_uris", &self.redirect_uris),
            ("post_logout_redirect_uris", &self.post_logout_redirect_uris),
            ("origins", &self.origins),
            ("groups_released", &self.groups_released),
        ];
        let texts = [
            ("name", &self.name),
            ("backchannel_logout_uri", &self.backchannel_logout_uri),
            ("id_token_alg", &self.id_token_alg),
        ];
        if let Some(spec) = spec.as_object_mut() {
            spec.extend(lists.into_iter().map(|(name, list)| (name.to_owned(), json!(list))));
            spec.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))));
            if self.trusted {
                spec.insert("trusted".to_owned(), json!(true));
            }
        }
        Ok(spec)
    }
}

impl Spec {
    fn read(&self) -> anyhow::Result<Value> {
        let text = read_text(&self.file)?;
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", self.file.display()))
    }
}
