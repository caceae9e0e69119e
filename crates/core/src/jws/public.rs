//! The public part of a signing key, named by its thumbprint (RFC 7638). Never sees a private part.

use poundlock_verify::{Jwk, Reject};

/// From an uncompressed point: `04`, x, y (SEC 1 §2.3.3).
pub(super) fn p256(point: &[u8]) -> Option<(String, Jwk)> {
    named(|kid| Jwk::ec_p256_point(point, kid))
}

/// From the 32 bytes of RFC 8032 §5.1.5.
pub(super) fn ed25519(key: &[u8]) -> Option<(String, Jwk)> {
    named(|kid| Jwk::ed25519(key, kid))
}

/// From DER `RSAPublicKey { modulus, publicExponent }` (RFC 8017 A.1.1).
pub(super) fn rsa(der: &[u8]) -> Option<(String, Jwk)> {
    let (body, []) = read_der(der, SEQUENCE)? else { return None };
    let (modulus, rest) = read_der(body, INTEGER)?;
    let (exponent, []) = read_der(rest, INTEGER)? else { return None };
    named(|kid| Jwk::rsa(magnitude(modulus), magnitude(exponent), kid))
}

/// The thumbprint does not depend on the name, so a nameless draft gives the name.
fn named(make: impl Fn(&str) -> Result<Jwk, Reject>) -> Option<(String, Jwk)> {
    let kid = make("").and_then(|draft| draft.thumbprint()).ok()?;
    let jwk = make(&kid).ok()?;
    Some((kid, jwk))
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
