//! `poundlock invite`: invites and tickets that can still be used. `poundlock user invite` makes one.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::table::{Table, cell, list, when};
use super::terminal::say;
use super::{EXIT_CODES, Place};
use crate::client::admin::{Admin, segment};

/// List and withdraw invites and tickets.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Invite {
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List invites and tickets that can still be used.
    List,
    /// Withdraw an invite or ticket.
    Withdraw(Which),
}

#[derive(Debug, Args)]
struct Which {
    /// Id of the invite or ticket.
    invite: String,
}

impl Invite {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        place.with_admin(async |admin| self.follow(admin).await).await
    }

    async fn follow(&self, admin: &Admin) -> anyhow::Result<()> {
        match &self.command {
            Command::List => self.list(&admin.get("/v1/admin/invites").await?),
            Command::Withdraw(which) => {
                admin.delete(&format!("/v1/admin/invites/{}", segment(&which.invite))).await?;
                if self.json {
                    return say(&json!({ "done": true }).to_string());
                }
                say(&format!("{} is withdrawn.", which.invite))
            }
        }
    }

    fn list(&self, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&answer.to_string());
        }
        let mut table = Table::new(&["INVITE", "KIND", "FOR", "MADE", "ENDS"]);
        for invite in list(answer, "invites") {
            let [id, kind, whom] = ["id", "kind", "for"].map(|key| cell(invite, key));
            table.row(vec![id, kind, whom, when(invite, "made_at"), when(invite, "expires_at")]);
        }
        table.show("No invite or ticket is open.")
    }
}
