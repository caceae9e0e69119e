//! Logout at the wish of a client (RP-Initiated Logout §2), and word of it to the others (Back-Channel Logout §2.4).

use poundlock_verify::{JwkSet, b64, jws};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Params;
use crate::client::Client;
use crate::id::{SessionId, Subject};
use crate::jws::{SignFault, SigningKey, TokenKind};
use crate::seal::{Keyring, Place};
use crate::secret::{Rng, random_bytes};
use crate::time::{Span, Time};

/// How long a logout token may be believed.
pub const TOKEN_LIFE: Span = Span::from_minutes(2);

/// What an ID token that comes back as a hint says. It may be over: it is a hint, and opens nothing.
#[derive(Debug, Deserialize)]
pub struct Hint {
    iss: String,
    aud: String,
    /// The session that the token was of.
    pub sid: SessionId,
}

impl Hint {
    /// Reads an ID token of ours.
    #[must_use]
    pub fn read(text: &str, issuer: &str, keys: &JwkSet) -> Option<Self> {
        let verified = jws::verify(text, TokenKind::Id.typ(), keys).ok()?;
        let hint: Self = serde_json::from_slice(&verified.payload).ok()?;
        (hint.iss == issuer).then_some(hint)
    }

    /// The client that the token was for.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.aud
    }
}

/// How long the question whether to sign out may stand on the screen.
const FAREWELL_LIFE: Span = Span::from_minutes(10);

/// Where a logout ends: back at the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    /// What people see the client called.
    pub client: String,
    /// The registered address, with the client's state; `None` for a page of ours.
    pub location: Option<String>,
    until: Time,
}

/// Where a logout that `params` asks for ends: at the client only when the client is known and the address is registered
/// for it, byte for byte. Anything else is left out, not followed.
#[must_use]
pub fn farewell(params: &Params, client: &Client, now: Time) -> Farewell {
    let asked = params.one("post_logout_redirect_uri");
    let registered = asked.filter(|uri| client.post_logout_redirect_uris.iter().any(|it| it == uri));
    let location = registered.map(|uri| match params.one("state") {
        Some(state) => super::with_query(uri, [("state", state)]),
        None => uri.to_owned(),
    });
    Farewell { client: client.name.clone(), location, until: now + FAREWELL_LIFE }
}

const PLACE: Place<'_> = Place { kind: "farewell", id: &[], version: 0 };

impl Farewell {
    /// For the address of the page that asks.
    pub fn seal(&self, ring: &Keyring, rng: &dyn Rng) -> String {
        // Plain data with text keys always becomes JSON; an empty text would not open again.
        b64::encode(&ring.seal(PLACE, &serde_json::to_vec(self).unwrap_or_default(), rng))
    }

    /// Reads it back; `None` for what is none of ours, or too old. Attack: a link that shows our page with a way on to
    /// anywhere.
    #[must_use]
    pub fn open(text: &str, now: Time, ring: &Keyring) -> Option<Self> {
        let plain = ring.open_sealed(PLACE, &b64::decode(text).ok()?).ok()?;
        let farewell: Self = serde_json::from_slice(plain.reveal()).ok()?;
        (now < farewell.until).then_some(farewell)
    }
}

#[derive(Serialize)]
struct LogoutClaims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    sid: SessionId,
    events: Map<String, Value>,
}

/// Signs word of a session's end for one client.
///
/// # Errors
/// [`SignFault`] when the key fails.
pub fn token(
    (issuer, client): (&str, &Client),
    (session, subject): (SessionId, Option<&Subject>),
    key: &SigningKey,
    now: Time,
    rng: &dyn Rng,
) -> Result<String, SignFault> {
    let event = ("http://schemas.openid.net/event/backchannel-logout".to_owned(), json!({}));
    key.sign(
        TokenKind::Logout,
        &LogoutClaims {
            iss: issuer,
            sub: subject.map(Subject::as_str),
            aud: client.id.as_str(),
            iat: now.seconds(),
            exp: (now + TOKEN_LIFE).seconds(),
            jti: b64::encode(&random_bytes::<16>(rng)),
            sid: session,
            events: Map::from_iter([event]),
        },
    )
}
