//! JSON Web Signature in compact form (RFC 7515 §7.1), read in one strict way (BND-01 to BND-04).
//!
//! The algorithm and the key come from the key set, never from the token: the header can only name what must match.
//! Members such as `jwk`, `jku`, `x5u` and `crit` are refused, not ignored. It never reads JWE or JSON serialisation.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::explain::quoted;
use crate::strict::{self, Text};
use crate::{Alg, JwkSet, PublicKey, Reject, b64};

/// The longest token that is read, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// What a verified token held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The signed bytes: one JSON object without duplicate names, its claims not yet checked.
    pub payload: Vec<u8>,
    /// The id of the key that signed it.
    pub kid: String,
}

/// Verifies a token of any kind: shape, header, type, key, signature, and that the payload is one unambiguous JSON
/// object. The claims are the caller's to check. `expected_typ` is compared as a media type: `at+jwt` equals
/// `application/AT+JWT`.
///
/// # Errors
/// The first check that failed, in that order.
pub fn verify(token: &str, expected_typ: &str, keys: &JwkSet) -> Result<Verified, Reject> {
    verify_up_to(TOKEN_BYTES_MAX, token, expected_typ, keys)
}

/// As [`verify`], with another size cap in bytes.
pub(crate) fn verify_up_to(max: usize, token: &str, expected_typ: &str, keys: &JwkSet) -> Result<Verified, Reject> {
    let compact = Compact::split(token, max)?;
    let header = compact.header()?;
    header.refuse_other_type(expected_typ)?;
    let (kid, key) = header.key(keys)?;
    let payload = compact.payload_signed_by(&header, key)?;
    strict::refuse_ambiguous(payload).map_err(|_| Reject::Malformed)?;
    Ok(Verified { kid: kid.to_owned(), payload: payload.to_vec() })
}

/// A token in its three parts, decoded but not yet trusted. For a token whose key is known by other means than
/// `kid`; everything else uses [`verify`].
#[derive(Debug)]
pub struct Compact<'a> {
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signed: &'a str,
}

impl<'a> Compact<'a> {
    /// Splits a token of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`Reject::TooLarge`]; [`Reject::Malformed`] unless it is three parts of canonical base64url, of which only the
    /// payload may be empty.
    pub fn split(token: &'a str, bytes_max: usize) -> Result<Self, Reject> {
        if token.len() > bytes_max {
            return Err(Reject::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Reject::Malformed)?;
        // A third dot stays in one of these parts and is refused there: it is not in the alphabet.
        let (header, payload) = signed.split_once('.').ok_or(Reject::Malformed)?;
        if header.is_empty() || signature.is_empty() {
            return Err(Reject::Malformed);
        }
        let (header, payload, signature) = (b64::decode(header)?, b64::decode(payload)?, b64::decode(signature)?);
        Ok(Self { header, payload, signature, signed })
    }

    /// Reads the header.
    ///
    /// # Errors
    /// [`Reject::Malformed`] unless it is one JSON object with distinct names and strings for `alg`, `typ` and `kid`;
    /// [`Reject::HeaderNotAllowed`] if it has any other member, `crit` included (RFC 7515 §4.1.11).
    pub fn header(&self) -> Result<Header<'_>, Reject> {
        let header: Header<'_> = serde_json::from_slice(&self.header).map_err(|_| Reject::Malformed)?;
        if !header.foreign {
            return Ok(header);
        }
        // Other members may nest; only then is the full look worth its time.
        strict::refuse_ambiguous(&self.header).map_err(|_| Reject::Malformed)?;
        Err(Reject::HeaderNotAllowed)
    }

    /// The header's text, for `explain`.
    pub(crate) fn header_shown(&self) -> String {
        quoted(&String::from_utf8_lossy(&self.header))
    }

    /// The payload, once `key` has verified the signature over it.
    ///
    /// # Errors
    /// [`Reject::AlgNotAllowed`] if the header names another algorithm than the key's (KEY-03: checked at every use);
    /// [`Reject::BadSignature`].
    pub fn payload_signed_by(&self, header: &Header<'_>, key: &PublicKey) -> Result<&[u8], Reject> {
        header.refuse_other_algorithm(key)?;
        key.verify(self.signed.as_bytes(), &self.signature)?;
        Ok(&self.payload)
    }
}

/// A header: what a token says about itself. Nothing in it is trusted before the signature is.
#[derive(Debug)]
pub struct Header<'a> {
    alg: Option<Cow<'a, str>>,
    typ: Option<Cow<'a, str>>,
    kid: Option<Cow<'a, str>>,
    foreign: bool,
}

impl Header<'_> {
    /// The algorithm that the header names.
    ///
    /// # Errors
    /// [`Reject::AlgNotAllowed`] if it is missing or unknown; `none` is unknown in every spelling.
    pub fn alg(&self) -> Result<Alg, Reject> {
        self.alg.as_deref().and_then(Alg::parse).ok_or(Reject::AlgNotAllowed)
    }

    /// The key id that the header names.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The type that the header names.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Refuses a token of another kind than `expected` (TOK-06, TOK-07).
    ///
    /// # Errors
    /// [`Reject::WrongType`], also if there is no `typ`: without one, any kind could pass for any other.
    pub fn refuse_other_type(&self, expected: &str) -> Result<(), Reject> {
        match &self.typ {
            Some(typ) if media_type(typ).eq_ignore_ascii_case(media_type(expected)) => Ok(()),
            _ => Err(Reject::WrongType),
        }
    }

    /// The key that the header names, out of `keys`, if its algorithm is the header's.
    ///
    /// # Errors
    /// [`Reject::AlgNotAllowed`] or [`Reject::UnknownKey`].
    pub fn key<'k>(&self, keys: &'k JwkSet) -> Result<(&str, &'k PublicKey), Reject> {
        self.alg()?;
        let kid = self.kid().ok_or(Reject::UnknownKey)?;
        let key = keys.find(kid).ok_or(Reject::UnknownKey)?;
        self.refuse_other_algorithm(key)?;
        Ok((kid, key))
    }

    /// What was looked for and found, for `explain`.
    pub(crate) fn key_shown(&self, keys: &JwkSet) -> String {
        let shown = |member: &Option<Cow<'_, str>>| member.as_deref().map_or("none".to_owned(), quoted);
        let key = self.kid().and_then(|kid| keys.find(kid));
        let found = key.map_or("no key".to_owned(), |key| format!("a key for {}", key.alg()));
        format!("kid {}, alg {}; the key set has {found} of this kid", shown(&self.kid), shown(&self.alg))
    }

    fn refuse_other_algorithm(&self, key: &PublicKey) -> Result<(), Reject> {
        if self.alg()? == key.alg() { Ok(()) } else { Err(Reject::AlgNotAllowed) }
    }
}

/// `application/` may be left out when no other slash follows (RFC 7515 §4.1.9).
fn media_type(typ: &str) -> &str {
    match typ.split_once('/') {
        Some((tree, name)) if tree.eq_ignore_ascii_case("application") && !name.contains('/') => name,
        _ => typ,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Header<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut header = Header { alg: None, typ: None, kid: None, foreign: false };
        while let Some(Text(name)) = members.next_key()? {
            let place = match &*name {
                "alg" => &mut header.alg,
                "typ" => &mut header.typ,
                "kid" => &mut header.kid,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                    header.foreign = true;
                    continue;
                }
            };
            if place.replace(members.next_value::<Text<'de>>()?.0).is_some() {
                return Err(de::Error::custom("a member name stands twice"));
            }
        }
        Ok(header)
    }
}

#[cfg(test)]
mod tests;
