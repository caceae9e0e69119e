//! The first gate: name and password on one page, so that password managers fill both.

use super::{Hidden, rendered};
use crate::page::{Field, Trouble, What};

/// `GET /sign-in`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SignIn {
    /// What was typed before; never whether it exists.
    pub(crate) name: String,
    /// The app that asked, if one did.
    pub(crate) client: Option<String>,
    /// What both forms carry along.
    pub(crate) hidden: Vec<Hidden>,
    /// Whether passkeys are offered.
    pub(crate) passkeys: bool,
    /// Whether the recovery code's field is shown: with name and password it opens the way when strangers have spent
    /// their budget.
    pub(crate) recovery: bool,
    pub(crate) trouble: Option<Trouble>,
}

impl SignIn {
    /// Whether a recovery code may come along.
    fn has_recovery(&self) -> bool {
        let blocked = |trouble: &Trouble| trouble.what == What::Blocked || trouble.field() == Field::RecoveryCode;
        self.recovery || self.trouble.as_ref().is_some_and(blocked)
    }
}

rendered!(SignIn, "sign_in.html", [Name, Password, RecoveryCode]);
