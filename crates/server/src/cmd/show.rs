//! Verifies a token from the key set alone, as any service would, and shows its claims with a line of explanation each.

use anyhow::Context;
use poundlock_verify::{JwkSet, Seconds, Verifier};
use serde_json::Value;

use super::terminal::{bold, tell};
use crate::client::Client;
use crate::clock::Clock;
use crate::registry::DEFAULT_AUDIENCE;

/// Checks a token against the server's published keys.
pub(crate) async fn verified(client: &Client, issuer: &str, audience: &str, token: &str) -> anyhow::Result<Value> {
    let keys = JwkSet::parse(client.text("/.well-known/jwks.json").await?.as_bytes())?;
    let now = Seconds::new(Clock::start().wall().seconds());
    let claims = Verifier::new(issuer, audience).with_keys(keys).check(token, now)?;
    serde_json::to_value(claims).context("the claims do not read")
}

/// The audience of tokens that were asked for without one.
pub(crate) const AUDIENCE: &str = DEFAULT_AUDIENCE;

/// Shows the claims.
pub(crate) fn claims(claims: &Value) {
    let Some(claims) = claims.as_object() else { return };
    for (name, value) in claims {
        let shown = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        tell(&format!("  {:<10} {shown}", bold(name)));
        tell(&format!("             {}", meaning(name)));
    }
}

fn meaning(name: &str) -> &'static str {
    match name {
        "iss" => "who made the token: this server",
        "sub" => "whom it is about: a random name that tells nothing",
        "aud" => "the one service it is for",
        "client_id" => "the application that asked for it",
        "iat" => "when it was made, in seconds since 1970",
        "exp" => "when it ends: minutes from now",
        "jti" => "its own number, never used twice",
        "sid" => "the session it rests on",
        "scope" => "what it is good for",
        "auth_time" => "when the user last proved themselves in full",
        "acr" => "how strong that was: aal2 means two different kinds of factor",
        "amr" => "by what: password, one-time code, more than one factor",
        "groups" => "groups of the user that this application may see",
        "mfa_time" => "when the second factor was last proved",
        "status" => "where services see, without asking, whether the session was ended",
        _ => "see the documentation",
    }
}
