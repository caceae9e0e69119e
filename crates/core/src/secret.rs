//! Values that must never be printed, and the digests that may be stored in their place.

use std::fmt;

use aws_lc_rs::digest;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A source of random bytes, handed in as a parameter. The server passes the operating system's generator,
/// tests pass a seeded one.
pub trait Rng {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Draws `N` random bytes.
pub fn random_bytes<const N: usize>(rng: &dyn Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}

/// A value that has no `Debug`, `Display` or `Serialize`, and is wiped when dropped. [`Secret::reveal`] opens it:
/// searching for that word finds every place that sees a secret.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Opens the secret for reading.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl Secret<[u8; 32]> {
    /// Draws a secret of 256 random bits (TOK-10: far over the 160 asked for).
    pub fn random(rng: &dyn Rng) -> Self {
        Self(random_bytes(rng))
    }

    /// What is stored in place of this secret.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a random secret (CAR-05). Enough only because every secret digested here has at least 112 random bits
/// (RCV-02): passwords never come this way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Digests `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(out)
    }

    pub(crate) const fn from_raw(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A digest as read back from storage; `None` unless it has 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes that are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in constant time (CAR-06).
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn car_06_a_secret_prints_nothing_of_itself() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(!format!("{:?}", Digest::of(b"hunter2")).contains("f52f"));
    }

    #[test]
    fn a_digest_matches_only_its_own_input() {
        assert!(Digest::of(b"a").matches(&Digest::of(b"a")));
        assert!(!Digest::of(b"a").matches(&Digest::of(b"b")));
        assert!(Digest::from_bytes(&[0; 31]).is_none());
    }
}
