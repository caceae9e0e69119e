//! A named part of a long command: prints when it starts, how it ended and how long it took.
//! Never swallows a fault: a stage that could not run has failed.

use std::time::Instant;

use anyhow::Result;

use crate::summary::Counts;

/// What one stage came to.
pub struct Report {
    pub name: &'static str,
    pub counts: Counts,
    pub seconds: f64,
}

/// Runs one stage between a headline and a result line.
pub fn run(name: &'static str, work: impl FnOnce() -> Result<Counts>) -> Report {
    println!("--- {name}");
    let begun = now();
    let counts = work().unwrap_or_else(|fault| {
        println!("{name}: {fault:#}");
        Counts::FAIL
    });
    let report = Report { name, counts, seconds: begun.elapsed().as_secs_f64() };
    println!("{}", line(&report));
    report
}

/// The table of all stages. The total comes last, alone on its line: scripts read it there.
pub fn summary(reports: &[Report]) -> (String, Counts) {
    let mut total = Counts::default();
    let mut text = String::from("--- summary\n");
    for report in reports {
        total += report.counts;
        text.push_str(&line(report));
        text.push('\n');
    }
    text.push_str(&format!("{} passed, {} failed", total.passed, total.failed));
    (text, total)
}

fn line(report: &Report) -> String {
    let Counts { passed, failed } = report.counts;
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    format!("{:<12} {:>8.1} s  {:>5} passed {:>4} failed  {verdict}", report.name, report.seconds, passed, failed)
}

#[expect(clippy::disallowed_methods, reason = "the one clock of xtask; it only measures how long a stage took")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_fault_is_a_failure() {
        let report = run("broken", || Err(anyhow!("no such file")));
        assert_eq!(report.counts, Counts::FAIL);
    }

    #[test]
    fn the_last_line_is_the_total_alone() {
        let reports =
            [run("one", || Ok(Counts { passed: 4, failed: 0 })), run("two", || Ok(Counts { passed: 1, failed: 2 }))];
        let (text, total) = summary(&reports);
        assert_eq!(text.lines().last(), Some("5 passed, 2 failed"));
        assert_eq!(total, Counts { passed: 5, failed: 2 });
        assert!(text.lines().any(|line| line.starts_with("two") && line.ends_with("FAILED")));
    }
}
