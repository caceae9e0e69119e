//! `poundlock login`: the client alone. The token goes to standard output; all else to standard error.

mod browser;

use std::path::PathBuf;

use clap::Args;
use poundlock_core::secret::Secret;
use serde_json::{Value, json};

use super::show;
use super::terminal::{ask, ask_secret, bold, read_secret, tell};
use crate::client::{Client, text};

/// Log in to a server and show the token.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The server's issuer URL.
    #[arg(default_value = "http://localhost:8080")]
    issuer: String,
    /// Name to log in with.
    #[arg(long)]
    name: Option<String>,
    /// File with the password, or - for standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// File with a code of the authenticator app or a recovery code, or - for standard input.
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    /// Use a recovery code in place of the authenticator app.
    #[arg(long)]
    recovery: bool,
    /// Sign in with a browser, which comes back to a port of this machine.
    #[arg(long, conflicts_with_all = ["name", "password_file", "code_file", "recovery"])]
    browser: bool,
    /// Client to log in for.
    #[arg(long)]
    client: Option<String>,
    /// Audience of the token.
    #[arg(long)]
    audience: Option<String>,
    /// Print the whole token answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Login {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let client = Client::to(&self.issuer)?;
        if self.browser {
            let asked = (self.client.as_deref(), self.audience.as_deref());
            let tokens = browser::run(&client, &self.issuer, asked).await?;
            return self.show(&client, &tokens).await;
        }
        let name = self.name.clone().map_or_else(|| ask("Name:"), Ok)?;
        let password = secret(self.password_file.as_ref(), "Password:")?;
        let mut body = json!({ "name": name, "password": password.reveal() });
        if let Some(body) = body.as_object_mut() {
            let named = [("client", &self.client), ("audience", &self.audience)];
            let named = named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?))));
            body.extend(named);
        }
        let asked = client.post("/v1/login", &body).await?;
        let (path, question) = if self.recovery {
            ("/v1/login/recovery-code", "Recovery code:")
        } else {
            ("/v1/login/totp", "Code of the authenticator app:")
        };
        // A code of an app is shown while it is typed: it is read from another screen, and is good for seconds.
        let code = match &self.code_file {
            None if !self.recovery => ask(question).map(Secret::new)?,
            file => secret(file.as_ref(), question)?,
        };
        let step = json!({ "login": text(&asked, "login")?, "code": code.reveal().trim() });
        let tokens = client.post(path, &step).await?;
        self.show(&client, &tokens).await
    }

    async fn show(&self, client: &Client, tokens: &Value) -> anyhow::Result<()> {
        let token = text(tokens, "access_token")?;
        let audience = self.audience.as_deref().unwrap_or(show::AUDIENCE);
        let claims = show::verified(client, self.issuer.trim_end_matches('/'), audience, token).await?;
        if self.json {
            println!("{tokens}");
            return Ok(());
        }
        tell(&bold("Logged in. The claims, checked against the published keys:"));
        show::claims(&claims);
        println!("{token}");
        Ok(())
    }
}

fn secret(file: Option<&PathBuf>, question: &str) -> anyhow::Result<Secret<String>> {
    match file {
        Some(file) => read_secret(file),
        None => ask_secret(question),
    }
}
