//! A refusal or fault that no form can answer.

use poundlock_core::time::Span;

use super::rendered;
use crate::page::{Frame, trouble, url};

/// The way on from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Back {
    #[default]
    SignIn,
    Account,
    /// None of ours: the reader closes the page.
    Nowhere,
}

/// Any status over 399.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    /// The last part of the problem's type, such as `gone` (docs/problems.md).
    pub(crate) problem: &'static str,
    /// What `poundlock explain` or the log know it by.
    pub(crate) reference: String,
    pub(crate) wait: Option<Span>,
    pub(crate) back: Back,
}

impl Error {
    fn title(&self, f: &Frame<'_>) -> String {
        f.t(&format!("problem-{}", self.problem)).into_owned()
    }

    fn remedy(&self, f: &Frame<'_>) -> String {
        f.t(&format!("problem-{}-do", self.problem)).into_owned()
    }

    fn waiting(&self, f: &Frame<'_>) -> String {
        self.wait.map(|wait| trouble::waiting(f, "error-page-wait", wait)).unwrap_or_default()
    }

    /// Where the way on leads, and its key.
    fn way_on(&self) -> Option<(&'static str, &'static str)> {
        match self.back {
            Back::SignIn => Some((url::SIGN_IN, "back-sign-in")),
            Back::Account => Some((url::ACCOUNT, "back-account")),
            Back::Nowhere => None,
        }
    }
}

rendered!(Error, "error.html");
