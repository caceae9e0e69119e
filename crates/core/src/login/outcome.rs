//! What a completed step gives: values that only the steps of [`super::Login`] make, each spent by its use.

use super::{Request, Then};
use crate::id::{FactorId, SessionId, UserId};
use crate::invite::EnrolRight;
use crate::passkey::PasskeyRow;
use crate::policy::Grant;
use crate::time::Time;
use crate::totp::TotpRow;

/// A granted login: the grant and what it was for.
#[derive(Debug)]
pub struct Granted {
    /// Two kinds of factor, proved.
    pub grant: Grant,
    /// What was asked for.
    pub request: Request,
    /// Where it goes: to tokens, or to a session of the browser.
    pub then: Then,
    /// What an enrolment has made; `None` for a plain login.
    pub enrolled: Option<Enrolled>,
}

/// What a completed enrolment puts into the store, in one batch with the session.
#[derive(Debug)]
pub struct Enrolled {
    /// The invite it spends, and what that was for.
    pub right: EnrolRight,
    /// The sealed password hash of a new user.
    pub password: Option<Vec<u8>>,
    /// The new factor, its first use spent.
    pub factor: NewFactor,
    /// What it is called until its owner says otherwise.
    pub label: String,
}

/// A factor that was just confirmed.
#[derive(Debug)]
pub enum NewFactor {
    /// An authenticator app.
    Totp(TotpRow),
    /// A passkey or security key.
    Passkey(PasskeyRow),
}

impl NewFactor {
    /// Which factor it is.
    #[must_use]
    pub const fn id(&self) -> FactorId {
        match self {
            Self::Totp(row) => row.id,
            Self::Passkey(row) => row.id,
        }
    }

    /// The word that the API and the records have for it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Totp(_) => "totp",
            Self::Passkey(_) => "passkey",
        }
    }

    /// Until when it is on probation.
    #[must_use]
    pub const fn held_until(&self) -> Option<Time> {
        match self {
            Self::Totp(row) => row.held_until,
            Self::Passkey(row) => row.held_until,
        }
    }

    /// How far its clock is off, in steps.
    #[must_use]
    pub const fn drift_steps(&self) -> i64 {
        match self {
            Self::Totp(row) => row.drift,
            Self::Passkey(_) => 0,
        }
    }
}

/// Proof that a session's second factor was proved again. Changes when, never how (DESIGN: freshness).
#[derive(Debug)]
pub struct Fresh {
    pub(super) session: SessionId,
    pub(super) user: UserId,
    pub(super) at: Time,
    pub(super) token: Vec<u8>,
}

/// Proof of both factors for one action of one session.
#[derive(Debug)]
pub struct Raised {
    pub(super) session: SessionId,
    pub(super) action: String,
    pub(super) target: String,
    pub(super) token: Option<Vec<u8>>,
    pub(super) grant: Grant,
}

impl Fresh {
    /// The session that goes on.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Its user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// When the second factor was proved: the session's new `mfa_time`.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }

    /// The refresh token to rotate, in its stored form.
    #[must_use]
    pub fn token(&self) -> &[u8] {
        &self.token
    }
}

impl Raised {
    /// The session that asked.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The one action this is for.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The refresh token that the step-up replaces, in its stored form.
    #[must_use]
    pub fn token(&self) -> Option<&[u8]> {
        self.token.as_deref()
    }

    /// What the action acts on.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The proofs.
    #[must_use]
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }
}
