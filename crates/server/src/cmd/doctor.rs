//! `poundlock doctor`: looks at everything that a server rests on, with a server running and without, and changes
//! nothing. Each finding says what it means and what to do.

mod machine;
mod report;
mod running;
mod setup;
mod stored;
#[cfg(test)]
mod tests;

use clap::Args;
use serde::Serialize;

use super::terminal::say;
use super::{Listening, Place};
use crate::clock::Clock;

const HELP: &str = "\
Exit codes:
  0  all is well
  1  something is worth a look
  2  something is wrong: a server does not start, or not safely

Nothing is changed, and nothing is migrated. Run it as the user that the server runs as.";

/// Check configuration, keys, disk, time, hashing, store, proxy and certificate, and say what to do.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Doctor {
    #[command(flatten)]
    listening: Listening,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
struct Check {
    /// Under which head it is told.
    area: &'static str,
    state: State,
    /// What was found, and what it means.
    says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<String>,
}

impl Check {
    fn ok(area: &'static str, says: impl Into<String>) -> Self {
        Self { area, state: State::Ok, says: says.into(), act: None }
    }

    fn warn(area: &'static str, says: impl Into<String>, act: impl Into<String>) -> Self {
        Self { area, state: State::Warn, says: says.into(), act: Some(act.into()) }
    }

    fn fail(area: &'static str, says: impl Into<String>, act: impl Into<String>) -> Self {
        Self { area, state: State::Fail, says: says.into(), act: Some(act.into()) }
    }

    /// What an error says is what to do: our sentences say both.
    fn failed(area: &'static str, error: &anyhow::Error) -> Self {
        Self { area, state: State::Fail, says: format!("{error:#}"), act: None }
    }
}

/// What the findings come to, as an exit code.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{failed} wrong, {warned} worth a look")]
pub(crate) struct Found {
    failed: usize,
    warned: usize,
}

impl Found {
    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        if self.failed > 0 { 2 } else { 1 }
    }
}

impl Doctor {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let checks = self.look(place).await;
        if self.json {
            say(&serde_json::json!({ "checks": checks }).to_string())?;
        } else {
            report::show(&checks)?;
        }
        let count = |state| checks.iter().filter(|check| check.state == state).count();
        let found = Found { failed: count(State::Fail), warned: count(State::Warn) };
        if found.failed + found.warned == 0 { Ok(()) } else { Err(found.into()) }
    }

    async fn look(&self, place: &Place) -> Vec<Check> {
        let loaded = place.load().and_then(|mut config| {
            self.listening.apply(&mut config)?;
            Ok(config)
        });
        let config = match loaded {
            Ok(config) => config,
            Err(error) => return vec![Check::failed("Configuration", &error)],
        };
        let mut checks = setup::configuration(&config);
        let (keys, master) = setup::keys(&config);
        checks.extend(keys);
        checks.extend(machine::disk(&config.data));
        checks.extend(machine::hashing(&config));
        checks.extend(stored::look(&config, master.as_ref()).await);
        checks.extend(setup::proxy(&config));
        checks.extend(setup::certificate(&config, Clock::start().wall()));
        checks.extend(running::look(&config).await);
        checks
    }
}
