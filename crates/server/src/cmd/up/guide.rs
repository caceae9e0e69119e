//! `up` on a terminal: walks a newcomer through the first login.

use serde_json::{Value, json};

use super::super::show;
use super::super::terminal::{ask, ask_secret, bold, qr, tell};
use super::{accept, invite};
use crate::client::{Client, Refusal, text};
use crate::serving::Serving;

/// Asks, shows and confirms until the first administrator holds a verified token.
pub(super) async fn run(serving: &Serving, client: &Client, name: Option<&str>) -> anyhow::Result<()> {
    tell(&bold("Poundlock: the first administrator"));
    tell("Three steps: a name and a password, an authenticator app, recovery codes.\n");
    let invite = invited(serving, name).await?;
    let accepted = with_password(client, &invite).await?;
    let login = text(&accepted, "login")?;
    let offered = client.post("/v1/login/enrol/totp", &json!({ "login": login })).await?;
    show_seed(&offered)?;
    let tokens = confirmed(client, login).await?;
    show_codes(&tokens)?;
    let token = text(&tokens, "access_token")?;
    let claims = show::verified(client, &serving.app.issuer, show::AUDIENCE, token).await?;
    tell(&bold("\nYour first token, checked against the published keys alone:"));
    println!("{token}");
    tell("");
    show::claims(&claims);
    tell("\nAny service checks such tokens, without asking anybody, with the keys at");
    tell(&format!("  {}/.well-known/jwks.json\n", serving.app.issuer));
    Ok(())
}

async fn invited(serving: &Serving, name: Option<&str>) -> anyhow::Result<String> {
    let mut wanted = name.map(str::to_owned);
    loop {
        let name = match wanted.take() {
            Some(name) => name,
            None => ask("Name of the first administrator:")?,
        };
        match again(invite(serving, &name).await)? {
            Some(invite) => return Ok(invite),
            None => continue,
        }
    }
}

async fn with_password(client: &Client, invite: &str) -> anyhow::Result<Value> {
    loop {
        let password = ask_secret("Password (12 characters or more; it is not shown):")?;
        if password.reveal() != ask_secret("The same password again:")?.reveal() {
            tell("The two differ. Once more.");
            continue;
        }
        if let Some(accepted) = again(accept(client, invite, password.reveal()).await)? {
            return Ok(accepted);
        }
    }
}

fn show_seed(offered: &Value) -> anyhow::Result<()> {
    tell("\nScan this with an authenticator app, or type the secret below it:");
    tell(qr(for_a_screen(text(offered, "uri")?))?.trim_end_matches('\n'));
    tell(&format!("  Secret: {}", bold(text(offered, "secret")?)));
    Ok(())
}

/// The address without its last parameter, which repeats the issuer that stands before the name: so the picture and
/// the question below it fit a terminal of 24 lines.
fn for_a_screen(uri: &str) -> &str {
    uri.split_once("&issuer=").map_or(uri, |(before, _)| before)
}

async fn confirmed(client: &Client, login: &str) -> anyhow::Result<Value> {
    loop {
        let code = ask("The six digits that the app shows now:")?;
        let body = json!({ "login": login, "code": code.replace(' ', "") });
        if let Some(tokens) = again(client.post("/v1/login/enrol/totp/confirm", &body).await)? {
            return Ok(tokens);
        }
    }
}

fn show_codes(tokens: &Value) -> anyhow::Result<()> {
    tell(&bold("\nRecovery codes. Write them down: each works once, and they are not shown again."));
    for code in tokens.get("recovery_codes").and_then(Value::as_array).into_iter().flatten() {
        tell(&format!("  {}", code.as_str().unwrap_or_default()));
    }
    if let Some(drift) = tokens.get("clock_drift_seconds").and_then(Value::as_i64).filter(|drift| *drift != 0) {
        tell(&format!("\nThe clock of the app's device is off by about {drift} seconds; this was taken into account."));
    }
    ask("\nPress Enter when they are written down.").map(drop)
}

/// Shows a refusal that the person can mend, so that they can try again; anything else ends the guide.
fn again<T>(answer: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.downcast_ref::<Refusal>() {
            Some(refusal) if matches!(refusal.code.as_str(), "unusable" | "code" | "bad_request" | "name_taken") => {
                tell(&said(refusal));
                Ok(None)
            }
            _ => Err(error),
        },
    }
}

/// A refusal as a person reads it. What is wrong with a value says more than that something is.
fn said(refusal: &Refusal) -> String {
    if refusal.code == "unusable" {
        format!("No: {}.", refusal.detail)
    } else {
        format!("{}. {}", refusal.title, refusal.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_keeps_what_an_app_needs() {
        let uri = "otpauth://totp/Poundlock%20localhost:ada?secret=ABC&issuer=Poundlock%20localhost";
        assert_eq!(for_a_screen(uri), "otpauth://totp/Poundlock%20localhost:ada?secret=ABC");
        assert_eq!(for_a_screen("otpauth://totp/x:ada?secret=ABC"), "otpauth://totp/x:ada?secret=ABC");
    }

    #[test]
    fn a_picture_of_a_usual_seed_leaves_room_on_24_lines() {
        let uri = format!("otpauth://totp/Poundlock%20localhost%2042487:ada.lovelace?secret={}", "A".repeat(32));
        let lines = qr(&uri).unwrap().lines().count();
        assert!(lines <= 21, "{lines} lines, a secret and a question");
    }
}
