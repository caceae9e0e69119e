//! Each refusal has a code of its own, so that the audit record keeps apart what the edge shows alike.

use std::collections::BTreeSet;

use super::*;

#[test]
fn no_two_refusals_share_a_code() {
    let codes: BTreeSet<&str> = Denial::ALL.iter().map(|denial| denial.code()).collect();
    assert_eq!(codes.len(), Denial::ALL.len());
    assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}

#[test]
fn a_delay_does_not_change_the_code() {
    assert_eq!(Denial::Delayed(Span::from_hours(1)).code(), Denial::Delayed(Span::ZERO).code());
}
