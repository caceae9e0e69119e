//! `poundlock user`: invites, accounts, groups, lost factors.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::table::{Table, cell, list, when};
use super::terminal::{confirm, say, tell};
use super::{EXIT_CODES, Place};
use crate::client::admin::{Admin, segment};
use crate::client::text;

/// Invite, list and change users.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct User {
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an invite for a new user; it is shown once.
    Invite(Invite),
    /// List all users.
    List,
    /// Show a user with factors and counted attempts.
    Show(Who),
    /// Shut an account; its sessions end.
    Disable(Who),
    /// Open an account again.
    Enable(Who),
    /// Refill the budgets of wrong attempts.
    Unlock(Who),
    /// Delete an account.
    Delete(Sure),
    /// Remove all factors and codes after a loss, and make a ticket for a new factor.
    ResetFactor(Reset),
    /// Make a ticket with which a user enrols a factor; it is shown once.
    Ticket(Ticket),
    /// Groups of a user.
    #[command(subcommand)]
    Group(Group),
}

#[derive(Debug, Args)]
struct Who {
    /// Name or id of the user.
    user: String,
}

#[derive(Debug, Args)]
struct Sure {
    #[command(flatten)]
    who: Who,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
struct Invite {
    /// Name to log in with.
    name: String,
    /// What to call the person.
    #[arg(long)]
    display_name: Option<String>,
    /// Group to start in; may be given several times.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// How long the invite lives: 1 to 168 hours.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=168))]
    hours: i64,
}

#[derive(Debug, Args)]
struct Reset {
    #[command(flatten)]
    sure: Sure,
    /// Why; the audit log keeps it.
    #[arg(long)]
    reason: String,
    /// How long the ticket lives: 1 to 168 hours.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=168))]
    hours: i64,
}

#[derive(Debug, Args)]
struct Ticket {
    #[command(flatten)]
    who: Who,
    /// How long the ticket lives: 1 to 168 hours.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=168))]
    hours: i64,
}

#[derive(Debug, Subcommand)]
enum Group {
    /// Put a user into a group.
    Add(Membership),
    /// Take a user out of a group.
    Remove(Membership),
}

#[derive(Debug, Args)]
struct Membership {
    #[command(flatten)]
    who: Who,
    /// The group.
    group: String,
}

impl User {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        // Asked before anything is opened: nobody should hold the data folder while a person thinks.
        match &self.command {
            Command::Delete(Sure { who, yes }) => confirm(&format!("Delete {}?", who.user), *yes)?,
            Command::ResetFactor(Reset { sure: Sure { who, yes }, .. }) => {
                confirm(
                    &format!("Remove all factors and recovery codes of {}, and end all sessions?", who.user),
                    *yes,
                )?;
            }
            _ => {}
        }
        place.with_admin(async |admin| self.follow(admin).await).await
    }

    async fn follow(&self, admin: &Admin) -> anyhow::Result<()> {
        match &self.command {
            Command::Invite(invite) => self.invite(admin, invite).await,
            Command::List => self.list(admin).await,
            Command::Show(who) => self.show(&admin.get(&who.path("")).await?),
            Command::Disable(who) => self.change(admin, who, "disable", "is disabled; all sessions have ended").await,
            Command::Enable(who) => self.change(admin, who, "enable", "is enabled").await,
            Command::Unlock(who) => self.change(admin, who, "unlock", "has all attempts again").await,
            Command::Delete(Sure { who, .. }) => {
                admin.delete(&who.path("")).await?;
                self.done(&who.user, "is deleted; all sessions have ended")
            }
            Command::ResetFactor(reset) => {
                let body = json!({ "reason": reset.reason, "life_seconds": reset.hours * 3600 });
                self.secret(&admin.post(&reset.sure.who.path("/reset-factor"), &body).await?, "ticket")
            }
            Command::Ticket(ticket) => {
                let body = json!({ "life_seconds": ticket.hours * 3600 });
                self.secret(&admin.post(&ticket.who.path("/ticket"), &body).await?, "ticket")
            }
            Command::Group(Group::Add(member)) => {
                admin.send(reqwest::Method::PUT, &member.path(), None).await?;
                self.done(&member.who.user, &format!("is in {} now", member.group))
            }
            Command::Group(Group::Remove(member)) => {
                admin.delete(&member.path()).await?;
                self.done(&member.who.user, &format!("is out of {} now", member.group))
            }
        }
    }

