//! `poundlock session`: who is logged in, and the end of it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::table::{Table, cell, list, when};
use super::terminal::{confirm, say};
use super::{EXIT_CODES, Place};
use crate::client::admin::{Admin, segment};

/// List and end sessions.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Sessions {
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the live sessions of a user.
    List(Who),
    /// End one session.
    End(One),
    /// End every session of a user, or of everyone.
    EndAll(All),
}

#[derive(Debug, Args)]
struct Who {
    /// Name or id of the user.
    user: String,
}

#[derive(Debug, Args)]
struct One {
    /// Id of the session; `sid` in tokens.
    session: String,
}

#[derive(Debug, Args)]
struct All {
    /// Name or id of the user.
    #[arg(required_unless_present = "everyone", conflicts_with = "everyone")]
    user: Option<String>,
    /// End the sessions of all users.
    #[arg(long)]
    everyone: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl Sessions {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        if let Command::EndAll(All { everyone: true, yes, .. }) = &self.command {
            confirm("End every session of every user?", *yes)?;
        }
        place.with_admin(async |admin| self.follow(admin).await).await
    }

    async fn follow(&self, admin: &Admin) -> anyhow::Result<()> {
        match &self.command {
            Command::List(who) => self.list(&admin.get(&of(&who.user)).await?),
            Command::End(one) => {
                admin.delete(&format!("/v1/admin/sessions/{}", segment(&one.session))).await?;
                self.done(&format!("{} has ended.", one.session))
            }
            Command::EndAll(all) => match &all.user {
                Some(user) => {
                    admin.delete(&of(user)).await?;
                    self.done(&format!("All sessions of {user} have ended."))
                }
                None => {
                    admin.delete("/v1/admin/sessions").await?;
                    self.done("All sessions have ended.")
                }
            },
        }
    }

    fn list(&self, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&answer.to_string());
        }
        let mut table = Table::new(&["SESSION", "CLIENT", "OPENED", "USED", "ENDS"]);
        for row in list(answer, "sessions") {
            let [opened, used, ends] = ["opened_at", "used_at", "expires_at"].map(|key| when(row, key));
            table.row(vec![cell(row, "session"), cell(row, "client"), opened, used, ends]);
        }
        table.show("No session is live.")
    }

    fn done(&self, says: &str) -> anyhow::Result<()> {
        if self.json { say(&json!({ "done": true }).to_string()) } else { say(says) }
    }
}

fn of(user: &str) -> String {
    format!("/v1/admin/users/{}/sessions", segment(user))
}
