//! One public key as JSON (RFC 7517), and the parsed key that checks signatures.
//!
//! It never holds a private part: JSON with one is refused, so a leaked private key is noticed instead of served on.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use serde::Serialize;

use crate::{Alg, Reject, b64};

mod der;
mod raw;
mod weak;

pub(crate) use raw::RawJwk;

/// A public key as JSON. Made from key parts by the constructors, or read from JSON; what is read may be of a kind
/// that cannot be used here, which [`Jwk::public_key`] tells.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Jwk {
    kty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ops: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
}

/// A parsed public key with its one algorithm. Parsing costs; checking many signatures with it does not repeat that.
pub struct PublicKey {
    alg: Alg,
    parsed: ParsedPublicKey,
}

impl Jwk {
    /// A P-256 key from its coordinates, 32 bytes each, big-endian.
    ///
    /// # Errors
    /// [`Reject::KeyNotAllowed`] if the point is not on the curve.
    pub fn ec_p256(x: &[u8], y: &[u8], kid: &str) -> Result<Self, Reject> {
        let (x, y) = (Some(b64::encode(x)), Some(b64::encode(y)));
        Self { kty: "EC".into(), crv: Some("P-256".into()), x, y, ..Self::signing(Alg::Es256, kid) }.usable()
    }

    /// A P-256 key from its uncompressed SEC 1 point: `04`, x, y; 65 bytes.
    ///
    /// # Errors
    /// [`Reject::KeyNotAllowed`] if it is not such a point.
    pub fn ec_p256_point(point: &[u8], kid: &str) -> Result<Self, Reject> {
        match point.split_first() {
            Some((4, coordinates)) if coordinates.len() == 64 => {
                let (x, y) = coordinates.split_at(32);
                Self::ec_p256(x, y, kid)
            }
            _ => Err(Reject::KeyNotAllowed),
        }
    }

    /// An Ed25519 key from its 32 bytes (RFC 8032 §5.1.5).
    ///
    /// # Errors
    /// [`Reject::KeyNotAllowed`] if it is not such a key.
    pub fn ed25519(raw: &[u8], kid: &str) -> Result<Self, Reject> {
        let x = Some(b64::encode(raw));
        Self { kty: "OKP".into(), crv: Some("Ed25519".into()), x, ..Self::signing(Alg::EdDsa, kid) }.usable()
    }

    /// An RSA key from its modulus and exponent, big-endian, without leading zeros.
    ///
    /// # Errors
    /// [`Reject::KeyNotAllowed`] under 2048 or over 8192 bits, for an exponent that is even or under 65537, or for a
    /// modulus of a known weak generator.
    pub fn rsa(n: &[u8], e: &[u8], kid: &str) -> Result<Self, Reject> {
        let (n, e) = (Some(b64::encode(n)), Some(b64::encode(e)));
        Self { kty: "RSA".into(), n, e, ..Self::signing(Alg::Rs256, kid) }.usable()
    }

    /// An RSA key from its DER form `RSAPublicKey` (RFC 8017 §A.1.1).
    ///
    /// # Errors
    /// As [`Jwk::rsa`], also if it is not that form.
    pub fn rsa_pkcs1(der: &[u8], kid: &str) -> Result<Self, Reject> {
        let (n, e) = der::rsa_numbers(der)?;
        Self::rsa(n, e, kid)
    }

    fn signing(alg: Alg, kid: &str) -> Self {
        Self {
            kid: Some(kid.to_owned()),
            alg: Some(alg.as_str().to_owned()),
            usage: Some("sig".to_owned()),
            ..Self::default()
        }
    }

    fn usable(self) -> Result<Self, Reject> {
        self.public_key().map(|_| self)
    }

    /// The key's id, if it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key's algorithm, if it names one that is supported.
    #[must_use]
    pub fn alg(&self) -> Option<Alg> {
        self.alg.as_deref().and_then(Alg::parse)
    }

    /// Parses the key for checking signatures.
    ///
    /// # Errors
    /// [`Reject::KeyNotAllowed`] unless `kty`, `crv`, `alg`, `use` and `key_ops` agree on one supported signature
    /// algorithm (KEY-03) and the numbers are a valid key. `alg` must be there: an RSA key without it could be used
    /// with two.
    pub fn public_key(&self) -> Result<PublicKey, Reject> {
        let for_signing = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let alg = self.alg().filter(|_| for_signing).ok_or(Reject::KeyNotAllowed)?;
        let parsed = match (alg, self.kty.as_str(), self.crv.as_deref()) {
            (Alg::Es256, "EC", Some("P-256")) => {
                let point = [&[4], fixed(&self.x)?.as_slice(), fixed(&self.y)?.as_slice()].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            (Alg::EdDsa, "OKP", Some("Ed25519")) => ParsedPublicKey::new(&ED25519, fixed(&self.x)?),
            (Alg::Rs256, "RSA", None) => {
                let (n, e) = (number(&self.n)?, number(&self.e)?);
                weak::refuse_weak_rsa(&n, &e)?;
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            }
            _ => return Err(Reject::KeyNotAllowed),
        };
        Ok(PublicKey { alg, parsed: parsed.map_err(|_| Reject::KeyNotAllowed)? })
    }

    /// The key's thumbprint (RFC 7638, SHA-256, base64url): the same for the same key, whatever its `kid`.
    ///
    /// # Errors
    /// [`Reject::KeyNotAllowed`] if the key cannot be used here.
    pub fn thumbprint(&self) -> Result<String, Reject> {
        // Only a key that parses is hashed, so every member below is base64url and needs no JSON escapes.
        self.public_key()?;
        let part = |member: &Option<String>| member.clone().unwrap_or_default();
        let canonical = match self.kty.as_str() {
            "EC" => format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, part(&self.x), part(&self.y)),
            "OKP" => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, part(&self.x)),
            _ => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, part(&self.e), part(&self.n)),
        };
        Ok(b64::encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref()))
    }
}

fn fixed(member: &Option<String>) -> Result<[u8; 32], Reject> {
    number(member)?.try_into().map_err(|_| Reject::KeyNotAllowed)
}

fn number(member: &Option<String>) -> Result<Vec<u8>, Reject> {
    let text = member.as_deref().ok_or(Reject::KeyNotAllowed)?;
    b64::decode(text).map_err(|_| Reject::KeyNotAllowed)
}

impl PublicKey {
    /// The one algorithm of this key.
    #[must_use]
    pub const fn alg(&self) -> Alg {
        self.alg
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    /// [`Reject::BadSignature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Reject> {
        self.parsed.verify_sig(message, signature).map_err(|_| Reject::BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.alg)
    }
}

#[cfg(test)]
mod tests;
