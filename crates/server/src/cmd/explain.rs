//! `poundlock explain`: a reference in, the decision in words out: rule, counters, signals, and what to do next.

use anyhow::bail;
use clap::Args;
use poundlock_core::id::RecordId;
use serde_json::{Value, json};

use super::audit::ascii;
use super::table::list;
use super::terminal::say;
use super::{EXIT_CODES, Place, WrongCall};
use crate::client::Refusal;

/// Say why something was refused, by its reference.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Explain {
    /// The reference that was shown: ref_… or req_….
    #[arg(value_name = "REF")]
    reference: String,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let reference = self.reference.trim();
        let told = if is_request(reference) {
            json!({ "reference": reference, "lines": of_request(reference) })
        } else if reference.parse::<RecordId>().is_ok() {
            place.with_admin(async |admin| of_record(admin.get(&path(reference)).await, reference)).await?
        } else {
            let what = "expected ref_ and 32, or req_ and 24 hexadecimal digits, as an answer shows them";
            return Err(WrongCall(format!("{} is no reference: {what}", reference.escape_debug())).into());
        };
        if self.json {
            return say(&ascii(&told));
        }
        list(&told, "lines").filter_map(Value::as_str).try_for_each(say)
    }
}

fn path(reference: &str) -> String {
    format!("/v1/admin/audit/records/{reference}")
}

fn is_request(text: &str) -> bool {
    let hex = text.strip_prefix("req_").unwrap_or_default();
    hex.len() == 24 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A request that left no record: nothing was checked or changed, so the log stream is all there is.
fn of_request(reference: &str) -> Vec<String> {
    vec![
        format!("{reference} names a request, not a record of the audit log."),
        "It was refused before anything was checked or changed: it could not be read, named what is not there, or had no \
         valid token. Or the server failed on it."
            .to_owned(),
        format!("The server's log has its reason: grep {reference} in what it wrote to standard error, for example"),
        format!("  journalctl -u poundlock | grep {reference}"),
        "A line `refused` names the denial; a line `a request could not be decided` names a fault of the server. If there \
         is neither, the request was malformed, and its answer said what to correct; with log.filter = \"debug\" the \
         server writes a line for every request."
            .to_owned(),
    ]
}

fn of_record(answer: anyhow::Result<Value>, reference: &str) -> anyhow::Result<Value> {
    match answer {
        Err(error) if error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.code == "not_found") => bail!(
            "no record has the reference {reference}. In a flood of refusals, another node may still be counting: ask again \
             in a minute. Otherwise it is of another store, or older than the log's beginning"
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_from_a_record() {
        assert!(is_request("req_0123456789abcdef01234567"));
        for other in ["req_0123456789ABCDEF01234567", "req_0123", "ref_0123456789abcdef01234567", "", "req_"] {
            assert!(!is_request(other), "{other}");
        }
    }

    #[test]
    fn a_request_is_explained_by_where_to_look() {
        let lines = of_request("req_0123456789abcdef01234567").join("\n");
        assert!(lines.contains("grep req_0123456789abcdef01234567"), "{lines}");
    }
}
