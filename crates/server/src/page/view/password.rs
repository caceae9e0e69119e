//! A new password, after the step-up for it.

use super::{Hidden, rendered};
use crate::page::Trouble;

/// Posts `new_password` and `repeat` to `at`.
#[derive(Clone, Debug)]
pub(crate) struct ChangePassword {
    pub(crate) at: String,
    /// Whose account it is, so that password managers know.
    pub(crate) name: String,
    pub(crate) least: i64,
    pub(crate) hidden: Vec<Hidden>,
    pub(crate) trouble: Option<Trouble>,
}

rendered!(ChangePassword, "change_password.html", [NewPassword, Repeat]);
