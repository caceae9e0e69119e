//! Replays a decision in words: what happened, which rule and counters decided, and what an operator can do next.
//!
//! What this must never do: print what could move a cursor or split a line (AUD-04), or open the sealed part.

mod codes;

use self::codes::CODES;
use super::detail::{Key, Value};
use super::event::Event;
use super::personal::Personal;
use super::record::Record;
use super::utc::utc;
use crate::time::{Span, Time};

/// Details that have a sentence of their own.
const SAID: &[Key] = &[Key::Lane, Key::LastAt, Key::Limit, Key::RetryAfterMillis, Key::Rule, Key::Signal, Key::Tried];

/// The record as plain sentences, one a line.
#[must_use]
pub fn explain(record: &Record) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", utc(record.at()), record.event().says())];
    lines.push(format!("Reference {}, recorded as {} on node {}.", record.id(), record.event(), record.node()));
    lines.extend(counted(record));
    lines.extend(record.reason().map(|code| format!("Why: {}.", meaning(code))));
    lines.extend(rule(record));
    lines.extend(budget(record));
    lines.extend(wait(record));
    lines.extend(record.detail(Key::Signal).map(|signal| format!("A detector saw: {}.", value_meaning(signal))));
    lines.extend(who(record));
    lines.extend(also(record));
    lines.extend(next(record).map(|advice| format!("What you can do: {advice}")));
    lines
}

impl Personal {
    /// What it holds, as plain lines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let named = [("Name", &self.name), ("Source", &self.source), ("User agent", &self.agent), ("Note", &self.note)];
        let line =
            |(what, text): (&str, &Option<String>)| text.as_ref().map(|t| format!("{what}: {}", t.escape_debug()));
        named.into_iter().filter_map(line).collect()
    }
}

fn counted(record: &Record) -> Option<String> {
    let last = record.detail(Key::LastAt).and_then(Value::number).map_or(record.at(), Time::from_millis);
    let alike = "refusals of this kind, beyond those with a record of their own";
    (record.detail(Key::LastAt).is_some())
        .then(|| format!("It stands for {} {alike}; the last came at {}.", record.count(), utc(last)))
}

fn meaning(code: &str) -> String {
    let known = CODES.iter().find(|(name, _)| *name == code);
    known.map_or_else(|| code.escape_debug().to_string(), |(name, says)| format!("{says} ({name})"))
}

fn value_meaning(value: &Value) -> String {
    match value {
        Value::Text(code) => meaning(code),
        Value::Number(_) => value.to_string(),
    }
}

fn rule(record: &Record) -> Option<String> {
    let rule = record.detail(Key::Rule)?;
    let width = record.detail(Key::Width).map(|width| format!(" It counted sources by {width}.")).unwrap_or_default();
    Some(format!("The rule that decided: {}.{width}", value_meaning(rule)))
}

fn budget(record: &Record) -> Option<String> {
    let lane = match record.detail(Key::Lane) {
        Some(Value::Text(lane)) if lane == "strangers" => "the budget of strangers".to_owned(),
        Some(Value::Text(lane)) if lane == "devices" => "the budget of known devices".to_owned(),
        Some(Value::Text(lane)) if lane == "source" => "the limit of this source".to_owned(),
        Some(other) => format!("the budget {other}"),
        None => "the budget".to_owned(),
    };
    match (record.detail(Key::Tried), record.detail(Key::Limit)) {
        (Some(tried), Some(limit)) => Some(format!("Counted against {lane}: {tried} of {limit} used.")),
        (Some(tried), None) => Some(format!("Counted against {lane}: {tried} used.")),
        (None, Some(limit)) => Some(format!("Counted against {lane}, which allows {limit}.")),
        (None, None) => record.detail(Key::Lane).map(|_| format!("Counted against {lane}.")),
    }
}

fn wait(record: &Record) -> Option<String> {
    let span = Span::from_millis(record.detail(Key::RetryAfterMillis)?.number()?);
    let until = utc(record.at() + span);
    Some(format!("The next attempt is checked after {} s, at {until}.", span.seconds_up()))
}

fn who(record: &Record) -> Vec<String> {
    let plain = |text: &str| text.escape_debug().to_string();
    let named = [
        ("User", record.user().map(|user| user.to_string())),
        ("Session", record.session().map(|session| session.to_string())),
        ("Client", record.client().map(plain)),
        ("Request", record.request().map(plain)),
    ];
    named.into_iter().filter_map(|(what, name)| name.map(|name| format!("{what}: {name}."))).collect()
}

fn also(record: &Record) -> Option<String> {
    let rest = record.details().filter(|(key, _)| !SAID.contains(key));
    let listed: Vec<String> = rest.map(|(key, value)| format!("{} = {value}", key.name())).collect();
    (!listed.is_empty()).then(|| format!("Also recorded: {}.", listed.join(", ")))
}

fn next(record: &Record) -> Option<&'static str> {
    let code = |key| match record.detail(key) {
        Some(Value::Text(code)) => code.as_str(),
        _ => "",
    };
    Some(match record.event() {
        Event::LoginBlocked if code(Key::Rule) == "both_budgets" || record.reason() == Some("rebind") => {
            "the factor must be enrolled anew: make a ticket with `poundlock user reset-factor --reason …`."
        }
        Event::LoginBlocked | Event::LoginDelayed if code(Key::Lane) == "source" || code(Key::Rule) == "source" => {
            "wait, or if many people share this address, raise the limit under [guard.sources]."
        }
        Event::LoginBlocked => {
            "the owner can use a known device, a passkey or a recovery code; `poundlock user unlock` refills the budget."
        }
        Event::LoginDelayed => "nothing: the delay ends by itself.",
        Event::LoginShed => "look at the load; owners on known devices are served first.",
        Event::LoginFirstRefused | Event::LoginSecondRefused if record.user().is_none() => {
            "nothing, if it is rare; if it is not, look for other refusals from the same source."
        }
        Event::LoginSecondRefused => "if the owner is sure of the code, compare the clocks of phone and server.",
        Event::FactorBurnt => "ask the owner to enrol a new factor, and look for who burnt this one.",
        Event::RefreshTheft | Event::CodeReused => {
            "the session has ended; ask the user, and look at the client for a leak of tokens."
        }
        Event::RefreshRefused => "nothing: the user signs in again.",
        Event::RecoveryUsed => "ask the owner whether it was them; an older factor can cancel what follows.",
        Event::RecoveryCancelled => "somebody else held a recovery code: make new ones, and change the password.",
        Event::KeyRevoked => "check that every service has fetched the new keys.",
        Event::InviteRefused => "make a new invite with `poundlock user invite` if the person is the one invited.",
        Event::StepUpRefused => "nothing: the user begins the change anew.",
        Event::AuditDamaged => "keep a copy of the store, and compare an export with checkpoints from the log stream.",
        Event::ClockJumped => "mend time synchronisation; the node is ready again when the clock agrees.",
        _ => return None,
    })
}
