//! How long a client's tokens and sessions last, as its operator may set it, and what is longer than the default.

use super::problem::{ClientProblem, ClientWarning};
use super::{ClientId, ClientSpec};
use crate::time::Span;
use crate::token::ACCESS_LIFE_MAX;

/// The longest that a session, its idleness or the age of a second factor may be set to: 30 days.
pub const LIFE_MAX: Span = Span::from_hours(30 * 24);

const ACCESS_LIFE: Span = Span::from_minutes(5);
const IDLE: Span = Span::from_hours(1);
const ABSOLUTE: Span = Span::from_hours(24);
const MFA_MAX_AGE: Span = Span::from_hours(12);

/// The limits of one client.
pub(super) struct Lives {
    pub(super) access: Span,
    pub(super) idle: Span,
    pub(super) absolute: Span,
    pub(super) mfa_max_age: Span,
}

pub(super) fn lives(spec: &ClientSpec, problems: &mut Vec<ClientProblem>) -> Lives {
    let mut life = |field, seconds: Option<i64>, default: Span, max: Span| {
        let Some(seconds) = seconds else { return default };
        if !(1..=max.seconds()).contains(&seconds) {
            problems.push(ClientProblem::Life { field, max_seconds: max.seconds() });
            return default;
        }
        Span::from_seconds(seconds)
    };
    let access = life("access_life_seconds", spec.access_life_seconds, ACCESS_LIFE, ACCESS_LIFE_MAX);
    let absolute = life("absolute_seconds", spec.absolute_seconds, ABSOLUTE, LIFE_MAX);
    // Left out, the idle limit gives way to a short absolute one; written down, it must make sense.
    let idle = life("idle_seconds", spec.idle_seconds, IDLE.min(absolute), LIFE_MAX);
    let mfa_max_age = life("mfa_max_age_seconds", spec.mfa_max_age_seconds, MFA_MAX_AGE, LIFE_MAX);
    if idle > absolute {
        problems.push(ClientProblem::IdleOverAbsolute);
    }
    Lives { access, idle, absolute, mfa_max_age }
}

pub(super) fn warnings(id: &ClientId, lives: &Lives) -> Vec<ClientWarning> {
    [
        ("idle_seconds", lives.idle, IDLE),
        ("absolute_seconds", lives.absolute, ABSOLUTE),
        ("mfa_max_age_seconds", lives.mfa_max_age, MFA_MAX_AGE),
    ]
    .into_iter()
    .filter(|(_, value, default)| value > default)
    .map(|(field, value, default)| ClientWarning {
        client: id.clone(),
        field,
        seconds: value.seconds(),
        default_seconds: default.seconds(),
    })
    .collect()
}
