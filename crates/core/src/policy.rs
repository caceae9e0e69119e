//! The one policy: what evidence is worth. Every path to a session goes through [`grant`] (MFA-04).
//!
//! **Architecture Invariant:** [`Grant`] has private fields and is made in this file only, from evidence of two
//! different kinds of factor. The examples of `unforgeable.rs` hold that.

use crate::evidence::{Evidence, Kind, Means};
use crate::id::{FactorId, UserId};
use crate::time::Time;
use crate::token::{Acr, Amr, Event};

/// Two kinds of factor were proved by one user in one login: what a session is opened with. Used once, by value.
#[derive(Debug)]
pub struct Grant {
    user: UserId,
    user_version: i64,
    event: Event,
    mfa_time: Time,
    factor: Option<FactorId>,
    held: bool,
}

impl Grant {
    /// Whether the second factor is on probation after a recovery: it opens sessions, and changes nothing.
    #[must_use]
    pub const fn held(&self) -> bool {
        self.held
    }

    /// Whose grant this is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The account's version that the proofs rest on.
    #[must_use]
    pub const fn user_version(&self) -> i64 {
        self.user_version
    }

    /// The authentication: acr, amr and `auth_time`.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// When the second factor was proved.
    #[must_use]
    pub const fn mfa_time(&self) -> Time {
        self.mfa_time
    }

    /// The enrolled factor that the session will rest on; `None` for a recovery code.
    #[must_use]
    pub const fn factor(&self) -> Option<FactorId> {
        self.factor
    }
}

/// Decides what `evidence` is worth: a grant, or `None` while fewer than two different kinds are proved (MFA-01).
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "evidence gives one grant: it is spent by its use")]
pub fn grant(evidence: Evidence) -> Option<Grant> {
    let proved = evidence.proved();
    let has = |kind| proved.iter().any(|p| p.means.kind() == kind);
    if !(has(Kind::Knowledge) && has(Kind::Possession)) {
        return None;
    }
    let recovered = proved.iter().any(|p| p.means == Means::RecoveryCode);
    let possession = proved.iter().rfind(|p| p.means.kind() == Kind::Possession)?;
    let factor = match possession.means {
        Means::Totp(factor) | Means::HeldTotp(factor) => Some(factor),
        Means::Password | Means::RecoveryCode => None,
    };
    let second = if recovered { Amr::Rcv } else { Amr::Otp };
    // A recovery code never counts as a full second factor (RCV-08), whatever else was proved beside it.
    let acr = if recovered { Acr::Recovery } else { Acr::Aal2 };
    // The oldest proof: a service that asks for a younger login must not be told of the younger half only.
    let oldest = proved.iter().map(|p| p.at).min()?;
    let event = Event::new(acr, vec![Amr::Pwd, second, Amr::Mfa], oldest);
    Some(Grant {
        user: evidence.user(),
        user_version: evidence.user_version(),
        event,
        mfa_time: possession.at,
        factor,
        held: matches!(possession.means, Means::HeldTotp(_)),
    })
}

#[cfg(test)]
pub(crate) mod tests;
