//! Verifies a token from the key set alone, as any service would, and shows its claims with a line of explanation each.

#[cfg(test)]
mod tests;

use anyhow::Context;
use poundlock_verify::{JwkSet, Seconds, Verifier};
use serde_json::Value;

use super::terminal::{bold, tell};
use crate::client::Client;
use crate::clock::Clock;
use crate::registry::DEFAULT_AUDIENCE;

/// Checks a token against the server's published keys.
pub(crate) async fn verified(client: &Client, issuer: &str, audience: &str, token: &str) -> anyhow::Result<Value> {
    verified_at(client, (issuer, audience), token, Seconds::new(Clock::start().wall().seconds())).await
}

async fn verified_at(
    client: &Client,
    (issuer, audience): (&str, &str),
    token: &str,
    now: Seconds,
) -> anyhow::Result<Value> {
    let keys = JwkSet::parse(client.text("/.well-known/jwks.json").await?.as_bytes())?;
    let claims = Verifier::new(issuer, audience).with_keys(keys).check(token, now)?;
    serde_json::to_value(claims).context("the claims do not read")
}

/// The audience of tokens that were asked for without one.
pub(crate) const AUDIENCE: &str = DEFAULT_AUDIENCE;

/// Shows the claims.
pub(crate) fn claims(claims: &Value) {
    for (name, value, meaning) in explained(claims) {
        tell(&format!("  {} {value}", bold(&format!("{name:<10}"))));
        tell(&format!("             {meaning}"));
    }
}

/// Name, value and meaning of each claim, in the order of reading; those that are not known come last.
fn explained(claims: &Value) -> Vec<(&str, String, &'static str)> {
    let Some(claims) = claims.as_object() else { return Vec::new() };
    let known = MEANINGS.iter().filter_map(|(name, meaning)| claims.get(*name).map(|value| (*name, value, *meaning)));
    let is_new = |name: &str| !MEANINGS.iter().any(|(known, _)| *known == name);
    let others = claims.iter().filter(|(name, _)| is_new(name));
    let others = others.map(|(name, value)| (name.as_str(), value, "see the documentation"));
    known.chain(others).map(|(name, value, meaning)| (name, shown(value), meaning)).collect()
}

/// A value as a person reads it.
fn shown(value: &Value) -> String {
    let uri = value.pointer("/status_list/uri").and_then(Value::as_str);
    match (value.as_str(), value.pointer("/status_list/idx"), uri) {
        (Some(text), _, _) => text.to_owned(),
        (_, Some(idx), Some(uri)) => format!("place {idx} of {uri}"),
        _ => value.to_string(),
    }
}

/// What each claim means, in the order of reading.
const MEANINGS: [(&str, &str); 15] = [
    ("iss", "who made the token: this server"),
    ("sub", "whom it is about: a random name that tells nothing"),
    ("aud", "the one service it is for"),
    ("client_id", "the application that asked for it"),
    ("scope", "what it is good for"),
    ("groups", "groups of the user that this application may see"),
    ("iat", "when it was made, in seconds since 1970"),
    ("exp", "when it ends: minutes from then"),
    ("auth_time", "when the user last proved themselves in full"),
    ("acr", "how strong that was: aal2 is two kinds of factor, recovery is less"),
    ("amr", "by what: pwd password, otp app code, rcv recovery code, mfa two kinds"),
    ("mfa_time", "when the second factor was last proved"),
    ("jti", "its own number, never used twice"),
    ("sid", "the session it rests on"),
    ("status", "where services see, without asking, whether the session was ended"),
];
