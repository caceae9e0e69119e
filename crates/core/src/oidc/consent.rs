//! Consent: what a user has allowed a client, and the question for it. The question carries the whole request, sealed to
//! the session that is asked, so that nobody answers for anybody else (OAE-17).

use serde::{Deserialize, Serialize};

use super::authorize::Asked;
use crate::client::Scope;
use crate::id::{SessionId, UserId};
use crate::seal::{Keyring, Place};
use crate::secret::Rng;
use crate::time::{Span, Time};

/// How long the question may stand on the screen.
pub const QUESTION_LIFE: Span = Span::from_minutes(10);

/// What a user has allowed a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRow {
    /// Who.
    pub user: UserId,
    /// Whom.
    pub client: String,
    /// What: scope words.
    pub scope: String,
    /// When last.
    pub given_at: Time,
}

#[derive(Serialize, Deserialize)]
struct Question {
    asked: Asked,
    expires_at: Time,
}

/// Seals a request into the question for consent.
pub fn ask(asked: &Asked, session: SessionId, now: Time, ring: &Keyring, rng: &dyn Rng) -> String {
    let question = Question { asked: asked.clone(), expires_at: now + QUESTION_LIFE };
    // Plain data with text keys always becomes JSON; an empty text would not open again.
    let plain = serde_json::to_vec(&question).unwrap_or_default();
    poundlock_verify::b64::encode(&ring.seal(place(&session), &plain, rng))
}

/// The request that was asked about, if this session was asked, and not too long ago.
#[must_use]
pub fn answered(text: &str, session: SessionId, now: Time, ring: &Keyring) -> Option<Asked> {
    let sealed = poundlock_verify::b64::decode(text).ok()?;
    let plain = ring.open_sealed(place(&session), &sealed).ok()?;
    let question: Question = serde_json::from_slice(plain.reveal()).ok()?;
    (now < question.expires_at).then_some(question.asked)
}

/// What is allowed after `asked` was allowed too: consent grows, it is not replaced.
#[must_use]
pub fn with(before: Option<&Scope>, asked: &Asked) -> Scope {
    let words = before.into_iter().flat_map(Scope::words).chain(asked.scope.split(' ').filter(|word| !word.is_empty()));
    Scope::from_words(words).unwrap_or_default()
}

const fn place(session: &SessionId) -> Place<'_> {
    Place { kind: "consent", id: session.as_bytes(), version: 0 }
}
