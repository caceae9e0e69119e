//! A key as it was sent. Private parts are noticed, whatever their value, and never kept.

use serde::{Deserialize, Deserializer, de};

use super::Jwk;
use crate::Reject;
use crate::strict::{self, Present};

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: RawJwk = strict::object(deserializer)?;
        raw.public().map_err(de::Error::custom)
    }
}

/// A key as it was sent, private parts noticed but not kept.
#[derive(Deserialize)]
pub(crate) struct RawJwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    #[serde(default)]
    d: Present,
    #[serde(default)]
    p: Present,
    #[serde(default)]
    q: Present,
    #[serde(default)]
    dp: Present,
    #[serde(default)]
    dq: Present,
    #[serde(default)]
    qi: Present,
    #[serde(default)]
    oth: Present,
    #[serde(default)]
    k: Present,
    #[serde(default, rename = "priv")]
    seed: Present,
}

impl RawJwk {
    /// The public key, or [`Reject::KeySetPrivate`] (RFC 7518 §6, members marked private, and ML-DSA's `priv`).
    pub(crate) fn public(self) -> Result<Jwk, Reject> {
        let private = [self.d, self.p, self.q, self.dp, self.dq, self.qi, self.oth, self.k, self.seed];
        if private.contains(&Present(true)) {
            return Err(Reject::KeySetPrivate);
        }
        let Self { kty, kid, alg, usage, key_ops, crv, x, y, n, e, .. } = self;
        Ok(Jwk { kty, kid, alg, usage, key_ops, crv, x, y, n, e })
    }
}
