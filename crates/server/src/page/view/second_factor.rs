//! The second gate: the strongest factor first, the others one step away.

use super::{Hidden, Purpose, rendered};
use crate::page::{Field, Trouble};

/// A way to prove the second factor, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// A passkey or security key: `{at}/passkey`, its options at `{at}/passkey/options`.
    Passkey,
    /// A code of an authenticator app: `{at}/totp`.
    Totp,
    /// A recovery code: `{at}/recovery-code`.
    RecoveryCode,
}

impl Way {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Passkey => "way-passkey",
            Self::Totp => "way-totp",
            Self::RecoveryCode => "way-recovery-code",
        }
    }
}

/// `GET {at}` of a login or step-up that asks for its second factor.
#[derive(Clone, Debug)]
pub(crate) struct SecondFactor {
    /// Where the login is; its forms post below it.
    pub(crate) at: String,
    /// Whose login it is, as typed.
    pub(crate) name: String,
    /// What this account can prove, in any order.
    pub(crate) ways: Vec<Way>,
    pub(crate) purpose: Purpose,
    pub(crate) hidden: Vec<Hidden>,
    pub(crate) trouble: Option<Trouble>,
}

impl SecondFactor {
    /// The way to show first: the one that was tried last, else the strongest.
    pub(super) fn first(&self) -> Option<Way> {
        let tried = self.trouble.as_ref().and_then(|trouble| match trouble.field() {
            Field::Code => Some(Way::Totp),
            Field::RecoveryCode => Some(Way::RecoveryCode),
            _ => None,
        });
        tried.filter(|way| self.ways.contains(way)).or_else(|| self.ways.iter().min().copied())
    }

    /// Whether the cursor waits in the field of the code. After trouble it waits where that is.
    fn begins_with_code(&self) -> bool {
        self.trouble.is_none() && self.first() == Some(Way::Totp)
    }

    fn fields(&self) -> &'static [Field] {
        match (self.ways.contains(&Way::Totp), self.ways.contains(&Way::RecoveryCode)) {
            (true, true) => &[Field::Code, Field::RecoveryCode],
            (true, false) => &[Field::Code],
            (false, true) => &[Field::RecoveryCode],
            (false, false) => &[],
        }
    }

    fn is_sign_in(&self) -> bool {
        self.purpose == Purpose::SignIn
    }

    fn below(&self, step: &str) -> String {
        format!("{}/{step}", self.at)
    }

    /// The other ways, strongest first.
    pub(super) fn others(&self) -> Vec<Way> {
        let mut others: Vec<Way> = self.ways.iter().copied().filter(|way| Some(*way) != self.first()).collect();
        others.sort_unstable();
        others.dedup();
        others
    }
}

rendered!(SecondFactor, "second_factor.html");
