//! `poundlock health`: asks the running server whether it is ready, for container health checks that have no other
//! program at hand. Never takes the server's place, and opens neither store nor key.

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::terminal::say;
use super::{EXIT_CODES, Place};
use crate::client::{Client, Refusal, Unreachable};
use crate::serving::refuse_long_socket;

/// Ask the running server whether it is ready.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Health {
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Health {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let socket = place.load()?.admin_socket();
        refuse_long_socket(&socket)?;
        // No file, or one that a dead server has left: the client would tell of it in its own words.
        if let Err(error) = tokio::net::UnixStream::connect(&socket).await {
            return Err(Unreachable(format!("no server answers on {}: {error}", socket.display())).into());
        }
        let answer = Client::over(&socket)?.send(Method::GET, "/v1/admin/ready", None, None).await;
        let (told, ready) = match answer {
            Ok(told) => (told, true),
            Err(error) => (error.downcast::<Refusal>()?.body, false),
        };
        if self.json {
            say(&told.to_string())?;
        } else if ready {
            say("ready")?;
        }
        if ready { Ok(()) } else { Err(anyhow::anyhow!("the server is not ready: {}", reasons(&told))) }
    }
}

/// What is not as it should be, in words.
fn reasons(told: &Value) -> String {
    let ok = json!("ok");
    let parts = ["clock", "store"].iter().filter_map(|part| Some((part, told.get(part)?)));
    let bad: Vec<String> = parts
        .filter(|(_, state)| **state != ok)
        .map(|(part, state)| format!("{part} {}", state.as_str().unwrap_or("?")))
        .collect();
    if bad.is_empty() { "it does not say why".to_owned() } else { bad.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unready_server_says_what_is_wrong() {
        let told = json!({ "status": "unready", "clock": "jumped ahead", "store": "does not answer" });
        assert_eq!(reasons(&told), "clock jumped ahead, store does not answer");
        assert_eq!(reasons(&json!({ "clock": "ok" })), "it does not say why");
    }
}
