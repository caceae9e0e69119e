//! Authorization codes: 256 random bits, good once, for a minute, for the client, address and verifier they were made
//! for (OAE-04). Never kept: a code's row has its digest alone.

use poundlock_verify::b64;
use serde::{Deserialize, Serialize};

use super::authorize::Asked;
use super::pkce::Challenge;
use crate::id::{FamilyId, SessionId};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::{Digest, Rng, Secret};
use crate::time::{Span, Time};

/// How long a code may wait for its client.
pub const LIFE: Span = Span::from_seconds(60);

/// How long a code is remembered after that, so that one that comes back late is seen as what it is.
pub const REMEMBERED: Span = Span::from_hours(24);

/// Codes have a form of their own, so that no other secret is ever taken for one (OAE-23).
const PREFIX: &str = "plc_";

/// A code as its client has it.
#[derive(Debug)]
pub struct Code(Secret<[u8; 32]>);

/// A code as stored.
#[derive(Clone, Debug)]
pub struct CodeRow {
    /// Digest of the code: the row's id.
    pub digest: Digest,
    /// The session that it gives tokens of; it ends with it.
    pub session: SessionId,
    /// When it is over.
    pub expires_at: Time,
    /// The family that it has become; `None` while it is unused.
    pub family: Option<FamilyId>,
    /// Everything else, sealed to the digest.
    pub sealed: Vec<u8>,
}

/// What the tokens of a code will be for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The client.
    pub client: String,
    /// The scope.
    pub scope: String,
    /// The audience of the access token.
    pub audience: String,
    /// What the ID token repeats.
    pub nonce: Option<String>,
    redirect_uri: String,
    challenge: Option<Challenge>,
    session: SessionId,
    expires_at: Time,
}

/// What a client shows with a code. That it is this client has been proved already, as its kind demands.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The client.
    pub client: &'a str,
    /// The address it was asked with.
    pub redirect_uri: Option<&'a str>,
    /// The verifier of its challenge.
    pub verifier: Option<&'a Secret<String>>,
    /// Now.
    pub now: Time,
}

/// What a code that was shown gets.
#[derive(Debug)]
pub enum Redeemed {
    /// Its tokens, if the batch that spends it commits.
    Tokens(Facts),
    /// It was used, and whoever shows it knows all that its client knows: end what it has become (OAE-04).
    Replay(FamilyId),
    /// Nothing; nothing stored is touched.
    Refuse(CodeRefusal),
}

/// Why a code gives nothing. The client is told `invalid_grant` for all of them; the word is for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRefusal {
    /// It was made for another client.
    WrongClient,
    /// It was asked for with another address.
    WrongRedirect,
    /// The verifier is missing, there where none was announced, or another one (T-28).
    WrongVerifier,
    /// Its minute is over.
    Expired,
}

impl CodeRefusal {
    /// The stable word for the audit record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongClient => "code_wrong_client",
            Self::WrongRedirect => "code_wrong_redirect",
            Self::WrongVerifier => "code_wrong_verifier",
            Self::Expired => "code_expired",
        }
    }
}

impl Code {
    /// Makes a code for a request that needs nothing more, and its row.
    pub fn issue(asked: &Asked, session: SessionId, now: Time, ring: &Keyring, rng: &dyn Rng) -> (Self, CodeRow) {
        let secret = Secret::random(rng);
        let (digest, expires_at) = (secret.digest(), now + LIFE);
        let facts = Facts {
            client: asked.client.clone(),
            scope: asked.scope.clone(),
            audience: asked.audience.clone(),
            nonce: asked.nonce.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            challenge: asked.challenge,
            session,
            expires_at,
        };
        // Plain data with text keys always becomes JSON; an empty text would not open again.
        let plain = serde_json::to_vec(&facts).unwrap_or_default();
        let sealed = ring.seal(place(&digest), &plain, rng);
        (Self(secret), CodeRow { digest, session, expires_at, family: None, sealed })
    }

    /// Reads a code; `None` when the text cannot be one.
    #[must_use]
    pub fn parse(text: &Secret<String>) -> Option<Self> {
        let bytes = Secret::new(b64::decode(text.reveal().strip_prefix(PREFIX)?).ok()?);
        Some(Self(Secret::new(bytes.reveal().as_slice().try_into().ok()?)))
    }

    /// The text that goes to the client.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        Secret::new(format!("{PREFIX}{}", b64::encode(self.0.reveal())))
    }

    /// Which row to read.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest()
    }
}

/// Decides what a code gets. Whether it was used comes last: a stranger who has only seen a code can neither redeem it
/// nor end what its owner made of it.
///
/// # Errors
/// [`BadSeal`] when the row was changed outside this program.
pub fn redeem(ring: &Keyring, row: &CodeRow, shown: Shown<'_>) -> Result<Redeemed, BadSeal> {
    let plain = ring.open_sealed(place(&row.digest), &row.sealed)?;
    let facts: Facts = serde_json::from_slice(plain.reveal()).map_err(|_| BadSeal)?;
    // Attack: a row pointed at the session of somebody else.
    if facts.session != row.session {
        return Err(BadSeal);
    }
    if facts.client != shown.client {
        return Ok(Redeemed::Refuse(CodeRefusal::WrongClient));
    }
    if shown.redirect_uri != Some(facts.redirect_uri.as_str()) {
        return Ok(Redeemed::Refuse(CodeRefusal::WrongRedirect));
    }
    if !is_verified(&facts, shown.verifier) {
        return Ok(Redeemed::Refuse(CodeRefusal::WrongVerifier));
    }
    if let Some(family) = row.family {
        return Ok(Redeemed::Replay(family));
    }
    // The sealed end: the column is only what the sweep goes by.
    if shown.now >= facts.expires_at {
        return Ok(Redeemed::Refuse(CodeRefusal::Expired));
    }
    Ok(Redeemed::Tokens(facts))
}

fn is_verified(facts: &Facts, verifier: Option<&Secret<String>>) -> bool {
    match (&facts.challenge, verifier) {
        (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
        // Attack: a code that was asked for without a challenge is put into the session of a client that has one.
        (None, verifier) => verifier.is_none(),
        (Some(_), None) => false,
    }
}

const fn place(digest: &Digest) -> Place<'_> {
    Place { kind: "code", id: digest.as_bytes(), version: 0 }
}
