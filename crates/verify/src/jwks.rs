//! A set of public keys (RFC 7517 §5), parsed once and looked up by exact `kid`.
//!
//! It never fetches, never guesses a key, and never takes one from a token: the set is the whole world of keys.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::jwk::RawJwk;
use crate::{Jwk, PublicKey, Reject, strict};

/// The longest key set that is read, in bytes.
pub const JWKS_BYTES_MAX: usize = 64 * 1024;
/// The most keys one set may hold.
pub const JWKS_KEYS_MAX: usize = 64;

/// The public keys of one issuer.
#[derive(Debug, Default)]
pub struct JwkSet {
    jwks: Vec<Jwk>,
    // Fixed after it is made, and matched exactly: a `kid` is never a path, query or address (KEY-04, trap T-03).
    by_kid: HashMap<String, PublicKey>,
}

impl JwkSet {
    /// Reads a key set as an issuer publishes it. Keys of kinds, algorithms or sizes that cannot be used, or without
    /// `kid` or `alg`, are left out, so an issuer can publish new kinds without breaking old services.
    ///
    /// # Errors
    /// [`Reject::TooLarge`] over 64 KiB or 64 keys, [`Reject::KeySetMalformed`], [`Reject::KeySetPrivate`] if any key
    /// has a private or symmetric part, [`Reject::KeySetDuplicate`], and [`Reject::KeySetEmpty`] if nothing is left.
    pub fn parse(json: &[u8]) -> Result<Self, Reject> {
        if json.len() > JWKS_BYTES_MAX {
            return Err(Reject::TooLarge);
        }
        let RawSet { keys } = strict::object_from_slice(json).map_err(|_| Reject::KeySetMalformed)?;
        if keys.len() > JWKS_KEYS_MAX {
            return Err(Reject::TooLarge);
        }
        let keys = keys.into_iter().map(|RawMember(raw)| raw.public()).collect::<Result<Vec<_>, _>>()?;
        refuse_duplicate_kids(&keys)?;
        let mut set = Self::default();
        for jwk in keys {
            // An unusable key is no error here: it may be meant for others.
            let _ = set.add(jwk);
        }
        if set.jwks.is_empty() { Err(Reject::KeySetEmpty) } else { Ok(set) }
    }

    /// A set of keys that are at hand. An empty one is allowed: it accepts nothing.
    ///
    /// # Errors
    /// [`Reject::KeyNotAllowed`] for a key that cannot be used or has no `kid`, [`Reject::KeySetDuplicate`], and
    /// [`Reject::TooLarge`] over 64 keys.
    pub fn from_keys(keys: Vec<Jwk>) -> Result<Self, Reject> {
        if keys.len() > JWKS_KEYS_MAX {
            return Err(Reject::TooLarge);
        }
        refuse_duplicate_kids(&keys)?;
        let mut set = Self::default();
        for jwk in keys {
            set.add(jwk)?;
        }
        Ok(set)
    }

    fn add(&mut self, jwk: Jwk) -> Result<(), Reject> {
        let kid = jwk.kid().ok_or(Reject::KeyNotAllowed)?.to_owned();
        self.by_kid.insert(kid, jwk.public_key()?);
        self.jwks.push(jwk);
        Ok(())
    }

    /// The key with exactly this `kid`.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.by_kid.get(kid)
    }

    /// The usable keys, in the order of the set.
    pub fn keys(&self) -> impl Iterator<Item = &Jwk> {
        self.jwks.iter()
    }

    /// The set as JSON, ready to publish: public parts only (KEY-05).
    ///
    /// # Errors
    /// None is known: strings always serialize. The type is that of `serde_json`.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Published { keys: &self.jwks })
    }
}

fn refuse_duplicate_kids(keys: &[Jwk]) -> Result<(), Reject> {
    let mut kids: Vec<_> = keys.iter().filter_map(Jwk::kid).collect();
    kids.sort_unstable();
    let all = kids.len();
    kids.dedup();
    if kids.len() == all { Ok(()) } else { Err(Reject::KeySetDuplicate) }
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<RawMember>,
}

#[derive(Deserialize)]
struct RawMember(#[serde(deserialize_with = "strict::object")] RawJwk);

#[derive(Serialize)]
struct Published<'a> {
    keys: &'a [Jwk],
}

#[cfg(test)]
mod tests;
