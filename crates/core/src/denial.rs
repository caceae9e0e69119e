//! Why a request was refused: a closed list. What a stranger may learn is decided by the edge, which shows several of
//! these alike; the audit record keeps the difference.

use crate::time::Span;

/// Defines the refusals, their codes and the list of them all from one table, so that none can be forgotten.
macro_rules! denials {
    ($($(#[$doc:meta])* $name:ident $(($span:ident))? = $code:literal,)*) => {
        /// A refusal. Values of this type are answers, not faults.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Denial {
            $($(#[$doc])* $name $(($span))?,)*
        }

        impl Denial {
            /// Each refusal once, without a wait.
            pub const ALL: &[Self] = &[$(Self::$name $(($span::ZERO))?,)*];

            /// The stable code of the audit record.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $code,)*
                }
            }
        }
    };
}

denials! {
    /// Name, password or both are wrong; or the account is disabled, has no second factor, or does not exist. One
    /// answer for all, so that none of them can be told apart (THR-14).
    Credentials = "credentials",
    /// The code is wrong, or was right and has been used.
    Code = "code",
    /// The passkey's answer proves nothing, or the passkey is unknown. One answer for all reasons; the record has the
    /// difference.
    Passkey = "passkey",
    /// The passkey's counter went back: somebody may hold a copy of it (WAN-20).
    PasskeyCopied = "passkey_copied",
    /// The login, invite or step-up is unknown, spent or expired.
    Gone = "gone",
    /// The login exists but this is not its next step.
    WrongStep = "wrong_step",
    /// Too soon after earlier failures: try again after this span. Nothing was checked and nothing counted.
    Delayed(Span) = "delayed",
    /// The budget for strangers is spent: a known device, a recovery code or an administrator opens the way.
    Blocked = "blocked",
    /// Every budget of this authenticator is spent (THR-01): it must be bound anew.
    Rebind = "rebind",
    /// Too many requests from this source.
    Source(Span) = "source",
    /// The server is hashing as many passwords as it can (THR-09).
    Busy(Span) = "busy",
    /// The name is taken.
    NameTaken = "name_taken",
    /// The refresh token is unknown, damaged or foreign.
    BadRefresh = "bad_refresh",
    /// The session or its refresh family has ended.
    SessionEnded = "session_ended",
    /// A used refresh token came back: the family is ended (RFT-02).
    RefreshReuse = "refresh_reuse",
    /// The same refresh token was retried too often within its window; nothing has ended.
    RefreshTooOften(Span) = "refresh_too_often",
    /// The authorization code gives nothing, for whichever reason.
    BadCode = "bad_code",
    /// An authorization code was shown again by one who knows its verifier: its tokens are ended (OAE-04).
    CodeReplay = "code_replay",
    /// The caller did not prove that it is the client that it names.
    BadClient = "bad_client",
    /// The second factor must be proved again before this session goes on: its proof may be no older than this.
    Reprove(Span) = "reprove",
    /// The access token is missing, not ours, expired or not for the account API.
    Unauthenticated = "unauthenticated",
    /// A step-up for exactly this action is needed.
    StepUp = "step_up",
    /// The client, audience or scope asked for is not this client's.
    NotAllowed = "not_allowed",
    /// The change would leave the account without a second factor, or the store without an administrator.
    LastOne = "last_one",
    /// The factor is on probation after a recovery: it logs in, and changes nothing of the account.
    Held = "held",
    /// The server's clock is not to be trusted now, so nothing is issued (OPS-10).
    Clock = "clock",
}

#[cfg(test)]
mod tests;
