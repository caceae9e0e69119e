//! The one policy: what evidence is worth. Every path to a session goes through [`grant`] (MFA-04).
//!
//! **Architecture Invariant:** [`Grant`] has private fields and is made in this file only, from evidence of two
//! different kinds of factor. The examples of `unforgeable.rs` hold that.

use crate::evidence::{Evidence, Kind, Means, Proved, Signed};
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
    let has = |kind| proved.iter().any(|p| p.means.is_of(kind));
    if !(has(Kind::Possession) && (has(Kind::Knowledge) || has(Kind::Verification))) {
        return None;
    }
    let second = second(proved)?;
    // The oldest proof: a service that asks for a younger login must not be told of the younger half only.
    let oldest = proved.iter().map(|p| p.at).min()?;
    let mut amr = amr_of(second.means);
    if has(Kind::Knowledge) {
        amr.push(Amr::Pwd);
    }
    Some(Grant {
        user: evidence.user(),
        user_version: evidence.user_version(),
        event: Event::new(acr_of(second.means), amr, oldest),
        mfa_time: second.at,
        factor: match second.means {
            Means::Totp(factor) | Means::HeldTotp(factor) | Means::Passkey(factor, _) => Some(factor),
            Means::Password | Means::RecoveryCode => None,
        },
        held: matches!(second.means, Means::HeldTotp(_) | Means::Passkey(_, Signed { held: true, .. })),
    })
}

/// What the session will rest on. A recovery code never counts as a full second factor (RCV-08), whatever else was
/// proved beside it; else it is the strongest that was proved, and of equals the last.
fn second(proved: &[Proved]) -> Option<&Proved> {
    let held = || proved.iter().filter(|p| p.means.is_of(Kind::Possession));
    let recovered = held().rfind(|p| p.means == Means::RecoveryCode);
    recovered.or_else(|| held().max_by_key(|p| acr_of(p.means)))
}

/// How strong a login is that rests on this, given that the other kind was proved too.
const fn acr_of(second: Means) -> Acr {
    match second {
        Means::RecoveryCode => Acr::Recovery,
        Means::Passkey(_, Signed { held: false, attested: true, .. }) => Acr::Phrh,
        Means::Passkey(_, Signed { held: false, .. }) => Acr::Phr,
        // On probation after a recovery no factor is worth more than a code.
        Means::Password | Means::Totp(_) | Means::HeldTotp(_) | Means::Passkey(..) => Acr::Aal2,
    }
}

/// What tokens say of it. A key is one of hardware only where that was attested (MFA-20).
fn amr_of(second: Means) -> Vec<Amr> {
    match second {
        Means::RecoveryCode => vec![Amr::Rcv, Amr::Mfa],
        Means::Password | Means::Totp(_) | Means::HeldTotp(_) => vec![Amr::Otp, Amr::Mfa],
        Means::Passkey(_, signed) => {
            let key = if signed.attested { Amr::Hwk } else { Amr::Swk };
            if signed.verified { vec![key, Amr::User, Amr::Mfa] } else { vec![key, Amr::Mfa] }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
