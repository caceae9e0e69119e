//! Another name for a second factor, after the step-up for it.

use super::rendered;
use crate::page::Trouble;

/// Posts `label` to `at`.
#[derive(Clone, Debug)]
pub(crate) struct RenameFactor {
    pub(crate) at: String,
    /// What it is called so far.
    pub(crate) label: String,
    pub(crate) trouble: Option<Trouble>,
}

rendered!(RenameFactor, "rename_factor.html", [Label]);
