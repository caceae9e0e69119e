//! The same checks as for every request, told one by one. It adds no rule of its own: [`Trace`] only listens.

use std::fmt::Write as _;

use crate::Reject;

/// One check of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Name of the check; stable.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// What was expected and found, for people. Text out of the token is quoted, escaped and cut short, so it cannot
    /// steer a terminal. Empty when not reached.
    pub detail: String,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not, and the token was refused for this.
    Failed(Reject),
    /// An earlier check had failed.
    NotReached,
}

/// The checks in the order they are made (BND-01).
pub(crate) const CHECKS: [&str; 14] = [
    "shape",
    "header",
    "type",
    "key",
    "signature",
    "payload",
    "claims",
    "issuer",
    "audience",
    "expiry",
    "not-before",
    "lifetime",
    "binding",
    "status",
];

/// Listens to a verification, or to none.
pub(crate) struct Trace(Option<Vec<Check>>);

impl Trace {
    pub(crate) const fn silent() -> Self {
        Self(None)
    }

    pub(crate) const fn listening() -> Self {
        Self(Some(Vec::new()))
    }

    /// Passes `outcome` on; `detail` is made only when someone listens.
    pub(crate) fn step<T>(
        &mut self,
        name: &'static str,
        outcome: Result<T, Reject>,
        detail: impl FnOnce() -> String,
    ) -> Result<T, Reject> {
        if let Some(checks) = &mut self.0 {
            checks.push(match &outcome {
                Ok(_) => Check { name, outcome: Outcome::Passed, detail: detail() },
                Err(reject) => {
                    Check { name, outcome: Outcome::Failed(*reject), detail: format!("{reject}; {}", detail()) }
                }
            });
        }
        outcome
    }

    /// All checks, those not reached included.
    pub(crate) fn finish(self) -> Vec<Check> {
        let mut checks = self.0.unwrap_or_default();
        for name in CHECKS.iter().skip(checks.len()) {
            checks.push(Check { name, outcome: Outcome::NotReached, detail: String::new() });
        }
        checks
    }
}

/// Text from a token, safe to print: control characters could clear a screen or forge a line of output.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 100;
    let mut shown = String::from("\"");
    for character in text.chars().take(SHOWN_CHARS_MAX) {
        // Direction marks and other non-ASCII could make one name look like another.
        if character.is_ascii_graphic() || character == ' ' {
            shown.push(character);
        } else {
            let _ = write!(shown, "{}", character.escape_unicode());
        }
    }
    shown.push('"');
    if text.chars().count() > SHOWN_CHARS_MAX {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{CHECKS, Check, Outcome, Trace, quoted};
    use crate::Reject;

    #[test]
    fn quoted_text_cannot_steer_a_terminal() {
        assert_eq!(quoted("plain text"), "\"plain text\"");
        assert_eq!(quoted("\x1b[2J\n\u{202e}é"), "\"\\u{1b}[2J\\u{a}\\u{202e}\\u{e9}\"");
        assert!(quoted(&"x".repeat(101)).ends_with("x\"…"));
        assert!(!quoted(&"x".repeat(100)).contains('…'));
    }

    #[test]
    fn a_silent_trace_makes_no_text() {
        let mut trace = Trace::silent();
        let outcome: Result<u8, Reject> = trace.step("shape", Ok(1), || unreachable!("no one listens"));
        assert_eq!(outcome, Ok(1));
    }

    #[test]
    fn what_was_not_reached_is_listed() {
        let mut trace = Trace::listening();
        trace.step("shape", Ok(()), || "a".into()).unwrap();
        trace.step::<()>("header", Err(Reject::Malformed), || "b".into()).unwrap_err();
        let checks = trace.finish();
        assert_eq!(checks.len(), CHECKS.len());
        assert_eq!(checks[0], Check { name: "shape", outcome: Outcome::Passed, detail: "a".into() });
        assert_eq!(checks[1].outcome, Outcome::Failed(Reject::Malformed));
        assert!(checks[1].detail.starts_with("malformed: ") && checks[1].detail.ends_with("; b"));
        assert!(checks[2..].iter().all(|check| check.outcome == Outcome::NotReached && check.detail.is_empty()));
    }
}
