//! The public part of a signing key as a JWK (RFC 7517), and its thumbprint (RFC 7638). Never holds a private member.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Alg;
use crate::secret::Digest;

/// A public key as it is published: `kid`, `alg`, `use` and the public members (KEY-05).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicJwk {
    alg: Alg,
    kid: String,
    json: String,
}

impl PublicJwk {
    /// The one algorithm of the key.
    #[must_use]
    pub const fn alg(&self) -> Alg {
        self.alg
    }

    /// The key id: SHA-256 thumbprint of the public members, base64url (RFC 7638 §3).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The JWK as JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// From an uncompressed point: `04`, x, y (SEC 1 §2.3.3).
    pub(super) fn from_p256(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4]).filter(|xy| xy.len() == 64)?.split_at(32);
        Some(Self::new(Alg::Es256, &format!(r#""crv":"P-256","kty":"EC","x":"{}","y":"{}""#, b64(x), b64(y))))
    }

    /// From the 32 bytes of RFC 8032 §5.1.5 (JWK form: RFC 8037 §2).
    pub(super) fn from_ed25519(key: &[u8]) -> Option<Self> {
        let key: &[u8; 32] = key.try_into().ok()?;
        Some(Self::new(Alg::EdDsa, &format!(r#""crv":"Ed25519","kty":"OKP","x":"{}""#, b64(key))))
    }

    /// From DER `RSAPublicKey { modulus, publicExponent }` (RFC 8017 A.1.1).
    pub(super) fn from_rsa(der: &[u8]) -> Option<Self> {
        let (body, []) = read_der(der, SEQUENCE)? else { return None };
        let (modulus, rest) = read_der(body, INTEGER)?;
        let (exponent, []) = read_der(rest, INTEGER)? else { return None };
        let (n, e) = (b64(magnitude(modulus)), b64(magnitude(exponent)));
        Some(Self::new(Alg::Rs256, &format!(r#""e":"{e}","kty":"RSA","n":"{n}""#)))
    }

    /// `members` are the required ones in lexicographic order without white space: what RFC 7638 §3.1 digests.
    fn new(alg: Alg, members: &str) -> Self {
        let kid = b64(Digest::of(format!("{{{members}}}").as_bytes()).as_bytes());
        let json = format!(r#"{{{members},"alg":"{}","kid":"{kid}","use":"sig"}}"#, alg.as_str());
        Self { alg, kid, json }
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// Splits one DER element of this tag (X.690 §8.1) into its contents and what follows it. The input comes from our own
/// library, so only the lengths that an RSA key has are read.
fn read_der(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = input.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match (first, rest) {
        (0..=0x7f, rest) => (usize::from(first), rest),
        (0x81, [a, rest @ ..]) => (usize::from(*a), rest),
        (0x82, [a, b, rest @ ..]) => (usize::from(*a) << 8 | usize::from(*b), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A DER integer without the zero byte that marks it as positive: RFC 7518 §6.3.1.1 forbids leading zeros.
fn magnitude(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
