//! Lists for people: aligned columns, bold heads where a person looks, plain text in a pipe.

use serde_json::Value;

use super::terminal::{bold_out, say};

/// A list with a head.
#[derive(Debug)]
pub(crate) struct Table {
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    pub(crate) const fn new(head: &'static [&'static str]) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row; it has as many cells as the head.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Shows it, or says that there is nothing.
    pub(crate) fn show(&self, nothing: &str) -> anyhow::Result<()> {
        if self.rows.is_empty() {
            return say(nothing);
        }
        for line in self.lines() {
            say(&line)?;
        }
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                let head = self.head.get(column).map_or(0, |head| head.chars().count());
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(head)
            })
            .collect();
        let head = self.head.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>();
        let mut lines = vec![bold_out(&line(&head, &widths))];
        lines.extend(self.rows.iter().map(|row| line(row, &widths)));
        lines
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// A member of an answer as a cell. What could move a cursor or split a line is escaped.
pub(crate) fn cell(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => plain(text),
        Some(Value::Array(list)) if list.is_empty() => "-".to_owned(),
        Some(Value::Array(list)) => {
            list.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), plain)).collect::<Vec<_>>().join(",")
        }
        Some(other) => other.to_string(),
    }
}

/// A moment of an answer, in UTC.
pub(crate) fn when(value: &Value, name: &str) -> String {
    let seconds = value.get(name).and_then(Value::as_i64);
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}

fn plain(text: &str) -> String {
    let shown = |c: char| {
        !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if shown(c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}

/// The list of this name in an answer.
pub(crate) fn list<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_hangs_over() {
        let mut table = Table::new(&["NAME", "GROUPS"]);
        table.row(vec!["ada".to_owned(), "admins".to_owned()]);
        table.row(vec!["bartholomew".to_owned(), "-".to_owned()]);
        assert_eq!(table.lines(), ["NAME         GROUPS", "ada          admins", "bartholomew  -"]);
    }

    #[test]
    fn aud_04_a_cell_cannot_steer_a_terminal() {
        let user = json!({ "name": "a\u{1b}[2J\n\u{202e}é", "groups": ["x", "y"], "none": null, "empty": [], "n": 7 });
        assert_eq!(cell(&user, "name"), "a\\u{1b}[2J\\u{a}\\u{202e}é");
        assert_eq!(cell(&user, "groups"), "x,y");
        assert_eq!((cell(&user, "none"), cell(&user, "empty"), cell(&user, "n")), ("-".into(), "-".into(), "7".into()));
    }

    #[test]
    fn moments_are_in_utc() {
        assert_eq!(when(&json!({ "at": 1_800_000_000 }), "at"), "2027-01-15T08:00:00Z");
        assert_eq!(when(&json!({ "at": null }), "at"), "-");
    }
}
