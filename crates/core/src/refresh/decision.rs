//! What a refresh decision knows and says. Only values: the deciding is in the parent, the writing in the store. A
//! token must never leave with the answer before the batch that its decision asks for has committed.

use crate::id::{FamilyId, SessionId};
use crate::secret::Digest;
use crate::time::{Span, Time};

use super::RefreshToken;

/// What is true at the moment of the request, beside the row and the token (RFT-07: read anew at each refresh).
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Now, read once for the request.
    pub now: Time,
    /// Digest of the source address; `None` when it is not known.
    pub source: Option<Digest>,
    /// The session has not ended.
    pub session_live: bool,
    /// The user is enabled and not locked by an admin.
    pub user_active: bool,
    /// The caller is the client that the family belongs to, authenticated as its kind demands, and still enabled.
    pub client_ok: bool,
    /// When the second factor was last proved in this session.
    pub mfa_time: Time,
    /// How old that proof may be.
    pub mfa_max_age: Span,
    /// The session dies idle at this moment.
    pub idle_until: Time,
    /// How far a rotation moves `idle_until`.
    pub idle: Span,
    /// The session dies at this moment, used or not.
    pub expires: Time,
    /// The request proved the key that the row names in `binding` (RFC 9449 §5). Means nothing for an unbound family.
    pub sender_constrained: bool,
}

/// What a shown refresh token gets. Every variant is audited.
#[derive(Debug)]
pub enum Decision {
    /// A new token in place of the shown one.
    Rotate(Rotation),
    /// The same successor once more, with a fresh access token; all expiries stay.
    Retry(Retry),
    /// Too many repeats inside the window: 429. Nothing changes and nothing dies.
    Slow {
        /// What `Retry-After` says.
        retry_after: Span,
    },
    /// The token is in two hands: end the family (`WHERE id AND ended IS NULL`) and raise an alert (RFT-02).
    Theft(TheftKind),
    /// No token, and nothing stored is touched.
    Refuse(Refusal),
    /// The second factor was proved too long ago: `insufficient_user_authentication` (RFC 9470 §3) with a login handle.
    /// The shown token is not consumed; keep it as a [`super::Presented`].
    ReproveFactor,
}

/// The columns of a rotation and what the row must still be.
///
/// `UPDATE … WHERE id = family AND generation = expected_generation AND current = previous AND ended IS NULL`, in one
/// batch with the session row's `idle_until` under its own `ended IS NULL` (RFT-13). It overwrites the successor of the
/// token before, which ends that one's repeats.
#[derive(Debug)]
pub struct Rotation {
    /// Guard: the row's id.
    pub family: FamilyId,
    /// Guard: the session that must not have ended.
    pub session: SessionId,
    /// Guard: the row's generation until now.
    pub expected_generation: u32,
    /// New generation.
    pub generation: u32,
    /// New present digest.
    pub current: Digest,
    /// New previous digest, which is also the present digest until now.
    pub previous: Digest,
    /// The new token, sealed under the secret of the shown one.
    pub successor: Vec<u8>,
    /// New `rotated_at`.
    pub rotated_at: Time,
    /// New count of repeats: none yet.
    pub retries: u32,
    /// New `rotated_source`.
    pub rotated_source: Option<Digest>,
    /// New idle limit of the session, never past its absolute one (RFT-04).
    pub idle_until: Time,
    /// The token to send, once the batch has committed.
    pub next: RefreshToken,
}

/// A repeat and what the row must still be.
///
/// `UPDATE … SET retries = retries + 1 WHERE id = family AND generation = expected_generation AND
/// retries < retries_below AND ended IS NULL`, with the session's `ended IS NULL` (RFT-13).
#[derive(Debug)]
pub struct Retry {
    /// The unused successor, the same for every honest caller.
    pub successor: RefreshToken,
    /// The repeat comes from another source than the rotation, within one window: alert.
    pub alert_second_source: bool,
    /// Guard: the row's id.
    pub family: FamilyId,
    /// Guard: the session that must not have ended.
    pub session: SessionId,
    /// Guard: the row's generation.
    pub expected_generation: u32,
    /// Guard: the row has had fewer repeats than this.
    pub retries_below: u32,
}

/// How a token betrayed that it is in two hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TheftKind {
    /// Its successor has itself been used.
    OldGeneration,
    /// The previous token of an unbound family, after the window for repeats.
    WindowPast,
    /// The previous token, but its secret was replaced without it (a step-up), so there is nothing to repeat.
    SuccessorGone,
    /// Our tag and a generation that the row knows, but another secret: the generation was minted twice.
    Diverged,
}

impl TheftKind {
    /// The stable word for the row's end reason and the audit record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OldGeneration => "refresh_theft_old_generation",
            Self::WindowPast => "refresh_theft_window_past",
            Self::SuccessorGone => "refresh_theft_successor_gone",
            Self::Diverged => "refresh_theft_diverged",
        }
    }
}

/// Why a token gets nothing though it is no theft. The caller is told `invalid_grant` for all of them (RFC 6749 §5.2);
/// the word is for the audit record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another family, or a generation that this store has not reached: it was restored from an older copy.
    Unknown,
    /// The family or its session has ended.
    Ended,
    /// Past the absolute limit.
    Expired,
    /// Past the idle limit.
    Idle,
    /// The user is disabled or locked.
    UserInactive,
    /// Not the client of this family, or one that is no longer allowed.
    WrongClient,
    /// The family is bound to a key that the request did not prove.
    KeyNotProven,
    /// The stored successor is not the present token: the row is damaged or was edited. Theft is not shown by it.
    Damaged,
    /// A completed re-proof came after the kept token had been used up.
    Superseded,
    /// The last generation there is.
    Exhausted,
}

impl Refusal {
    /// The stable word for the audit record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "refresh_unknown",
            Self::Ended => "refresh_ended",
            Self::Expired => "refresh_expired",
            Self::Idle => "refresh_idle",
            Self::UserInactive => "refresh_user_inactive",
            Self::WrongClient => "refresh_wrong_client",
            Self::KeyNotProven => "refresh_key_not_proven",
            Self::Damaged => "refresh_damaged",
            Self::Superseded => "refresh_superseded",
            Self::Exhausted => "refresh_exhausted",
        }
    }
}
