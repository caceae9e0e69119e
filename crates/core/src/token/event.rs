//! One authentication, as tokens show it. Never raised afterwards: another authentication is another event.

pub use poundlock_verify::Acr;
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A method used (`amr`, RFC 8176), and the private `rcv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amr {
    /// A password.
    Pwd,
    /// A one-time code.
    Otp,
    /// More than one kind of factor.
    Mfa,
    /// A key in hardware.
    Hwk,
    /// A key in software, or one that may be copied.
    Swk,
    /// The device checked its user by PIN or by body.
    User,
    /// A recovery code; a private value.
    Rcv,
}

/// One authentication: how strong, by what, and when.
///
/// Its fields cannot be set from outside this crate, so a server that reads a row cannot make up a stronger event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    acr: Acr,
    amr: Vec<Amr>,
    auth_time: Time,
}

impl Event {
    /// An event as it was proved. `auth_time` is the oldest proof that it rests on.
    pub(crate) fn new(acr: Acr, mut amr: Vec<Amr>, auth_time: Time) -> Self {
        amr.sort_unstable();
        amr.dedup();
        Self { acr, amr, auth_time }
    }

    /// The strength.
    #[must_use]
    pub const fn acr(&self) -> Acr {
        self.acr
    }

    /// The methods, each once.
    #[must_use]
    pub fn amr(&self) -> &[Amr] {
        &self.amr
    }

    /// When the oldest proof was given.
    #[must_use]
    pub const fn auth_time(&self) -> Time {
        self.auth_time
    }
}

impl Amr {
    /// The text of the claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pwd => "pwd",
            Self::Otp => "otp",
            Self::Mfa => "mfa",
            Self::Hwk => "hwk",
            Self::Swk => "swk",
            Self::User => "user",
            Self::Rcv => "rcv",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_written_as_registered() {
        for amr in [Amr::Pwd, Amr::Otp, Amr::Mfa, Amr::Hwk, Amr::Swk, Amr::User, Amr::Rcv] {
            assert_eq!(serde_json::to_value(amr).unwrap(), amr.as_str());
        }
        let event = Event::new(Acr::Aal2, vec![Amr::Mfa, Amr::Otp, Amr::Pwd, Amr::Otp], Time::from_seconds(1));
        assert_eq!(event.amr(), [Amr::Pwd, Amr::Otp, Amr::Mfa]);
    }
}
