//! `poundlock token verify`: explains a token, check by check, with the pipeline that services use. The token comes from
//! a file or standard input, and nothing in it chooses where keys come from.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use poundlock_verify::{ACCESS_TOKEN_TYP, Check, JwkSet, Outcome, Seconds, Verifier};
use serde_json::{Value, json};

use super::terminal::{bold_out, read_secret, read_text, say};
use super::{EXIT_CODES, Place};
use crate::client::Client;
use crate::clock::Clock;
use crate::registry::DEFAULT_AUDIENCE;

/// Explain tokens.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Token {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a token as a service does, and tell each check; exit code 1 when it does not pass.
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Verify {
    /// File with the token, or - for standard input.
    file: PathBuf,
    /// The issuer it must name; default: this server's.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The audience it must name.
    #[arg(long, default_value = DEFAULT_AUDIENCE)]
    audience: String,
    /// The key set: a file, or an address; default: the issuer's.
    #[arg(long, value_name = "FILE|URL")]
    jwks: Option<String>,
    /// The kind of token.
    #[arg(long = "type", value_name = "TYPE", default_value = ACCESS_TOKEN_TYP, value_parser = [ACCESS_TOKEN_TYP])]
    kind: String,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Token {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let Command::Verify(verify) = self.command;
        verify.run(place).await
    }
}

impl Verify {
    async fn run(self, place: &Place) -> anyhow::Result<()> {
        let issuer = match &self.issuer {
            Some(issuer) => issuer.clone(),
            None => place.load()?.issuer(),
        };
        let token = read_secret(&self.file)?;
        let keys = self.keys(&issuer).await?;
        let keys = JwkSet::parse(keys.as_bytes()).context("the key set")?;
        let now = Seconds::new(Clock::start().wall().seconds());
        let checks = Verifier::new(issuer, &self.audience).with_keys(keys).explain(token.reveal().trim(), now);
        let passes = checks.iter().all(|check| check.outcome == Outcome::Passed);
        self.tell(&checks, passes)?;
        if passes { Ok(()) } else { bail!("the token does not pass") }
    }

    async fn keys(&self, issuer: &str) -> anyhow::Result<String> {
        let at = self.jwks.clone().unwrap_or_else(|| format!("{issuer}/.well-known/jwks.json"));
        if at.starts_with("https://") || at.starts_with("http://") {
            Client::to(&at)?.text("").await
        } else {
            read_text(Path::new(&at))
        }
    }

    fn tell(&self, checks: &[Check], passes: bool) -> anyhow::Result<()> {
        if self.json {
            let told: Vec<Value> = checks.iter().map(one).collect();
            return say(&json!({ "passes": passes, "type": self.kind, "checks": told }).to_string());
        }
        for check in checks {
            let (word, detail) = match check.outcome {
                Outcome::Passed => ("ok", check.detail.as_str()),
                Outcome::Failed(_) => ("FAILED", check.detail.as_str()),
                Outcome::NotReached => ("-", "not reached"),
            };
            say(&format!("{word:<6}  {}  {detail}", bold_out(&format!("{:<10}", check.name))))?;
        }
        Ok(())
    }
}

fn one(check: &Check) -> Value {
    let (outcome, reject) = match check.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Failed(reject) => ("failed", Some(reject.code())),
        Outcome::NotReached => ("not_reached", None),
    };
    json!({ "name": check.name, "outcome": outcome, "reject": reject, "detail": check.detail })
}
