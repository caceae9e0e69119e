//! What went wrong on a form, and beside which field it is told. Words only: what is refused was decided elsewhere.

use poundlock_core::denial::Denial;
use poundlock_core::password::{BYTES_MAX, Weakness};
use poundlock_core::time::Span;

use super::frame::Frame;

/// A refusal that the same form can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) what: What,
    /// What `poundlock explain` takes; empty where nothing was recorded.
    pub(crate) reference: String,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Name, password or both.
    Credentials,
    /// The present password, where the name is known.
    Password,
    /// A code of an app.
    Code,
    RecoveryCode,
    /// The passkey was not accepted, or none was sent.
    Passkey,
    /// The invite is spent, expired or none.
    Invite,
    NameTaken,
    /// The new password may not be set.
    Weak(Weakness),
    /// The two new passwords differ.
    Differs,
    /// A field was left empty.
    Empty(Field),
    /// "I have saved them" was not ticked.
    NotSaved,
    /// Too soon after failures; nothing was checked.
    Wait(Span),
    /// The server has too much to do; nothing was checked.
    Busy(Span),
    /// The strangers' budget is spent.
    Blocked,
    /// All budgets are spent.
    Rebind,
    /// The form was too old, or came from elsewhere: once more.
    Stale,
}

/// A field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Name,
    Password,
    NewPassword,
    Repeat,
    Code,
    RecoveryCode,
    Invite,
    Label,
    Saved,
    /// None in particular: told above the form.
    Form,
}

impl Field {
    /// The `name` and `id` of the field; the error's id is this with `-error`.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Password => "password",
            Self::NewPassword => "new_password",
            Self::Repeat => "repeat",
            Self::Code => "code",
            Self::RecoveryCode => "recovery_code",
            Self::Invite => "invite",
            Self::Label => "label",
            Self::Saved => "saved",
            Self::Form => "form",
        }
    }
}

impl Trouble {
    /// What a refusal is on a form; `None` where the form cannot go on and the page is [`super::view::Error`].
    pub(crate) fn of_denial(denial: Denial, reference: String) -> Option<Self> {
        let what = match denial {
            Denial::Credentials => What::Credentials,
            Denial::Code => What::Code,
            Denial::Passkey => What::Passkey,
            Denial::Delayed(wait) | Denial::Source(wait) => What::Wait(wait),
            Denial::Busy(wait) => What::Busy(wait),
            Denial::Blocked => What::Blocked,
            Denial::Rebind => What::Rebind,
            Denial::NameTaken => What::NameTaken,
            _ => return None,
        };
        Some(Self { what, reference })
    }

    /// The field that it is told beside.
    pub(crate) const fn field(&self) -> Field {
        match self.what {
            What::Password => Field::Password,
            What::Code => Field::Code,
            What::RecoveryCode => Field::RecoveryCode,
            What::Invite => Field::Invite,
            What::Weak(_) => Field::NewPassword,
            What::Differs => Field::Repeat,
            What::Empty(field) => field,
            What::NotSaved => Field::Saved,
            What::Credentials
            | What::Passkey
            | What::NameTaken
            | What::Wait(_)
            | What::Busy(_)
            | What::Blocked
            | What::Rebind
            | What::Stale => Field::Form,
        }
    }

    /// It in words.
    pub(crate) fn said(&self, frame: &Frame<'_>) -> String {
        let key = self.key();
        let text = match self.what {
            What::Weak(Weakness::TooShort { min }) => frame.tn(key, &count(min)),
            What::Weak(Weakness::TooLong) => frame.tn(key, &count(BYTES_MAX)),
            What::Wait(wait) | What::Busy(wait) => return waiting(frame, key, wait),
            _ => frame.t(key),
        };
        text.into_owned()
    }

    pub(super) const fn key(&self) -> &'static str {
        match self.what {
            What::Credentials => "error-credentials",
            What::Password => "error-password",
            What::Code => "error-code",
            What::RecoveryCode => "error-recovery-code",
            What::Passkey => "error-passkey",
            What::Invite => "error-invite",
            What::NameTaken => "error-name-taken",
            What::Weak(Weakness::TooShort { .. }) => "error-password-short",
            What::Weak(Weakness::TooLong) => "error-password-long",
            What::Weak(Weakness::Common) => "error-password-common",
            What::Weak(Weakness::Context(_)) => "error-password-context",
            What::Differs => "error-differs",
            What::Empty(_) => "error-empty",
            What::NotSaved => "error-not-saved",
            What::Wait(_) => "error-wait",
            What::Busy(_) => "error-busy",
            What::Blocked => "error-blocked",
            What::Rebind => "error-rebind",
            What::Stale => "error-stale",
        }
    }
}

/// A text, then how long to wait in the largest unit that fits.
pub(super) fn waiting(frame: &Frame<'_>, key: &str, wait: Span) -> String {
    let seconds = wait.seconds_up().max(1);
    let span = match seconds {
        1..=90 => frame.tn("span-seconds", &seconds),
        91..=5400 => frame.tn("span-minutes", &up(seconds, 60)),
        5401..=172_800 => frame.tn("span-hours", &up(seconds, 3600)),
        _ => frame.tn("span-days", &up(seconds, 86_400)),
    };
    frame.with(key, "span", &span).into_owned()
}

/// Whole units, rounded up.
const fn up(seconds: i64, unit: i64) -> i64 {
    (seconds + unit - 1) / unit
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
