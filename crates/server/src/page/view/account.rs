//! The account: what it is, what guards it, where it is signed in.

use std::borrow::Cow;

use poundlock_core::time::Time;

use super::rendered;
use crate::page::{Frame, Trouble};

/// What was just done, told above the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    PasswordChanged,
    FactorAdded,
    FactorRenamed,
    FactorRemoved,
    CodesMade,
    SessionEnded,
    OthersEnded,
    DeviceForgotten,
    GrantWithdrawn,
}

impl Notice {
    pub(crate) const ALL: [Self; 9] = [
        Self::PasswordChanged,
        Self::FactorAdded,
        Self::FactorRenamed,
        Self::FactorRemoved,
        Self::CodesMade,
        Self::SessionEnded,
        Self::OthersEnded,
        Self::DeviceForgotten,
        Self::GrantWithdrawn,
    ];

    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::PasswordChanged => "notice-password-changed",
            Self::FactorAdded => "notice-factor-added",
            Self::FactorRenamed => "notice-factor-renamed",
            Self::FactorRemoved => "notice-factor-removed",
            Self::CodesMade => "notice-codes-made",
            Self::SessionEnded => "notice-session-ended",
            Self::OthersEnded => "notice-others-ended",
            Self::DeviceForgotten => "notice-device-forgotten",
            Self::GrantWithdrawn => "notice-grant-withdrawn",
        }
    }
}

/// The kind of a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FactorKind {
    Passkey,
    SecurityKey,
    Totp,
}

impl FactorKind {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Passkey => "kind-passkey",
            Self::SecurityKey => "kind-security-key",
            Self::Totp => "kind-totp",
        }
    }
}

/// A second factor. Below `/account/factors/{id}`: `/name` asks for another name, `/remove` is a form.
#[derive(Clone, Debug)]
pub(crate) struct FactorLine {
    pub(crate) id: String,
    pub(crate) kind: FactorKind,
    pub(crate) label: String,
    pub(crate) made_at: Time,
    pub(crate) used_at: Option<Time>,
    /// On probation until then, after a recovery.
    pub(crate) held_until: Option<Time>,
    /// Whether it may go: the last one may not.
    pub(crate) removable: bool,
}

/// A session. Form: `/account/sessions/{id}/end`.
#[derive(Clone, Debug)]
pub(crate) struct SessionLine {
    pub(crate) id: String,
    pub(crate) present: bool,
    /// The app it belongs to.
    pub(crate) client: String,
    /// Browser and system in words, where known.
    pub(crate) agent: Option<String>,
    /// The network it came from, where known.
    pub(crate) address: Option<String>,
    pub(crate) opened_at: Time,
    pub(crate) used_at: Time,
}

/// A known device. Form: `/account/devices/{id}/forget`.
#[derive(Clone, Debug)]
pub(crate) struct DeviceLine {
    pub(crate) id: String,
    pub(crate) present: bool,
    pub(crate) agent: Option<String>,
    pub(crate) made_at: Time,
    pub(crate) used_at: Time,
}

/// What an app was allowed. Form: `/account/grants/{client}/withdraw`.
#[derive(Clone, Debug)]
pub(crate) struct GrantLine {
    /// The client's id, for the address; letters that an address may have.
    pub(crate) client: String,
    pub(crate) name: String,
    pub(crate) learns: Vec<super::Learns>,
    pub(crate) given_at: Time,
}

/// `GET /account`.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) groups: Vec<String>,
    pub(crate) made_at: Time,
    pub(crate) factors: Vec<FactorLine>,
    pub(crate) codes_left: i64,
    pub(crate) sessions: Vec<SessionLine>,
    pub(crate) devices: Vec<DeviceLine>,
    pub(crate) grants: Vec<GrantLine>,
    pub(crate) notice: Option<Notice>,
    pub(crate) trouble: Option<Trouble>,
}

impl Account {
    /// How the page greets.
    fn shown_name<'v>(&'v self, f: &Frame<'_>) -> Cow<'v, str> {
        f.shown(if self.display_name.is_empty() { &self.name } else { &self.display_name })
    }

    fn has_other_sessions(&self) -> bool {
        self.sessions.iter().any(|one| !one.present)
    }

    /// So few that new ones should be made.
    const fn codes_are_few(&self) -> bool {
        self.codes_left < 3
    }
}

rendered!(Account, "account.html", []);
