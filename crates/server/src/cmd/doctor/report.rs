//! The findings for people, under heads, within 80 columns.

use std::io::IsTerminal;

use super::super::terminal::{bold_out, say};
use super::{Check, State};

const WIDTH: usize = 80;
/// Where sentences begin.
const INDENT: usize = 8;

pub(super) fn show(checks: &[Check]) -> anyhow::Result<()> {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    for (at, area) in areas(checks).iter().enumerate() {
        if at > 0 {
            say("")?;
        }
        say(&bold_out(area))?;
        for check in checks.iter().filter(|check| check.area == *area) {
            lines(check, colour).iter().try_for_each(|line| say(line))?;
        }
    }
    Ok(())
}

/// The heads, each once, in the order in which they came first.
fn areas(checks: &[Check]) -> Vec<&'static str> {
    let mut areas = Vec::new();
    for check in checks {
        if !areas.contains(&check.area) {
            areas.push(check.area);
        }
    }
    areas
}

fn lines(check: &Check, colour: bool) -> Vec<String> {
    let (word, code) = match check.state {
        State::Ok => ("ok", 32),
        State::Warn => ("warn", 33),
        State::Fail => ("FAIL", 31),
    };
    let mut lines = Vec::new();
    for (at, text) in wrap(&check.says).into_iter().enumerate() {
        let mark = if at == 0 { word } else { "" };
        let padded = format!("{mark:<width$}", width = INDENT - 2);
        let mark = if colour && at == 0 { format!("\x1b[{code}m{padded}\x1b[0m") } else { padded };
        lines.push(format!("  {mark}{text}"));
    }
    for (at, text) in check.act.iter().flat_map(|act| wrap(&format!("-> {act}"))).enumerate() {
        let hang = if at == 0 { "" } else { "   " };
        lines.push(format!("{:INDENT$}{hang}{text}", ""));
    }
    lines
}

/// Breaks a text between words. A longer word, as a path may be, stays whole: it is copied more often than it is read.
fn wrap(text: &str) -> Vec<String> {
    let room = WIDTH - INDENT - 3;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_hangs_under_its_word_and_fits() {
        let check = Check::warn("Disk", "word ".repeat(40), "do ".repeat(40));
        let lines = lines(&check, false);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
        assert!(lines.first().is_some_and(|line| line.starts_with("  warn  word")), "{lines:#?}");
        assert!(lines.get(1).is_some_and(|line| line.starts_with("        word")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.starts_with("        -> do")), "{lines:#?}");
    }

    #[test]
    fn colour_is_on_the_word_alone() {
        let lines = lines(&Check::ok("Disk", "good"), true);
        assert_eq!(lines, ["  \u{1b}[32mok    \u{1b}[0mgood"]);
    }

    #[test]
    fn a_path_stays_whole() {
        let path = "/".repeat(120);
        assert!(wrap(&format!("see {path} there")).contains(&path));
    }

    #[test]
    fn each_head_stands_once() {
        let checks = [Check::ok("A", ""), Check::ok("B", ""), Check::ok("A", "")];
        assert_eq!(areas(&checks), ["A", "B"]);
    }
}
