//! `poundlock audit verify`: checks an export line by line, in this process, with nothing but a key and a checkpoint that
//! were kept elsewhere.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use poundlock_core::audit::{Checkpoint, PublicKey, Report, Verifier};
use serde_json::Value;

use super::super::table::{cell, list};
use super::super::terminal::{say, tell};
use super::super::{Place, WrongCall};
use super::EXPORT;
use crate::client::admin::Admin;

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Export to check; without it, this store's log.
    file: Option<PathBuf>,
    /// File with a checkpoint from the log stream, or with lines of that stream: the newest checkpoint in it counts.
    #[arg(long, value_name = "FILE")]
    trusted_checkpoint: Option<PathBuf>,
    /// The public key of the checkpoints, as noted elsewhere.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Verify {
    pub(super) async fn run(self, place: &Place) -> anyhow::Result<()> {
        let key: Option<PublicKey> =
            self.key.as_deref().map(str::parse).transpose().map_err(|bad| WrongCall(format!("--key: {bad}")))?;
        let trusted = self.trusted_checkpoint.as_deref().map(newest_checkpoint).transpose()?;
        let (report, strays) = match &self.file {
            Some(path) => (of_file(path, trusted.as_ref(), key)?, Vec::new()),
            None => place.with_admin(async |admin| of_store(admin, trusted.as_ref(), key).await).await?,
        };
        strays.iter().try_for_each(|stray| say(stray))?;
        say(&report.to_string())?;
        if trusted.is_none() {
            tell("checked without a checkpoint from elsewhere: a log cut off at its end, or written anew, looks whole");
        }
        match report.findings.len() + strays.len() {
            0 => Ok(()),
            found => bail!("the audit log does not hold: {found} findings"),
        }
    }
}

fn of_file(path: &Path, trusted: Option<&Checkpoint>, key: Option<PublicKey>) -> anyhow::Result<Report> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let (mut file, mut line) = (BufReader::new(file), Vec::new());
    let mut verifier = Verifier::new(trusted, key);
    while file.read_until(b'\n', &mut line).with_context(|| format!("cannot read {}", path.display()))? > 0 {
        verifier.line(&line);
        line.clear();
    }
    Ok(verifier.finish())
}

/// Checks what the server exports, as it comes, and asks what no chain holds.
async fn of_store(
    admin: &Admin,
    trusted: Option<&Checkpoint>,
    key: Option<PublicKey>,
) -> anyhow::Result<(Report, Vec<String>)> {
    let mut verifier = Verifier::new(trusted, key);
    let mut rest = Vec::new();
    let take = |bytes: &[u8]| {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            rest.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                verifier.line(&rest);
                rest.clear();
            }
        }
        Ok(())
    };
    admin.stream(EXPORT, take).await?;
    if !rest.is_empty() {
        verifier.line(&rest);
    }
    let state = admin.get("/v1/admin/audit").await?;
    let unlinked = state.get("unlinked").unwrap_or(&Value::Null);
    Ok((verifier.finish(), list(unlinked, "oldest").filter_map(stray).collect()))
}

/// A record that no chain holds although every sealer had its time: it was slipped in, or its link was taken away.
fn stray(record: &Value) -> Option<String> {
    let late = record.get("late").and_then(Value::as_bool).unwrap_or(false);
    let (reference, event, at) = (cell(record, "reference"), cell(record, "event"), cell(record, "at"));
    late.then(|| format!("{reference} ({event}, {at}) is in no chain, and should have been for long"))
}

/// The newest checkpoint of a file: the bare text, a line of the log stream, or many.
fn newest_checkpoint(path: &Path) -> anyhow::Result<Checkpoint> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut newest: Option<Checkpoint> = None;
    for line in BufReader::new(file).split(b'\n') {
        let line = line.with_context(|| format!("cannot read {}", path.display()))?;
        let found = checkpoint_in(&String::from_utf8_lossy(&line));
        if found.as_ref().map(Checkpoint::number) > newest.as_ref().map(Checkpoint::number) {
            newest = found;
        }
    }
    newest.with_context(|| format!("there is no checkpoint in {}", path.display()))
}

/// The checkpoint in a line, written plainly or as a string inside JSON.
fn checkpoint_in(line: &str) -> Option<Checkpoint> {
    if let Ok(value) = serde_json::from_str::<Value>(line)
        && let Some(found) = checkpoint_within(&value)
    {
        return Some(found);
    }
    let from = line.get(line.find("{\"names\":")?..)?;
    let mut values = serde_json::Deserializer::from_str(from).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    Checkpoint::parse(from.get(..values.byte_offset())?).ok()
}

fn checkpoint_within(value: &Value) -> Option<Checkpoint> {
    match value {
        Value::String(text) => Checkpoint::parse(text).ok().or_else(|| {
            // A log that was shipped may hold the line as a string once more.
            text.contains("signature").then(|| checkpoint_in(text)).flatten()
        }),
        Value::Array(list) => list.iter().find_map(checkpoint_within),
        Value::Object(members) => members.values().find_map(checkpoint_within),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poundlock_core::audit::CheckpointKey;
    use poundlock_core::testing::SeededRng;
    use poundlock_core::time::Time;
    use serde_json::json;

    fn two() -> [Checkpoint; 2] {
        let key = CheckpointKey::random(&SeededRng::new(1)).unwrap();
        let first = Checkpoint::after(None, Time::from_millis(1), Vec::new(), &key);
        let second = Checkpoint::after(Some(&first), Time::from_millis(2), Vec::new(), &key);
        [first, second]
    }

    #[test]
    fn aud_06_a_checkpoint_is_found_in_every_form_of_the_log_stream() {
        let [first, _] = two();
        let text = first.canonical();
        let json =
            json!({ "level": "INFO", "fields": { "message": "audit checkpoint", "checkpoint": text } }).to_string();
        for line in [
            text.clone(),
            format!("2027-01-15T08:00:00Z  INFO audit checkpoint checkpoint={text}"),
            format!("Jan 15 host poundlock[7]: INFO audit checkpoint checkpoint={text} and=more"),
            json.clone(),
            json!({ "log": json, "stream": "stderr" }).to_string(),
        ] {
            assert_eq!(checkpoint_in(&line), Some(first.clone()), "{line}");
        }
        for line in ["", "{}", "checkpoint={\"names\":", &text.replace("\"number\":1", "\"number\": 1")] {
            assert_eq!(checkpoint_in(line), None, "{line}");
        }
    }

    #[test]
    fn of_many_checkpoints_the_newest_counts() {
        let [first, second] = two();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("x\n{}\n{}\nnothing\n", second.canonical(), first.canonical())).unwrap();
        assert_eq!(newest_checkpoint(file.path()).unwrap(), second);
        std::fs::write(file.path(), "nothing\n").unwrap();
        assert!(newest_checkpoint(file.path()).is_err());
    }

    #[test]
    fn only_a_late_record_is_a_finding() {
        assert!(stray(&json!({ "reference": "ref_1", "late": false })).is_none());
        assert!(stray(&json!({ "reference": "ref_1", "late": true })).unwrap().contains("ref_1"));
    }
}
