//! Variables over the file: `POUNDLOCK_LISTEN__ADDRESS` sets `address` in `[listen]`. With `_FILE` at its end a
//! variable names a file that holds the value.

#[cfg(test)]
mod tests;

use anyhow::{Context, anyhow, bail};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

const PREFIX: &str = "POUNDLOCK_";

/// Names that are not settings but are read elsewhere.
const NOT_SETTINGS: [&str; 4] = ["CONFIG", "MASTER_KEY", "TEST_NODES", "TEST_POSTGRES"];

/// The file of the key that `POUNDLOCK_MASTER_KEY` would hold: read as a key file, with its checks, and not as the value
/// of a setting that would then be refused, and shown, as no section.
const MASTER_KEY_FILE: &str = "MASTER_KEY_FILE";

/// Puts every `POUNDLOCK_…` variable into the table.
pub(super) fn apply(table: &mut Table, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<()> {
    let mut settings: Vec<_> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    settings.sort();
    for (name, value) in settings {
        let key = name.strip_prefix(PREFIX).unwrap_or_default();
        if NOT_SETTINGS.contains(&key) {
            continue;
        }
        if key == MASTER_KEY_FILE {
            insert(table, &["master_key".to_owned(), "file".to_owned()], Value::String(value))
                .with_context(|| format!("in the variable {name}"))?;
            continue;
        }
        let (key, value) = match key.strip_suffix("_FILE") {
            Some(key) if !key.ends_with("_KEY_") => {
                let text =
                    std::fs::read_to_string(&value).with_context(|| format!("cannot read the file of {name}"))?;
                (key, text.trim_end().to_owned())
            }
            _ => (key, value),
        };
        let path: Vec<String> = key.split("__").map(str::to_lowercase).collect();
        insert(table, &path, parse(&value)).with_context(|| format!("in the variable {name}"))?;
    }
    Ok(())
}

/// Reads the text of a file. Attack: an error that shows the line shows the password in it.
pub(super) fn table(text: &str) -> anyhow::Result<Table> {
    text.parse::<Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        anyhow!("line {}: {}", before.matches('\n').count() + 1, without_value(error.message()))
    })
}

/// Reads a table as what is wanted. The error names the key and the kind of value, never the value: it may be a secret
/// that was put into the wrong place.
pub(super) fn typed<T: DeserializeOwned>(table: Table) -> anyhow::Result<T> {
    table.try_into().map_err(|error: toml::de::Error| anyhow!(without_value(&error.to_string())))
}

/// `invalid type: string "…", expected u32` without its middle.
fn without_value(text: &str) -> String {
    let Some(at) = ["invalid type: ", "invalid value: "].iter().find_map(|words| text.find(words)) else {
        return text.to_owned();
    };
    let (before, found) = text.split_at(at);
    let wanted = found.rsplit_once(", expected ").map_or("another kind of value", |(_, wanted)| wanted);
    format!("{before}wrong kind of value, expected {wanted}")
}

fn insert(table: &mut Table, path: &[String], value: Value) -> anyhow::Result<()> {
    match path {
        [] => bail!("the name is empty"),
        [last] => {
            table.insert(last.clone(), value);
            Ok(())
        }
        [first, rest @ ..] => {
            let inner = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(inner) = inner else { bail!("{first} is not a section") };
            insert(inner, rest, value)
        }
    }
}

/// A number or truth value where it reads as one, a list where it is in brackets, else text.
fn parse(text: &str) -> Value {
    let read = format!("value = {text}").parse::<Table>().ok();
    // More than one key: the text has a line that reads as a setting of its own, and is text as a whole.
    match read.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value")) {
        Some(value @ (Value::Integer(_) | Value::Boolean(_) | Value::Array(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}
