//! The first gate once more, for one change.

use poundlock_core::step_up::Action;

use super::{Hidden, rendered};
use crate::page::{Frame, Trouble};

/// What two factors are proved for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing in, perhaps to an app.
    #[default]
    SignIn,
    /// One change of the account; the text names what is changed, such as a factor's name.
    Change(Action, Option<String>),
    /// A session that goes on.
    Refresh,
}

impl Purpose {
    /// What the page says it is for; empty for a plain login.
    pub(super) fn said(&self, f: &Frame<'_>) -> String {
        match self {
            Self::SignIn => String::new(),
            Self::Refresh => f.t("purpose-refresh").into_owned(),
            Self::Change(Action::ChangePassword, _) => f.t("purpose-change-password").into_owned(),
            Self::Change(Action::NewRecoveryCodes, _) => f.t("purpose-new-codes").into_owned(),
            Self::Change(Action::AddFactor, _) => f.t("purpose-add-factor").into_owned(),
            Self::Change(Action::Authorize, _) => f.t("purpose-authorize").into_owned(),
            Self::Change(Action::RenameFactor, target) => {
                f.t1("purpose-rename-factor", "factor", target.as_deref().unwrap_or_default()).into_owned()
            }
            Self::Change(Action::RemoveFactor, target) => {
                f.t1("purpose-remove-factor", "factor", target.as_deref().unwrap_or_default()).into_owned()
            }
        }
    }
}

/// The password (or a passkey) again, before the second gate.
#[derive(Clone, Debug)]
pub(crate) struct StepUp {
    /// `{at}` takes the password, `{at}/passkey` a passkey.
    pub(crate) at: String,
    /// Whose account it is.
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    pub(crate) hidden: Vec<Hidden>,
    /// Whether the account has a passkey.
    pub(crate) passkeys: bool,
    pub(crate) trouble: Option<Trouble>,
}

impl StepUp {
    fn passkey_at(&self) -> String {
        format!("{}/passkey", self.at)
    }
}

rendered!(StepUp, "step_up.html", [Password]);
