//! Access tokens (RFC 9068): what stands in one, and for how long. Never decides who may have one: that takes a
//! session, which takes a grant.

mod event;
#[cfg(test)]
mod tests;

use poundlock_verify::b64;
use serde::Serialize;

pub use poundlock_verify::StatusRef;
use poundlock_verify::jws::TOKEN_BYTES_MAX;

pub use self::event::{Acr, Amr, Event};

use crate::client::{AudienceName, ClientId, Scope};
use crate::id::{SessionId, Subject};
use crate::jws::{SignFault, SigningKey, TokenKind};
use crate::secret::{Rng, Secret, random_bytes};
use crate::time::{Span, Time};

/// The longest life of an access token (TOK-05). Whatever a client is configured to, no token outlives it.
pub const ACCESS_LIFE_MAX: Span = Span::from_minutes(60);

/// Everything that an access token says. Only this crate can make one, and it does so from a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access<'a> {
    /// The `iss` claim: this server.
    pub(crate) issuer: &'a str,
    /// The user, by the name that tells nothing.
    pub(crate) subject: &'a Subject,
    /// The one audience (TOK-04).
    pub(crate) audience: &'a AudienceName,
    /// The client that asked.
    pub(crate) client: &'a ClientId,
    /// The session that the token rests on.
    pub(crate) session: SessionId,
    /// When the session ends, come what may; no token of it lives longer.
    pub(crate) session_end: Time,
    /// What the token is good for; left out when empty.
    pub(crate) scope: &'a Scope,
    /// The authentication shown (TOK-03).
    pub(crate) event: &'a Event,
    /// When a second factor was last proved.
    pub(crate) mfa_time: Time,
    /// The groups that the client may see (TOK-12); left out when empty.
    pub(crate) groups: &'a [String],
    /// Where a service sees whether the session still lives (TOK-13).
    pub(crate) status: &'a StatusRef,
    /// The thumbprint of the DPoP key that the token is bound to (RFC 9449 §6.1).
    pub(crate) dpop_thumbprint: Option<&'a str>,
}

/// A signed access token.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The token: whoever holds it is let in, so it prints nothing.
    pub token: Secret<String>,
    /// How long it lives, in whole seconds: `exp` less `iat`.
    pub expires_in: Span,
}

/// Why no token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintFault {
    /// The session is at its end: there is no whole second left to give.
    #[error("the session has ended")]
    SessionOver,
    /// Longer than verifiers read: the user is in too many released groups, or an address is too long.
    #[error("the token would be longer than verifiers read; release fewer groups to this client")]
    TooLarge,
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignFault),
}

/// The claims in the order they are written. Everything is borrowed: what a mint costs beyond its signature is here.
#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    sid: SessionId,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    auth_time: i64,
    acr: Acr,
    amr: &'a [Amr],
    mfa_time: i64,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    groups: &'a [String],
    status: StatusClaim<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation<'a>>,
}

#[derive(Serialize)]
struct StatusClaim<'a> {
    status_list: &'a StatusRef,
}

#[derive(Serialize)]
struct Confirmation<'a> {
    jkt: &'a str,
}

/// Signs an access token that lives for `life`, at most [`ACCESS_LIFE_MAX`], and never past its session.
///
/// # Errors
/// [`MintFault::SessionOver`] when no whole second is left, [`MintFault::TooLarge`] for a token that no verifier reads,
/// [`MintFault::Sign`] when the key fails.
pub(crate) fn mint(
    access: &Access<'_>,
    key: &SigningKey,
    life: Span,
    now: Time,
    rng: &dyn Rng,
) -> Result<Minted, MintFault> {
    // Rounded down: a token that outlives its session by a part of a second still outlives it.
    let end = (now + life.min(ACCESS_LIFE_MAX)).min(access.session_end).seconds();
    let expires_in = Span::from_seconds(end.saturating_sub(now.seconds()));
    if expires_in <= Span::ZERO {
        return Err(MintFault::SessionOver);
    }
    let jti = b64::encode(&random_bytes::<16>(rng));
    let claims = AccessClaims {
        iss: access.issuer,
        sub: access.subject.as_str(),
        aud: access.audience.as_str(),
        client_id: access.client.as_str(),
        iat: now.seconds(),
        exp: end,
        jti: &jti,
        sid: access.session,
        scope: access.scope.as_str(),
        auth_time: access.event.auth_time().seconds(),
        acr: access.event.acr(),
        amr: access.event.amr(),
        mfa_time: access.mfa_time.seconds(),
        groups: access.groups,
        status: StatusClaim { status_list: access.status },
        cnf: access.dpop_thumbprint.map(|jkt| Confirmation { jkt }),
    };
    let token = Secret::new(key.sign(TokenKind::Access, &claims)?);
    // Refused here, with a reason, and not at each service without one.
    if token.reveal().len() > TOKEN_BYTES_MAX { Err(MintFault::TooLarge) } else { Ok(Minted { token, expires_in }) }
}
