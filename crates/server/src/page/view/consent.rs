//! What an app asks for, and the answer of the account's owner.

use poundlock_core::time::Span;

use super::{Hidden, rendered};
use crate::page::{Frame, trouble};

/// One thing an app would learn or could do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Learns {
    /// Who it is: a number that tells this account from others.
    Identity,
    /// Name and display name.
    Profile,
    Email,
    Groups,
    /// It stays signed in while the owner is away.
    Offline,
    /// An API by its name.
    Api(String),
    /// A scope by its name.
    Scope(String),
}

impl Learns {
    pub(super) fn said(&self, f: &Frame<'_>) -> String {
        match self {
            Self::Identity => f.t("learns-identity"),
            Self::Profile => f.t("learns-profile"),
            Self::Email => f.t("learns-email"),
            Self::Groups => f.t("learns-groups"),
            Self::Offline => f.t("learns-offline"),
            Self::Api(name) => f.t1("learns-api", "api", name),
            Self::Scope(name) => f.t1("learns-scope", "scope", name),
        }
        .into_owned()
    }
}

/// Posts `answer` (`allow` or `deny`) to `at`.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    pub(crate) at: String,
    /// The app's name, as registered.
    pub(crate) client: String,
    /// The host that the browser goes back to: what an app cannot pretend.
    pub(crate) host: String,
    /// Who is asked.
    pub(crate) name: String,
    pub(crate) learns: Vec<Learns>,
    /// How long it lasts, if it ends by itself.
    pub(crate) lifetime: Option<Span>,
    pub(crate) hidden: Vec<Hidden>,
}

impl Consent {
    /// How long it lasts, in words (OAE-17).
    fn lasting(&self, f: &Frame<'_>) -> String {
        match self.lifetime {
            Some(lifetime) => trouble::waiting(f, "consent-lasts", lifetime),
            None => f.t("consent-stays").into_owned(),
        }
    }
}

rendered!(Consent, "consent.html");
