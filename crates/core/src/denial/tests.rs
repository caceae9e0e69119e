//! Each refusal has a code of its own, so that the audit record keeps apart what the edge shows alike.

use std::collections::BTreeSet;

use super::*;

const ALL: [Denial; 20] = [
    Denial::Credentials,
    Denial::Code,
    Denial::Gone,
    Denial::WrongStep,
    Denial::Delayed(Span::ZERO),
    Denial::Blocked,
    Denial::Rebind,
    Denial::Source(Span::ZERO),
    Denial::Busy(Span::ZERO),
    Denial::NameTaken,
    Denial::BadRefresh,
    Denial::SessionEnded,
    Denial::RefreshReuse,
    Denial::RefreshTooOften(Span::ZERO),
    Denial::Reprove(Span::ZERO),
    Denial::Unauthenticated,
    Denial::StepUp,
    Denial::NotAllowed,
    Denial::LastOne,
    Denial::Clock,
];

#[test]
fn no_two_refusals_share_a_code() {
    let codes: BTreeSet<&str> = ALL.iter().map(|denial| denial.code()).collect();
    assert_eq!(codes.len(), ALL.len());
    assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}

#[test]
fn a_delay_does_not_change_the_code() {
    assert_eq!(Denial::Delayed(Span::from_hours(1)).code(), Denial::Delayed(Span::ZERO).code());
}
