//! Why a request was refused: a closed list. What a stranger may learn is decided by the edge, which shows several of
//! these alike; the audit record keeps the difference.

use crate::time::Span;

/// A refusal. Values of this type are answers, not faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// Name, password or both are wrong; or the account is disabled, has no second factor, or does not exist. One
    /// answer for all, so that none of them can be told apart (THR-14).
    Credentials,
    /// The code is wrong, or was right and has been used.
    Code,
    /// The login, invite or step-up is unknown, spent or expired.
    Gone,
    /// The login exists but this is not its next step.
    WrongStep,
    /// Too soon after earlier failures: try again after this span. Nothing was checked and nothing counted.
    Delayed(Span),
    /// The budget for strangers is spent: a known device, a recovery code or an administrator opens the way.
    Blocked,
    /// Every budget of this authenticator is spent (THR-01): it must be bound anew.
    Rebind,
    /// Too many requests from this source.
    Source(Span),
    /// The server is hashing as many passwords as it can (THR-09).
    Busy(Span),
    /// The name is taken.
    NameTaken,
    /// The refresh token is unknown, damaged or foreign.
    BadRefresh,
    /// The session or its refresh family has ended.
    SessionEnded,
    /// A used refresh token came back: the family is ended (RFT-02).
    RefreshReuse,
    /// The same refresh token was retried too often within its window; nothing has ended.
    RefreshTooOften(Span),
    /// The second factor must be proved again before this session goes on: its proof may be no older than this.
    Reprove(Span),
    /// The access token is missing, not ours, expired or not for the account API.
    Unauthenticated,
    /// A step-up for exactly this action is needed.
    StepUp,
    /// The client, audience or scope asked for is not this client's.
    NotAllowed,
    /// The change would leave the account without a second factor, or the store without an administrator.
    LastOne,
    /// The factor is on probation after a recovery: it logs in, and changes nothing of the account.
    Held,
    /// The server's clock is not to be trusted now, so nothing is issued (OPS-10).
    Clock,
}

impl Denial {
    /// The stable code of the audit record.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Code => "code",
            Self::Gone => "gone",
            Self::WrongStep => "wrong_step",
            Self::Delayed(_) => "delayed",
            Self::Blocked => "blocked",
            Self::Rebind => "rebind",
            Self::Source(_) => "source",
            Self::Busy(_) => "busy",
            Self::NameTaken => "name_taken",
            Self::BadRefresh => "bad_refresh",
            Self::SessionEnded => "session_ended",
            Self::RefreshReuse => "refresh_reuse",
            Self::RefreshTooOften(_) => "refresh_too_often",
            Self::Reprove(_) => "reprove",
            Self::Unauthenticated => "unauthenticated",
            Self::StepUp => "step_up",
            Self::NotAllowed => "not_allowed",
            Self::LastOne => "last_one",
            Self::Held => "held",
            Self::Clock => "clock",
        }
    }
}

#[cfg(test)]
mod tests;
