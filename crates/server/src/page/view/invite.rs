//! An invite or a ticket: the password that goes with it.

use super::rendered;
use crate::page::{Field, Trouble};

/// What the secret is for, as far as that is known before it is spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum InviteKind {
    /// Not looked at yet: it may be either.
    #[default]
    Unknown,
    /// A new account: a password is chosen. The name, where it is known.
    New { name: Option<String> },
    /// An account that there is: its present password.
    Ticket { name: Option<String> },
}

/// `GET /invite`. Posts `invite`, and `new_password` with `repeat` or, for a ticket, `password`.
#[derive(Clone, Debug)]
pub(crate) struct InviteAccept {
    /// The secret, empty when it is still to be typed. A script takes it from the fragment of the address, which no
    /// server or log ever sees.
    pub(crate) invite: String,
    pub(crate) kind: InviteKind,
    /// The least number of characters of a new password.
    pub(crate) least: i64,
    pub(crate) trouble: Option<Trouble>,
}

impl InviteAccept {
    const fn title(&self) -> &'static str {
        if matches!(self.kind, InviteKind::Ticket { .. }) { "accept-ticket" } else { "accept-invite" }
    }

    /// Whether the secret was looked at: then it is carried, not typed.
    fn is_known(&self) -> bool {
        self.kind != InviteKind::Unknown && !self.invite.is_empty()
    }

    fn fields(&self) -> &'static [Field] {
        match self.kind {
            InviteKind::Ticket { .. } => &[Field::Invite, Field::Password],
            _ => &[Field::Invite, Field::NewPassword, Field::Repeat],
        }
    }

    fn is_ticket(&self) -> bool {
        matches!(self.kind, InviteKind::Ticket { .. })
    }

    fn name(&self) -> &str {
        match &self.kind {
            InviteKind::New { name } | InviteKind::Ticket { name } => name.as_deref().unwrap_or_default(),
            InviteKind::Unknown => "",
        }
    }
}

rendered!(InviteAccept, "invite_accept.html");
