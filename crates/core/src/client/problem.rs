//! What can be wrong with a client as it is written, and what its operator should know of it.

use super::uri::BadAddress;
use super::{BadClientId, ClientId, ScopeRefusal};

/// What is wrong with a client; each says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientProblem {
    /// See [`BadClientId`].
    #[error("id: {0}")]
    Id(#[from] BadClientId),
    /// A name that could deceive those who read it.
    #[error("name: expected 1 to 64 characters without control characters")]
    Name,
    /// No audience at all.
    #[error("audiences: name at least one")]
    NoAudience,
    /// An audience that is not configured.
    #[error("audiences: \"{0}\" is not a configured audience")]
    UnknownAudience(String),
    /// The account API.
    #[error("audiences: \"{0}\" is the account API; first-party clients have it without naming it, others never")]
    AccountAudience(String),
    /// A default that is not in the list.
    #[error("default_audience: \"{0}\" is not among this client's audiences")]
    DefaultAudience(String),
    /// A malformed scope word.
    #[error("scopes: {0}")]
    Scope(#[from] ScopeRefusal),
    /// An address that cannot be registered.
    #[error("{field}: \"{uri}\": {why}")]
    Redirect {
        /// The field.
        field: &'static str,
        /// The address.
        uri: String,
        /// The reason.
        why: BadAddress,
    },
    /// An origin that cannot be registered.
    #[error("origins: \"{origin}\": {why}")]
    Origin {
        /// The origin.
        origin: String,
        /// The reason.
        why: BadAddress,
    },
    /// A service has no user whose browser could be sent anywhere.
    #[error("{0}: a service acts without a browser; remove them")]
    ServiceWithBrowser(&'static str),
    /// A time that is zero, negative or over its limit.
    #[error("{field}: must be 1 to {max_seconds} seconds")]
    Life {
        /// The field.
        field: &'static str,
        /// The limit in seconds.
        max_seconds: i64,
    },
    /// An algorithm that is none of ours.
    #[error("id_token_alg: must be ES256, RS256 or EdDSA")]
    IdTokenAlg,
    /// What only a client with a secret may have.
    #[error("{0}: only a confidential client may have this")]
    NotConfidential(&'static str),
    /// An idle limit that could never be reached.
    #[error("idle_seconds: must not be longer than absolute_seconds")]
    IdleOverAbsolute,
}

/// What is allowed, but weaker than the default.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("client {client}: {field} is {seconds} s, longer than the default of {default_seconds} s")]
pub struct ClientWarning {
    /// The client.
    pub client: ClientId,
    /// The field.
    pub field: &'static str,
    /// Its value in seconds.
    pub seconds: i64,
    /// The value that gives no warning, in seconds.
    pub default_seconds: i64,
}
