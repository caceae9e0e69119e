//! What an action asks of the login behind a token, beyond a valid token. It reads claims only and changes nothing.

use crate::{Acr, Claims, Reject, Seconds};

/// A demand on the login: how strong, and how fresh. When it is not met, the service answers with an
/// `insufficient_user_authentication` challenge (RFC 9470 §3).
///
/// ```
/// use poundlock_verify::{Acr, Require, Seconds};
/// let payment = Require::acr(Acr::Phr).max_age(Seconds::new(300));
/// assert_eq!(payment.challenge(), "acr_values=\"phr\", max_age=300");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Require {
    acr: Acr,
    max_age: Option<Seconds>,
}

impl Require {
    /// Demands a login of at least this strength.
    #[must_use]
    pub const fn acr(acr: Acr) -> Self {
        Self { acr, max_age: None }
    }

    /// Demands also that the login (`auth_time`) is at most this old.
    #[must_use]
    pub const fn max_age(self, max_age: Seconds) -> Self {
        Self { max_age: Some(max_age), ..self }
    }

    /// Checks claims that [`crate::Verifier`] has accepted.
    ///
    /// # Errors
    /// [`Reject::InsufficientAcr`] or [`Reject::AuthenticationTooOld`].
    pub fn check(&self, claims: &Claims, now: Seconds) -> Result<(), Reject> {
        if claims.acr < self.acr {
            return Err(Reject::InsufficientAcr);
        }
        match self.max_age {
            Some(max_age) if now.since(claims.auth_time) > max_age => Err(Reject::AuthenticationTooOld),
            _ => Ok(()),
        }
    }

    /// The parameters of the challenge, to follow `error="insufficient_user_authentication"` in `WWW-Authenticate`.
    #[must_use]
    pub fn challenge(&self) -> String {
        let acr = format!("acr_values=\"{}\"", self.acr);
        self.max_age.map_or(acr.clone(), |max_age| format!("{acr}, max_age={max_age}"))
    }
}

#[cfg(test)]
mod tests;
