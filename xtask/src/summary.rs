//! Reads the counts from what test runners print. Never guesses: a line it does not know is no count.

use std::ops::AddAssign;

/// How many checks held and how many did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u32,
    pub failed: u32,
}

impl Counts {
    pub const PASS: Counts = Counts { passed: 1, failed: 0 };
    pub const FAIL: Counts = Counts { passed: 0, failed: 1 };

    /// One check, held or not.
    pub fn one(held: bool) -> Counts {
        if held { Counts::PASS } else { Counts::FAIL }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

/// The sum over every summary line that nextest printed.
pub fn nextest(lines: &[String]) -> Counts {
    sum(lines, nextest_line)
}

/// The sum over every summary line that the standard test harness printed, one for each binary.
pub fn harness(lines: &[String]) -> Counts {
    sum(lines, harness_line)
}

fn sum(lines: &[String], read: fn(&str) -> Option<Counts>) -> Counts {
    let mut total = Counts::default();
    for counts in lines.iter().filter_map(|line| read(line)) {
        total += counts;
    }
    total
}

/// `Summary [ 1.2s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 3 skipped`.
fn nextest_line(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("Summary [")?;
    let (_, rest) = rest.split_once(']')?;
    let (_, parts) = rest.split_once(" run: ")?;
    Some(parts_of(&without_brackets(parts), ','))
}

/// `test result: FAILED. 3 passed; 1 failed; 0 ignored; …`.
fn harness_line(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("test result: ")?;
    let (_, parts) = rest.split_once(". ")?;
    Some(parts_of(parts, ';'))
}

fn parts_of(text: &str, separator: char) -> Counts {
    let mut counts = Counts::default();
    for part in text.split(separator) {
        let Some((number, what)) = part.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u32>() else { continue };
        match what.trim() {
            "passed" => counts.passed += number,
            "failed" | "timed out" | "exec failed" => counts.failed += number,
            _ => {}
        }
    }
    counts
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let mut kept = String::new();
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn reads_a_green_nextest_run() {
        let text = "    Starting 3 tests across 2 binaries\n     Summary [   0.012s] 3 tests run: 3 passed, 0 skipped";
        assert_eq!(nextest(&lines(text)), Counts { passed: 3, failed: 0 });
    }

    #[test]
    fn reads_a_red_nextest_run_with_everything_in_it() {
        let text = "  Summary [ 61.0s] 12 tests run: 8 passed (1 slow, 2 leaky), 2 failed, 1 timed out, 1 exec failed, 4 skipped";
        assert_eq!(nextest(&lines(text)), Counts { passed: 8, failed: 4 });
    }

    #[test]
    fn reads_one_test_and_a_run_cut_short() {
        assert_eq!(nextest(&lines(" Summary [ 0.1s] 1 test run: 1 passed, 0 skipped")), Counts::PASS);
        assert_eq!(nextest(&lines(" Summary [ 0.1s] 1/9 tests run: 0 passed, 1 failed")), Counts::FAIL);
    }

    #[test]
    fn nextest_does_not_count_the_harness_lines_of_a_failed_test() {
        let text =
            "test result: FAILED. 0 passed; 1 failed; 0 ignored\n Summary [ 0.1s] 2 tests run: 1 passed, 1 failed";
        assert_eq!(nextest(&lines(text)), Counts { passed: 1, failed: 1 });
    }

    #[test]
    fn adds_the_harness_lines_of_every_binary() {
        let text = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                    test a ... ok\ntest result: FAILED. 3 passed; 2 failed; 0 ignored";
        assert_eq!(harness(&lines(text)), Counts { passed: 8, failed: 2 });
    }

    #[test]
    fn other_lines_are_no_count() {
        let text = "12 passed\nSummary: 3 tests run: 3 passed\nresult: ok. 5 passed; 0 failed";
        assert_eq!(nextest(&lines(text)), Counts::default());
        assert_eq!(harness(&lines(text)), Counts::default());
    }
}
