//! Recovery codes, shown once.

use poundlock_core::secret::Secret;

use super::{Hidden, rendered};
use crate::page::Trouble;

/// Posts `saved` to `at`, once they are.
#[derive(Clone, Debug)]
pub(crate) struct RecoveryCodes {
    pub(crate) at: String,
    /// Whose they are: the downloaded file says so.
    pub(crate) name: String,
    pub(crate) codes: Vec<Secret<String>>,
    /// The last step of a first enrolment, or a new set.
    pub(crate) first: bool,
    pub(crate) hidden: Vec<Hidden>,
    pub(crate) trouble: Option<Trouble>,
}

impl RecoveryCodes {
    fn texts(&self) -> Vec<&str> {
        self.codes.iter().map(|code| code.reveal().as_str()).collect()
    }
}

rendered!(RecoveryCodes, "recovery_codes.html");
