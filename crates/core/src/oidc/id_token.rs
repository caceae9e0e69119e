//! ID tokens (Core §2): what a client learns of the login. Never an access token: `typ` and audience are others, and
//! every check of an access token refuses it by either (TOK-08).

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use poundlock_verify::b64;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::OPENID;
use crate::client::{Client, Scope};
use crate::id::{SessionId, Subject};
use crate::jws::{Alg, SigningKey, TokenKind};
use crate::secret::Secret;
use crate::session::Session;
use crate::time::{Span, Time};
use crate::token::{Acr, Amr, MintFault};

/// How long an ID token may be believed: long enough to be read once.
const LIFE: Span = Span::from_minutes(5);

/// What an ID token says beside what its session knows.
#[derive(Clone, Copy, Debug)]
pub struct IdSaying<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `sub`.
    pub subject: &'a Subject,
    /// `aud` and `azp`.
    pub client: &'a Client,
    /// What the request for the code brought along.
    pub nonce: Option<&'a str>,
    /// The access token beside it: `at_hash` binds the two.
    pub access_token: &'a Secret<String>,
}

#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    azp: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    acr: Acr,
    amr: &'a [Amr],
    sid: SessionId,
    at_hash: String,
}

impl Session {
    /// Signs the ID token of this session for a client, with the client's own algorithm.
    ///
    /// # Errors
    /// [`MintFault`] when the session has ended, or the key fails.
    pub fn id_token(&self, saying: &IdSaying<'_>, key: &SigningKey, now: Time) -> Result<Secret<String>, MintFault> {
        if self.has_ended() {
            return Err(MintFault::SessionOver);
        }
        let event = self.event(now);
        let client = saying.client.id.as_str();
        let claims = IdClaims {
            iss: saying.issuer,
            sub: saying.subject.as_str(),
            aud: client,
            azp: client,
            iat: now.seconds(),
            exp: (now + LIFE).seconds(),
            auth_time: event.auth_time().seconds(),
            nonce: saying.nonce,
            acr: event.acr(),
            amr: event.amr(),
            sid: self.id(),
            at_hash: at_hash(key.alg(), saying.access_token),
        };
        Ok(Secret::new(key.sign(TokenKind::Id, &claims)?))
    }
}

/// The left half of the digest that goes with the algorithm (Core §3.1.3.6).
fn at_hash(alg: Alg, access_token: &Secret<String>) -> String {
    let algorithm = match alg {
        Alg::Es256 | Alg::Rs256 => &SHA256,
        // Ed25519 hashes with SHA-512 inside (RFC 8032 §5.1).
        Alg::EdDsa => &SHA512,
    };
    let hash = digest(algorithm, access_token.reveal().as_bytes());
    let half = hash.as_ref().split_at_checked(hash.as_ref().len() / 2).map_or(&[][..], |(left, _)| left);
    b64::encode(half)
}

/// What may be told of a user.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a> {
    /// `sub`.
    pub subject: &'a Subject,
    /// `preferred_username`.
    pub name: &'a str,
    /// `name`.
    pub display_name: &'a str,
    /// `groups`, as far as the client may see them.
    pub groups: &'a [String],
}

/// What the userinfo endpoint says under a scope (Core §5.3 and §5.4); `None` without `openid`.
#[must_use]
pub fn claims_of(profile: &Profile<'_>, scope: &Scope) -> Option<Map<String, Value>> {
    if !scope.holds(OPENID) {
        return None;
    }
    let mut claims = Map::from_iter([("sub".to_owned(), json!(profile.subject.as_str()))]);
    if scope.holds("profile") {
        claims.insert("name".to_owned(), json!(profile.display_name));
        claims.insert("preferred_username".to_owned(), json!(profile.name));
    }
    if scope.holds("groups") {
        claims.insert("groups".to_owned(), json!(profile.groups));
    }
    Some(claims)
}
