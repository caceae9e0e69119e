//! `up --json`: the same steps with nobody there. The code is computed from the seed that was just made.

use poundlock_core::secret::Secret;
use serde_json::{Value, json};
use totp_rs::Totp;

use super::super::show;
use super::{accept, invite};
use crate::client::{Client, text};
use crate::clock::Clock;
use crate::serving::Serving;

/// Enrols the first administrator and gives the object that `--json` prints.
pub(super) async fn run(
    serving: &Serving,
    client: &Client,
    name: &str,
    password: &Secret<String>,
) -> anyhow::Result<Value> {
    let invite = invite(serving, name).await?;
    let accepted = accept(client, &invite, password.reveal()).await?;
    let login = text(&accepted, "login")?;
    let offered = client.post("/v1/login/enrol/totp", &json!({ "login": login })).await?;
    let uri = text(&offered, "uri")?;
    let seconds = u64::try_from(Clock::start().wall().seconds())?;
    let code = Totp::from_url(uri)?.generate(seconds).to_string();
    let mut tokens = client.post("/v1/login/enrol/totp/confirm", &json!({ "login": login, "code": code })).await?;
    let issuer = &serving.app.issuer;
    show::verified(client, issuer, show::AUDIENCE, text(&tokens, "access_token")?).await?;
    let codes = tokens.as_object_mut().and_then(|answer| answer.remove("recovery_codes"));
    Ok(json!({
        "issuer": issuer,
        "name": text(&accepted, "name")?,
        "totp_uri": uri,
        "recovery_codes": codes,
        "tokens": tokens,
    }))
}
