//! `poundlock device`: the devices that a user has logged in on.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::table::{Table, cell, list, when};
use super::terminal::say;
use super::{EXIT_CODES, Place};
use crate::client::admin::{Admin, segment};

/// List and revoke the known devices of a user.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Device {
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List a user's known devices.
    List(Who),
    /// Make a device a stranger.
    Revoke(One),
}

#[derive(Debug, Args)]
struct Who {
    /// Name or id of the user.
    user: String,
}

#[derive(Debug, Args)]
struct One {
    #[command(flatten)]
    who: Who,
    /// Id of the device.
    device: String,
}

impl Device {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        place.with_admin(async |admin| self.follow(admin).await).await
    }

    async fn follow(&self, admin: &Admin) -> anyhow::Result<()> {
        match &self.command {
            Command::List(who) => self.list(&admin.get(&who.path()).await?),
            Command::Revoke(one) => {
                admin.delete(&format!("{}/{}", one.who.path(), segment(&one.device))).await?;
                if self.json {
                    return say(&json!({ "done": true }).to_string());
                }
                say(&format!("{} is a stranger now.", one.device))
            }
        }
    }

    fn list(&self, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&answer.to_string());
        }
        let mut table = Table::new(&["DEVICE", "KNOWN SINCE", "USED", "REVOKED", "FAILS"]);
        for device in list(answer, "devices") {
            let [made, used, revoked] = ["made_at", "used_at", "revoked_at"].map(|key| when(device, key));
            table.row(vec![cell(device, "id"), made, used, revoked, cell(device, "fails")]);
        }
        table.show("No device is known.")
    }
}

impl Who {
    fn path(&self) -> String {
        format!("/v1/admin/users/{}/devices", segment(&self.user))
    }
}
