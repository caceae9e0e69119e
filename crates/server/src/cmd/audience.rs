//! `poundlock audience`: the services that tokens are for, and what theirs are signed with.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::table::{Table, cell, list};
use super::terminal::say;
use super::{EXIT_CODES, Place};
use crate::client::admin::{Admin, segment};

/// The algorithms that tokens can be signed with.
pub(super) const ALGORITHMS: [&str; 3] = ["ES256", "RS256", "EdDSA"];

/// List and change the services that tokens are for.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Audience {
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all audiences.
    List,
    /// Add an audience, or give it another algorithm.
    Set(Set),
    /// Remove an audience that no client names.
    Remove(Which),
}

#[derive(Debug, Args)]
struct Which {
    /// The `aud` of its tokens.
    audience: String,
}

#[derive(Debug, Args)]
struct Set {
    #[command(flatten)]
    which: Which,
    /// What its tokens are signed with.
    #[arg(long, default_value = "ES256", value_parser = ALGORITHMS)]
    alg: String,
}

impl Audience {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        place.with_admin(async |admin| self.follow(admin).await).await
    }

    async fn follow(&self, admin: &Admin) -> anyhow::Result<()> {
        match &self.command {
            Command::List => self.list(&admin.get("/v1/admin/audiences").await?),
            Command::Set(set) => {
                admin.send(Method::PUT, &set.which.path(), Some(&json!({ "alg": set.alg }))).await?;
                self.done(&format!("Tokens for {} are signed with {}.", set.which.audience, set.alg))
            }
            Command::Remove(which) => {
                admin.delete(&which.path()).await?;
                self.done(&format!("{} is removed.", which.audience))
            }
        }
    }

    fn list(&self, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&answer.to_string());
        }
        let mut table = Table::new(&["AUDIENCE", "ALGORITHM"]);
        for audience in list(answer, "audiences") {
            table.row(vec![cell(audience, "name"), cell(audience, "alg")]);
        }
        table.show("There is no audience: `poundlock audience set NAME` adds one.")
    }

    fn done(&self, says: &str) -> anyhow::Result<()> {
        if self.json { say(&json!({ "done": true }).to_string()) } else { say(says) }
    }
}

impl Which {
    fn path(&self) -> String {
        format!("/v1/admin/audiences/{}", segment(&self.audience))
    }
}
