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
    /// What the downloaded file is called: letters that a file's name may have everywhere.
    fn file(&self) -> String {
        let name: String = self.name.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        format!("recovery-codes-{name}.txt")
    }

    fn texts(&self) -> Vec<&str> {
        self.codes.iter().map(|code| code.reveal().as_str()).collect()
    }
}

rendered!(RecoveryCodes, "recovery_codes.html", [Saved]);
