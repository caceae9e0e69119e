//! Variables over the file: `POUNDLOCK_LISTEN__ADDRESS` sets `address` in `[listen]`. With `_FILE` at its end a
//! variable names a file that holds the value.

use anyhow::{Context, bail};
use toml::{Table, Value};

const PREFIX: &str = "POUNDLOCK_";

/// Names that are not settings but are read elsewhere.
const NOT_SETTINGS: [&str; 3] = ["CONFIG", "MASTER_KEY", "TEST_POSTGRES"];

/// Puts every `POUNDLOCK_…` variable into the table.
pub(super) fn apply(table: &mut Table, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<()> {
    let mut settings: Vec<_> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    settings.sort();
    for (name, value) in settings {
        let key = name.trim_start_matches(PREFIX);
        if NOT_SETTINGS.contains(&key) {
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
    let read = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    match read {
        Some(value @ (Value::Integer(_) | Value::Boolean(_) | Value::Array(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}
