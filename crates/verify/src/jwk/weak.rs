//! RSA keys that parse but must not be trusted. It judges public numbers only.

use crate::Reject;

/// Refuses an RSA key whose signatures others could make.
///
/// # Errors
/// [`Reject::KeyNotAllowed`] for a modulus under 2048 or over 8192 bits, even, with leading zeros (a second spelling
/// of the same key) or of the generator of CVE-2017-15361; for an exponent that is even, under 65537 or over 32 bits.
/// With exponent 1 every message is its own signature.
pub(super) fn refuse_weak_rsa(n: &[u8], e: &[u8]) -> Result<(), Reject> {
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    let canonical = [n, e].iter().all(|number| number.first().is_some_and(|first| *first != 0));
    let odd = [n, e].iter().all(|number| number.last().is_some_and(|last| last & 1 == 1));
    let exponent = e.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let sizes = (2048..=8192).contains(&bits) && e.len() <= 4 && exponent >= 65_537;
    if canonical && odd && sizes && !looks_like_roca(n) { Ok(()) } else { Err(Reject::KeyNotAllowed) }
}

/// Small primes for which the powers of 65537 are a small share of all residues.
const TELLING_PRIMES: [u64; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Primes of the flawed generator (CVE-2017-15361, "ROCA") are powers of 65537 modulo every small prime, and so is
/// their product. A random modulus passes for one with probability under 2^-27.
fn looks_like_roca(n: &[u8]) -> bool {
    TELLING_PRIMES.iter().all(|prime| {
        let residue = n.iter().fold(0_u64, |rest, byte| (rest << 8 | u64::from(*byte)) % prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * 65_537 % prime;
            power == residue
        })
    })
}
