//! What was measured, and the text it becomes. A ratio is judged; an absolute figure stands beside and is marked so.

use std::fmt::Write as _;

use crate::stats::Spread;

/// What a measure must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wanted {
    AtLeast(f64),
    AtMost(f64),
    /// Nothing: it stands beside.
    Nothing,
}

/// The shape of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// So many times the yardstick.
    Times,
    /// A share of the yardstick.
    Percent,
    Millis,
    Mib,
    Bytes,
    PerSecond,
}

/// One figure, over all rounds.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub(crate) what: String,
    /// What it is a ratio to; of an absolute figure, nothing.
    pub(crate) yardstick: String,
    pub(crate) spread: Spread,
    pub(crate) unit: Unit,
    pub(crate) wanted: Wanted,
}

/// One goal: its measures and what was left out.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) goal: u8,
    pub(crate) title: &'static str,
    pub(crate) measures: Vec<Measure>,
    /// How it was measured, and what was not.
    pub(crate) notes: Vec<String>,
}

impl Measure {
    /// A ratio that is judged.
    pub(crate) fn ratio(what: &str, yardstick: &str, ratios: &[f64], unit: Unit, wanted: Wanted) -> Self {
        let (what, yardstick) = (what.to_owned(), yardstick.to_owned());
        Self { what, yardstick, spread: Spread::of(ratios), unit, wanted }
    }

    /// An absolute figure that stands beside.
    pub(crate) fn beside(what: &str, values: &[f64], unit: Unit) -> Self {
        Self::ratio(what, "", values, unit, Wanted::Nothing)
    }

    /// An absolute figure that is judged, where the goal names one.
    pub(crate) fn absolute(what: &str, values: &[f64], unit: Unit, wanted: Wanted) -> Self {
        Self::ratio(what, "", values, unit, wanted)
    }

    /// Whether it is reached; `None` where nothing is wanted.
    pub(crate) fn met(&self) -> Option<bool> {
        match self.wanted {
            Wanted::AtLeast(least) => Some(self.spread.median >= least),
            Wanted::AtMost(most) => Some(self.spread.median <= most),
            Wanted::Nothing => None,
        }
    }

    fn row(&self) -> String {
        let Spread { median, min, max, rounds } = self.spread;
        let unit = self.unit;
        let wanted = match self.wanted {
            Wanted::AtLeast(least) => format!("≥ {}", unit.show(least)),
            Wanted::AtMost(most) => format!("≤ {}", unit.show(most)),
            Wanted::Nothing => String::new(),
        };
        let met = self.met().map_or("", |met| if met { "met" } else { "**not met**" });
        let yardstick = if self.yardstick.is_empty() { "(absolute)" } else { &self.yardstick };
        let range = format!("{}..{}", unit.show(min), unit.show(max));
        format!("| {} | {yardstick} | {} | {range} | {rounds} | {wanted} | {met} |", self.what, unit.show(median))
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Times if value < 0.995 => format!("1/{:.1}", 1.0 / value.max(1e-9)),
            Self::Times => format!("{value:.2}x"),
            Self::Percent => format!("{:.1} %", value * 100.0),
            Self::Millis => format!("{value:.1} ms"),
            Self::Mib => format!("{value:.1} MiB"),
            Self::Bytes => format!("{value:.0} bytes"),
            Self::PerSecond if value < 100.0 => format!("{value:.1}/s"),
            Self::PerSecond => format!("{value:.0}/s"),
        }
    }
}

/// Whether everything that was judged is met.
pub(crate) fn all_met(sections: &[Section]) -> bool {
    sections.iter().flat_map(|section| &section.measures).all(|measure| measure.met() != Some(false))
}

/// The report; `head` says when, where and how.
pub(crate) fn text(head: &[String], sections: &[Section], unmeasured: &[(&str, &str)]) -> String {
    let mut out = String::from("# Performance\n\nWritten by `cargo xtask bench`; do not edit.\n\n");
    for line in head {
        let _ = writeln!(out, "- {line}");
    }
    for section in sections {
        let _ = writeln!(out, "\n## Goal {}: {}\n", section.goal, section.title);
        out.push_str(
            "| what | yardstick, same run | median | min..max | rounds | wanted | |\n|---|---|---|---|---|---|---|\n",
        );
        for measure in &section.measures {
            let _ = writeln!(out, "{}", measure.row());
        }
        out.push('\n');
        for note in &section.notes {
            let _ = writeln!(out, "- {note}");
        }
    }
    out.push_str("\n## Not measured here\n\n");
    for (what, why) in unmeasured {
        let _ = writeln!(out, "- {what}: {why}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(median: f64, wanted: Wanted) -> Measure {
        Measure::ratio("ours", "theirs", &[median], Unit::Percent, wanted)
    }

    #[test]
    fn a_goal_is_judged_by_its_median() {
        assert_eq!(measure(0.96, Wanted::AtLeast(0.95)).met(), Some(true));
        assert_eq!(measure(0.94, Wanted::AtLeast(0.95)).met(), Some(false));
        assert_eq!(measure(0.94, Wanted::AtMost(0.95)).met(), Some(true));
        assert_eq!(measure(0.1, Wanted::Nothing).met(), None);
        let spread = Measure::ratio("a", "b", &[0.1, 0.96, 0.97], Unit::Percent, Wanted::AtLeast(0.95));
        assert_eq!(spread.met(), Some(true), "one bad round is no miss");
    }

    #[test]
    fn one_miss_is_a_miss_and_what_stands_beside_is_none() {
        let section = |measures| Section { goal: 1, title: "t", measures, notes: Vec::new() };
        assert!(all_met(&[section(vec![measure(0.1, Wanted::Nothing)])]));
        assert!(!all_met(&[section(vec![measure(1.0, Wanted::AtLeast(0.9)), measure(0.1, Wanted::AtLeast(0.9))])]));
    }

    #[test]
    fn the_report_says_what_is_absolute_missed_and_left_out() {
        let measures = vec![measure(0.5, Wanted::AtLeast(0.95)), Measure::beside("size", &[3.0], Unit::Mib)];
        let section = Section { goal: 4, title: "logins", measures, notes: vec!["a note".into()] };
        let text = text(&["a head".into()], &[section], &[("goal 1", "no route yet")]);
        assert!(text.contains("| ours | theirs | 50.0 % | 50.0 %..50.0 % | 1 | ≥ 95.0 % | **not met** |"), "{text}");
        assert!(text.contains("| size | (absolute) | 3.0 MiB |"), "{text}");
        assert!(
            text.contains("- a head\n") && text.contains("- a note\n") && text.contains("- goal 1: no route yet\n")
        );
    }

    #[test]
    fn a_part_of_a_yardstick_reads_as_a_fraction() {
        assert_eq!(Unit::Times.show(0.05), "1/20.0");
        assert_eq!(Unit::Times.show(12.34), "12.34x");
        assert_eq!(Unit::Millis.show(1.04), "1.0 ms");
        assert_eq!(Unit::PerSecond.show(12345.6), "12346/s");
    }
}
