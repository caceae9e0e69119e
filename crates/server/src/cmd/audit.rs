//! `poundlock audit`: the log read, exported, checked and pruned.

mod verify;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::table::{cell, list};
use super::terminal::{confirm, say, tell};
use super::{EXIT_CODES, Place};

/// Where an export comes from.
const EXPORT: &str = "/v1/admin/audit/export";

/// Read, export, check and prune the audit log.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the newest records in plain words.
    Tail(Tail),
    /// Write the whole log, signed, for keeping or checking elsewhere.
    Export(Export),
    /// Check an export without any server, or this store's log.
    Verify(verify::Verify),
    /// Remove old records, back from a checkpoint. Export them first: they are gone for good.
    Prune(Prune),
}

#[derive(Debug, Args)]
struct Tail {
    /// How many.
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    lines: u32,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Export {
    /// File to make; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Prune {
    /// Remove what was recorded before this day, such as 2026-01-31, or UTC moment.
    #[arg(long, value_name = "DATE")]
    before: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        match self.command {
            Command::Tail(tail) => tail.run(place).await,
            Command::Export(export) => export.run(place).await,
            Command::Verify(verify) => verify.run(place).await,
            Command::Prune(prune) => prune.run(place).await,
        }
    }
}

impl Tail {
    async fn run(self, place: &Place) -> anyhow::Result<()> {
        let path = format!("/v1/admin/audit/records?limit={}", self.lines);
        let answer = place.with_admin(async |admin| admin.get(&path).await).await?;
        if self.json {
            return say(&ascii(&answer));
        }
        list(&answer, "records").try_for_each(|record| say(&line(record)))
    }
}

impl Export {
    async fn run(self, place: &Place) -> anyhow::Result<()> {
        let Some(path) = &self.out else {
            let mut out = std::io::stdout().lock();
            write_export(place, &mut out).await?;
            return Ok(out.flush()?);
        };
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut file = file.with_context(|| format!("cannot make {}", path.display()))?;
        let written = write_export(place, &mut file).await.and_then(|()| file.sync_all().map_err(Into::into));
        if written.is_err() {
            remove(path);
        }
        written
    }
}

impl Prune {
    async fn run(self, place: &Place) -> anyhow::Result<()> {
        confirm(&format!("Remove all audit records before {}, for good?", self.before.escape_debug()), self.yes)?;
        let body = json!({ "before": self.before });
        let answer = place.with_admin(async |admin| admin.post("/v1/admin/audit/prune", &body).await).await?;
        if self.json {
            return say(&ascii(&answer));
        }
        let (records, at) = (cell(&answer, "records"), cell(&answer, "begins_at"));
        say(&format!(
            "Removed {records} records. The log begins at checkpoint {} of {at}.",
            cell(&answer, "checkpoint")
        ))
    }
}

async fn write_export(place: &Place, out: &mut impl Write) -> anyhow::Result<()> {
    let write = |bytes: &[u8]| out.write_all(bytes).context("cannot write the export");
    place.with_admin(async |admin| admin.stream(EXPORT, write).await).await
}

/// Half an export is none.
fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tell(&format!("{} is not whole, and cannot be removed: {error}", path.display()));
    }
}

/// A record in one line.
fn line(record: &Value) -> String {
    let head = format!("{}  {}", cell(record, "at"), cell(record, "reference"));
    let Some(says) = record.get("says").and_then(Value::as_str) else {
        return format!("{head}  {}", list(record, "lines").filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    };
    let personal = record.get("personal").unwrap_or(&Value::Null);
    let known = [
        ("", cell(personal, "name")),
        ("user ", cell(record, "user")),
        ("from ", cell(personal, "source")),
        ("client ", cell(record, "client")),
        ("because ", cell(record, "reason")),
        ("times ", cell(record, "count")),
        ("note ", cell(personal, "note")),
    ];
    let shown = |(what, text): &(&str, String)| {
        (text != "-" && (*what, text.as_str()) != ("times ", "1")).then(|| format!("{what}{text}"))
    };
    let details: Vec<String> = known.iter().filter_map(shown).collect();
    if details.is_empty() { format!("{head}  {says}") } else { format!("{head}  {says} ({})", details.join(", ")) }
}

/// JSON in printable ASCII: no terminal is steered by what a client once sent (AUD-04).
pub(super) fn ascii(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        // Outside printable ASCII there is nothing in JSON but the inside of a string.
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aud_04_json_for_a_terminal_is_printable_ascii_and_reads_back() {
        let value = json!({ "name": "a\r\n\u{1b}[2J\u{7f}\u{9b}1m\u{202e}é😀" });
        let text = ascii(&value);
        assert!(text.chars().all(|c| matches!(c, ' '..='~')), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_record_is_one_line() {
        let record = json!({
            "at": "2027-01-15T08:00:00.000Z", "reference": "ref_1", "says": "A first factor was not proved.",
            "user": "usr_1", "client": "web\n", "reason": "credentials", "count": 9,
            "personal": { "name": "ada", "source": "192.0.2.1", "agent": "x", "note": null },
        });
        let line = line(&record);
        assert_eq!(
            line,
            "2027-01-15T08:00:00.000Z  ref_1  A first factor was not proved. (ada, user usr_1, from 192.0.2.1, client \
             web\\u{a}, because credentials, times 9)"
        );
    }

    #[test]
    fn a_damaged_record_is_shown_as_such() {
        let line = line(&json!({ "reference": "ref_1", "damaged": true, "lines": ["It is damaged."] }));
        assert_eq!(line, "-  ref_1  It is damaged.");
    }
}
