//! Consent: what a user has allowed a client, and the question for it. The question carries the whole request, sealed to
//! the session that is asked, so that nobody answers for anybody else (OAE-17).

use serde::{Deserialize, Serialize};

use super::authorize::Asked;
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
    /// For which services: audiences, separated by spaces.
    pub audiences: String,
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

impl ConsentRow {
    /// Whether all that is asked for was allowed before: every word of the scope, and the service.
    #[must_use]
    pub fn covers(&self, asked: &Asked) -> bool {
        words(&asked.scope).all(|word| words(&self.scope).any(|allowed| allowed == word))
            && words(&self.audiences).any(|allowed| allowed == asked.audience)
    }
}

/// What `user` allows after `asked` was allowed too: consent grows, it is not replaced.
#[must_use]
pub fn with(before: Option<&ConsentRow>, asked: &Asked, user: UserId, now: Time) -> ConsentRow {
    let (scope, audiences) = before.map_or(("", ""), |before| (before.scope.as_str(), before.audiences.as_str()));
    ConsentRow {
        user,
        client: asked.client.clone(),
        scope: joined(scope, &asked.scope),
        audiences: joined(audiences, &asked.audience),
        given_at: now,
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

/// Every word of both, once.
fn joined(before: &str, more: &str) -> String {
    let new = words(more).filter(|word| !words(before).any(|known| known == *word));
    words(before).chain(new).collect::<Vec<_>>().join(" ")
}

const fn place(session: &SessionId) -> Place<'_> {
    Place { kind: "consent", id: session.as_bytes(), version: 0 }
}
