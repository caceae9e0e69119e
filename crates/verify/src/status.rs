//! Token Status List: one signed list tells which sessions were ended, so a service needs no question per request.
//!
//! A list is accepted only for the address it was fetched from, signed and unexpired. It never turns a token valid:
//! an expired token stays expired whatever the list says (TOK-15).

use serde::{Deserialize, Serialize};

use crate::{JwkSet, Reject, Seconds, Verifier, jws, strict};

mod bits;

pub use bits::{StatusBits, StatusValue};

/// The `typ` of a status list token.
pub const STATUS_LIST_TYP: &str = "statuslist+jwt";

/// The longest status list token that is read, in bytes. A full list of 2^17 random single bits takes 30 KiB.
pub const STATUS_LIST_BYTES_MAX: usize = 256 * 1024;

/// The claims of a status list token (Token Status List §5.1), as the issuer writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListClaims {
    /// Issuer, if named.
    #[serde(default, deserialize_with = "strict::if_present", skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The address of the list.
    pub sub: String,
    /// When it was issued.
    pub iat: Seconds,
    /// When it ends. The specification leaves it optional; here a list without an end is refused.
    pub exp: Seconds,
    /// How long it may be kept before it is fetched again, in seconds.
    #[serde(default, deserialize_with = "strict::if_present", skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Seconds>,
    /// The list.
    #[serde(deserialize_with = "strict::object")]
    pub status_list: EncodedList,
}

/// A list as text: entry size and compressed entries (Token Status List §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodedList {
    /// Bits in one entry: 1, 2, 4 or 8.
    pub bits: u8,
    /// The entries: base64url of a zlib stream.
    pub lst: String,
}

/// A verified status list.
#[derive(Clone, Debug)]
pub struct StatusList {
    uri: String,
    exp: Seconds,
    refresh_at: Seconds,
    bits: StatusBits,
}

impl StatusList {
    /// Verifies a status list token that was fetched from `expected_uri`.
    ///
    /// # Errors
    /// As [`jws::verify`] for `statuslist+jwt`; [`Reject::BadClaim`], [`Reject::WrongSubject`] if the list is
    /// another address's, [`Reject::Expired`], [`Reject::NotYetValid`]; [`Reject::Malformed`] or
    /// [`Reject::TooLarge`] if the list does not inflate.
    pub fn check_token(token: &str, keys: &JwkSet, expected_uri: &str, now: Seconds) -> Result<Self, Reject> {
        let verified = jws::verify_up_to(STATUS_LIST_BYTES_MAX, token, STATUS_LIST_TYP, keys)?;
        let claims: StatusListClaims = serde_json::from_slice(&verified.payload).map_err(|_| Reject::BadClaim)?;
        if claims.sub != expected_uri {
            return Err(Reject::WrongSubject);
        }
        if claims.exp.plus(Verifier::DEFAULT_SKEW) <= now {
            return Err(Reject::Expired);
        }
        if claims.iat > now.plus(Verifier::DEFAULT_SKEW) {
            return Err(Reject::NotYetValid);
        }
        let bits = StatusBits::decode(claims.status_list.bits, &claims.status_list.lst)?;
        let refresh_at = claims.ttl.map_or(claims.exp, |ttl| claims.iat.plus(ttl).min(claims.exp));
        Ok(Self { uri: claims.sub, exp: claims.exp, refresh_at, bits })
    }

    /// The address of the list.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// From this moment on the list says nothing any more.
    #[must_use]
    pub const fn exp(&self) -> Seconds {
        self.exp
    }

    /// When a fresh copy should be fetched: `iat + ttl`, at the latest `exp`.
    #[must_use]
    pub const fn refresh_at(&self) -> Seconds {
        self.refresh_at
    }

    /// The value at `idx`, or `None` beyond the end.
    #[must_use]
    pub fn value(&self, idx: u64) -> Option<StatusValue> {
        self.bits.value(idx)
    }
}

#[cfg(test)]
mod tests;
