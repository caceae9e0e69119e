//! A step-up: a one-use right for one action of one session, given for proving both factors again. Never carried from
//! one action, target or session to another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::{SessionId, StepUpId};
use crate::login::Raised;
use crate::secret::{Digest, Rng, Secret};
use crate::time::{Span, Time};

const PREFIX: &str = "plu_";

/// How long a step-up may wait for its action.
pub const LIFE: Span = Span::from_minutes(5);

/// What may be asked for with a step-up. Closed, so that a right for a typing error is a right for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Set another password.
    ChangePassword,
    /// Make a new set of recovery codes.
    NewRecoveryCodes,
    /// Remove a factor; the target is its id.
    RemoveFactor,
    /// Add a factor.
    AddFactor,
    /// Give a factor another name; the target is its id.
    RenameFactor,
    /// Meet what a client asks of the login before it gets a code. The right itself opens nothing: what counts is that
    /// the session has risen.
    Authorize,
}

impl Action {
    /// Each action once.
    pub const ALL: [Self; 6] = [
        Self::ChangePassword,
        Self::NewRecoveryCodes,
        Self::RemoveFactor,
        Self::AddFactor,
        Self::RenameFactor,
        Self::Authorize,
    ];

    /// Reads the name used in the API.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// The name used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChangePassword => "password.change",
            Self::NewRecoveryCodes => "recovery_codes.new",
            Self::RemoveFactor => "factor.remove",
            Self::AddFactor => "factor.add",
            Self::RenameFactor => "factor.rename",
            Self::Authorize => "authorize",
        }
    }
}

/// A step-up as stored. The digest covers session, action and target: the row names none of them.
#[derive(Clone, Debug)]
pub struct StepUpRow {
    /// Row id.
    pub id: StepUpId,
    /// What spends it.
    pub digest: Digest,
    /// The session, so that it ends with it.
    pub session: SessionId,
    /// When it ends.
    pub expires_at: Time,
}

/// The secret half, shown once.
#[derive(Debug)]
pub struct StepUpSecret(Secret<[u8; 32]>);

impl StepUpSecret {
    /// Reads a step-up secret; `None` when the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Secret::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        Some(Self(Secret::new(bytes.reveal().as_slice().try_into().ok()?)))
    }

    /// The text the client sends with the action.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.0.reveal())))
    }

    /// The digest under which this secret opens `action` on `target` in `session`, and nothing else.
    #[must_use]
    pub fn digest_for(&self, session: SessionId, action: Action, target: &str) -> Digest {
        digest(&self.0, session, action.as_str(), target)
    }
}

/// Makes the right that `raised` has earned, once.
#[expect(clippy::needless_pass_by_value, reason = "a raise gives one right: it is spent by its use")]
pub fn make(raised: Raised, now: Time, rng: &dyn Rng) -> (StepUpSecret, StepUpRow) {
    let secret = Secret::random(rng);
    let row = StepUpRow {
        id: StepUpId::new(now, rng),
        digest: digest(&secret, raised.session(), raised.action(), raised.target()),
        session: raised.session(),
        expires_at: now + LIFE,
    };
    (StepUpSecret(secret), row)
}

fn digest(secret: &Secret<[u8; 32]>, session: SessionId, action: &str, target: &str) -> Digest {
    let mut bytes = zeroize::Zeroizing::new(secret.reveal().to_vec());
    bytes.extend_from_slice(session.as_bytes());
    // The length first: an action and a target must not run into each other.
    bytes.extend_from_slice(&(action.len() as u64).to_be_bytes());
    bytes.extend_from_slice(action.as_bytes());
    bytes.extend_from_slice(target.as_bytes());
    Digest::of(&bytes)
}

#[cfg(test)]
mod tests;
