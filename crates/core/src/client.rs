//! The client registry's values: who may ask for tokens, for which audiences, for how long. Never holds an invalid
//! client: one is built from its [`ClientSpec`] or not at all.

mod audience;
mod lives;
mod problem;
mod scope;
mod spec;
#[cfg(test)]
mod tests;
mod uri;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::audience::{Audience, AudienceName, BadAudience};
pub use self::lives::LIFE_MAX;
pub use self::problem::{ClientProblem, ClientWarning};
pub use self::scope::{Scope, ScopeRefusal};
pub use self::spec::{Built, ClientSpec, Surroundings};
pub use self::uri::{BadAddress, refuse_bad_issuer};

use crate::jws::Alg;
use crate::time::Span;

/// The longest client id, in bytes.
const ID_BYTES_MAX: usize = 64;

/// The name of a client: lower-case letters, digits, `.`, `_` and `-`, at most 64, chosen by the operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

/// A text that cannot be the name of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClientId {
    /// Other characters, empty, or too long.
    #[error("expected 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit")]
    Malformed,
    /// It could be taken for a user (TOK-09).
    #[error("a client id may not begin with sub_ or usr_: tokens name users that way")]
    LooksLikeUser,
}

impl ClientId {
    /// Parses a client id.
    ///
    /// # Errors
    /// [`BadClientId`].
    pub fn parse(text: &str) -> Result<Self, BadClientId> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        if text.len() > ID_BYTES_MAX
            || !text.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !text.bytes().all(fits)
        {
            return Err(BadClientId::Malformed);
        }
        // RFC 9700 §4.15: a client named like a user could pass for that user where only `sub` is looked at.
        if text.starts_with("sub_") || text.starts_with("usr_") {
            return Err(BadClientId::LooksLikeUser);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text of the `client_id` claim.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// The operator's own application: it alone may reach the account API for its users.
    FirstParty,
    /// An application that can keep no secret: in a browser or on a phone.
    Public,
    /// An application on a server, with a secret or a key.
    Confidential,
    /// A service that acts for itself, without a user.
    Service,
}

/// A client as it is used: every field has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its name.
    pub id: ClientId,
    /// What people see it called.
    pub name: String,
    /// Its kind.
    pub kind: ClientKind,
    /// The services it may get tokens for. The account API is not among them; see [`Client::audience_for`].
    pub audiences: Vec<Audience>,
    /// The index in `audiences` of the one that a request without an audience gets.
    default_audience: usize,
    /// The account API, for first-party clients.
    account: Option<Audience>,
    /// The most that its tokens may be good for.
    pub scope: Scope,
    /// Where a browser may be sent back to; compared byte for byte (OAE-01).
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent back to after a logout; compared byte for byte (OAE-19).
    pub post_logout_redirect_uris: Vec<String>,
    /// Where word of a session's end is sent.
    pub backchannel_logout_uri: Option<String>,
    /// The browser origins that CORS answers name.
    pub origins: Vec<String>,
    /// What its ID tokens are signed with.
    pub id_token_alg: Alg,
    /// Whether it may ask for codes without PKCE, with a nonce in its place.
    pub pkce_optional: bool,
    /// Whether it gets refresh tokens with its codes.
    pub refresh_tokens: bool,
    /// Whether the operator vouches for it, so that users are not asked for consent (OAE-17).
    pub trusted: bool,
    /// The life of its access tokens.
    pub access_life: Span,
    /// How long a session of it may lie unused.
    pub idle: Span,
    /// How long a session of it lasts, come what may.
    pub absolute: Span,
    /// The age of the second factor from which a refresh asks for it again.
    pub mfa_max_age: Span,
    /// Whether its tokens must be bound to a DPoP key (RFC 9449).
    pub dpop_required: bool,
    /// The groups of a user that its tokens may show (TOK-12).
    pub groups_released: Vec<String>,
}

/// Why a client gets no token for an audience; the answer is `invalid_target` (RFC 8707 §2). It is one reason only, so
/// that no client learns which audiences exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this client may not have tokens for that audience")]
pub struct AudienceRefused;

impl Client {
    /// The audience of a token: the one asked for, or the default one. Never all of them (TOK-04).
    ///
    /// # Errors
    /// [`AudienceRefused`] when it is not one of this client's. The account API is asked for by its full name and by
    /// first-party clients alone.
    pub fn audience_for(&self, requested: Option<&str>) -> Result<&Audience, AudienceRefused> {
        let found = match requested {
            None => self.audiences.get(self.default_audience),
            Some(name) => self.audiences.iter().chain(&self.account).find(|audience| audience.name.as_str() == name),
        };
        found.ok_or(AudienceRefused)
    }

    /// Whether users are asked what they allow it (OAE-17).
    #[must_use]
    pub fn asks_consent(&self) -> bool {
        !self.trusted && self.kind != ClientKind::FirstParty
    }

    /// Whether it has no secret: whoever gets a code of its own can redeem it, with the verifier that it chose itself.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.kind, ClientKind::Public | ClientKind::FirstParty)
    }

    /// Those of a user's groups that this client's tokens show.
    #[must_use]
    pub fn released(&self, groups: &[String]) -> Vec<String> {
        groups.iter().filter(|group| self.groups_released.contains(group)).cloned().collect()
    }
}