    async fn invite(&self, admin: &Admin, invite: &Invite) -> anyhow::Result<()> {
        let body = json!({
            "name": invite.name,
            "display_name": invite.display_name,
            "groups": invite.group,
            "life_seconds": invite.hours * 3600,
        });
        self.secret(&admin.post("/v1/admin/invites", &body).await?, "invite")
    }

    async fn list(&self, admin: &Admin) -> anyhow::Result<()> {
        let mut users = Vec::new();
        let mut path = "/v1/admin/users?limit=1000".to_owned();
        loop {
            let page = admin.get(&path).await?;
            users.extend(list(&page, "users").cloned());
            let Some(next) = page.get("next").and_then(Value::as_str) else { break };
            path = format!("/v1/admin/users?limit=1000&after={next}");
        }
        if self.json {
            return say(&json!({ "users": users }).to_string());
        }
        let mut table = Table::new(&["NAME", "DISPLAY NAME", "STATE", "GROUPS", "LAST LOGIN", "ID"]);
        for user in &users {
            let [name, display, state, groups] = ["name", "display_name", "state", "groups"].map(|key| cell(user, key));
            table.row(vec![name, display, state, groups, when(user, "last_login_at"), cell(user, "id")]);
        }
        table.show("There is no user yet: `poundlock user invite NAME` makes an invite.")
    }

    fn show(&self, user: &Value) -> anyhow::Result<()> {
        if self.json {
            return say(&user.to_string());
        }
        for (label, key) in
            [("Name", "name"), ("Display name", "display_name"), ("State", "state"), ("Groups", "groups")]
        {
            say(&format!("{label:<15} {}", cell(user, key)))?;
        }
        for (label, key) in [("Id", "id"), ("Subject", "sub"), ("Recovery codes", "recovery_codes_left")] {
            say(&format!("{label:<15} {}", cell(user, key)))?;
        }
        say(&format!("{:<15} {}", "Made", when(user, "made_at")))?;
        say(&format!("{:<15} {}\n", "Last login", when(user, "last_login_at")))?;
        let mut factors = Table::new(&["FACTOR", "LABEL", "MADE", "USED", "ID"]);
        for factor in list(user, "factors") {
            let (made, used) = (when(factor, "made_at"), when(factor, "used_at"));
            factors.row(vec![cell(factor, "kind"), cell(factor, "label"), made, used, cell(factor, "id")]);
        }
        factors.show("No second factor: this user cannot log in. `poundlock user ticket` lets them enrol one.")?;
        say("")?;
        let mut attempts = Table::new(&["ATTEMPTS", "BY", "TRIED", "LIMIT"]);
        for spent in list(user, "attempts") {
            attempts.row(["factor", "lane", "tried", "limit"].map(|key| cell(spent, key)).to_vec());
        }
        attempts.show("")
    }

    async fn change(&self, admin: &Admin, who: &Who, verb: &str, says: &str) -> anyhow::Result<()> {
        admin.send(reqwest::Method::POST, &who.path(&format!("/{verb}")), None).await?;
        self.done(&who.user, says)
    }

    /// A secret goes to standard output, alone; what it is for goes beside it.
    fn secret(&self, made: &Value, name: &str) -> anyhow::Result<()> {
        if self.json {
            return say(&made.to_string());
        }
        let (whose, until) = (cell(made, "name"), when(made, "expires_at"));
        tell(&format!(
            "An {} for {whose}, shown only now, good once until {until}:",
            if name == "invite" { "invite" } else { "enrolment ticket" }
        ));
        say(text(made, name)?)
    }

    fn done(&self, who: &str, says: &str) -> anyhow::Result<()> {
        if self.json { say(&json!({ "done": true }).to_string()) } else { say(&format!("{who} {says}.")) }
    }
}

impl Who {
    fn path(&self, rest: &str) -> String {
        format!("/v1/admin/users/{}{rest}", segment(&self.user))
    }
}

impl Membership {
    fn path(&self) -> String {
        self.who.path(&format!("/groups/{}", segment(&self.group)))
    }
}
