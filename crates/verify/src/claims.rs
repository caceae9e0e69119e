//! What an access token says (RFC 9068 §2.2, DESIGN of the token), as types that cannot hold the wrong JSON.
//!
//! The issuer writes these same types. Unknown claims are ignored, so an issuer can add one; a known claim of the
//! wrong type is an error, never skipped (trap T-06).

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{Acr, Reject, Seconds, strict};

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: the exact string of its configuration.
    #[serde(deserialize_with = "filled")]
    pub iss: String,
    /// User: a random id, never a name. A user is known by `iss` and `sub` together (BND-09).
    #[serde(deserialize_with = "filled")]
    pub sub: String,
    /// The services this token is for.
    pub aud: Audience,
    /// The client that asked for it.
    #[serde(deserialize_with = "filled")]
    pub client_id: String,
    /// When it was issued.
    pub iat: Seconds,
    /// When it ends: at this second it is no longer valid.
    pub exp: Seconds,
    /// When it begins, if not at once.
    #[serde(default, deserialize_with = "strict::if_present", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<Seconds>,
    /// The id of this token.
    #[serde(deserialize_with = "filled")]
    pub jti: String,
    /// The session it belongs to.
    #[serde(deserialize_with = "filled")]
    pub sid: String,
    /// Granted scopes, separated by single spaces (RFC 6749 §3.3).
    #[serde(default, deserialize_with = "strict::if_present", skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When the user logged in; refreshing does not change it (TOK-03).
    pub auth_time: Seconds,
    /// How strong that login was.
    pub acr: Acr,
    /// The methods of that login (RFC 8176), and `rcv` for a recovery code.
    pub amr: Vec<String>,
    /// Groups of the user that this client may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// When the second factor was last proved: at the login, or later at a refresh.
    pub mfa_time: Seconds,
    /// Where the state of the session can be read.
    #[serde(default, deserialize_with = "strict::object_if_present", skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The key that the sender must prove to hold.
    #[serde(default, deserialize_with = "strict::object_if_present", skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

impl Claims {
    /// Reads claims from a verified payload. It checks types only; [`crate::Verifier`] checks what they say.
    ///
    /// # Errors
    /// [`Reject::BadClaim`] for a claim that is missing, doubled, of the wrong type or out of range.
    pub fn parse(payload: &[u8]) -> Result<Self, Reject> {
        strict::object_from_slice(payload).map_err(|_| Reject::BadClaim)
    }

    /// True if exactly this scope was granted.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        !scope.is_empty() && self.scope.as_deref().is_some_and(|scopes| scopes.split(' ').any(|one| one == scope))
    }

    /// True if the user is in this group, as far as this client may see.
    #[must_use]
    pub fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }
}

/// One or more audiences; never none (TOK-04). In JSON a string, or an array of strings (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Vec<String>);

impl Audience {
    /// A single audience.
    #[must_use]
    pub fn one(audience: impl Into<String>) -> Self {
        Self(vec![audience.into()])
    }

    /// True if exactly this audience is among them.
    #[must_use]
    pub fn contains(&self, audience: &str) -> bool {
        self.0.iter().any(|one| one == audience)
    }

    /// The audiences.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Serialize for Audience {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> de::Visitor<'de> for AudienceVisitor {
    type Value = Audience;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an audience or a list of audiences, none empty")
    }

    fn visit_str<E: de::Error>(self, audience: &str) -> Result<Audience, E> {
        if audience.is_empty() {
            return Err(E::invalid_value(de::Unexpected::Str(audience), &self));
        }
        Ok(Audience::one(audience))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Audience, A::Error> {
        let mut audiences: Vec<String> = Vec::new();
        while let Some(audience) = items.next_element()? {
            audiences.push(audience);
        }
        if audiences.is_empty() || audiences.iter().any(String::is_empty) {
            return Err(de::Error::custom("an empty audience"));
        }
        Ok(Audience(audiences))
    }
}

/// The `status` claim (Token Status List §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The entry of a status list.
    #[serde(deserialize_with = "strict::object")]
    pub status_list: StatusRef,
}

/// One entry of one status list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRef {
    /// Which entry, from 0.
    pub idx: u64,
    /// The address of the list.
    pub uri: String,
}

/// The `cnf` claim (RFC 7800): only the holder of this key may use the token. Another confirmation method beside or
/// instead of `jkt` is an error, since it could not be honoured (BND-10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Thumbprint of the key of the DPoP proofs (RFC 9449 §6.1).
    #[serde(deserialize_with = "filled")]
    pub jkt: String,
}

/// A string that says something: an empty id would make all its holders equal.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Err(de::Error::custom("an empty string")) } else { Ok(text) }
}

#[cfg(test)]
mod tests;
