//! The seed, the code and the comparison of the two. Knows nothing of users or of which steps are spent, and never
//! uses the library's own `check`, which stops at the first match.

use std::fmt::{self, Write};

use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

use super::{DIGITS, DRIFT_STEPS_MAX, LOWEST_OFFSET};
use crate::secret::{Rng, Secret, random_bytes};

pub(super) const SEED_BYTES: usize = 20;

/// The secret that server and authenticator share: 160 bits, as long as SHA-1's output (OTP-01).
#[derive(Debug)]
pub struct Seed(Secret<[u8; SEED_BYTES]>);

impl Seed {
    /// Draws a new seed.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(Secret::new(random_bytes(rng)))
    }

    /// The seed as people type it into an authenticator, shown once (OTP-13).
    #[must_use]
    pub fn base32(&self) -> Secret<String> {
        Secret::new(totp_rs::Secret::from(*self.0.reveal()).to_base32())
    }

    /// The `otpauth:` address that the picture to scan holds. A colon ends the issuer there, so `localhost:8080`
    /// becomes `localhost-8080`.
    #[must_use]
    pub fn uri(&self, issuer_label: &str, account_name: &str) -> Secret<String> {
        let label = |text: &str| if text.is_empty() { "-".to_owned() } else { text.replace(':', "-") };
        let built =
            self.builder().with_issuer(Some(label(issuer_label))).with_account_name(label(account_name)).build();
        let uri = built.and_then(|totp| totp.to_url());
        // Refused are only short seeds, empty account names and colons.
        debug_assert!(uri.is_ok());
        Secret::new(uri.unwrap_or_default())
    }

    pub(crate) const fn bytes(&self) -> &[u8; SEED_BYTES] {
        self.0.reveal()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|seed| Self(Secret::new(seed)))
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(0)
            .with_step_duration(30)
            .with_secret(*self.0.reveal())
    }
}

/// What a person typed, when it has the form of a code.
#[derive(Debug)]
pub struct Code(Secret<[u8; DIGITS]>);

/// The text is not a code: not exactly six ASCII digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code is exactly six digits")]
pub struct NotACode;

impl Code {
    /// Takes exactly six ASCII digits, so that one code has one spelling: a space or a full-width digit once dodged the
    /// replay check of another server (OTP-07, T-09).
    ///
    /// # Errors
    /// [`NotACode`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotACode> {
        let digits: [u8; DIGITS] = text.as_bytes().try_into().map_err(|_| NotACode)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(Secret::new(digits))) } else { Err(NotACode) }
    }
}

/// The offsets at which a code is right, one bit each.
pub(super) struct Hits(u16);

impl Hits {
    /// Makes and compares every candidate, whatever the others gave, so that time tells nothing (OTP-11, T-36).
    pub(super) fn of(seed: &Seed, code: &Code, here: i64) -> Self {
        let totp = seed.builder().build_noncompliant();
        let mut hits = 0;
        for (bit, offset) in (LOWEST_OFFSET..=DRIFT_STEPS_MAX).enumerate() {
            let step = here.saturating_add(offset);
            let mut digits = Digits(Zeroizing::new([0; DIGITS]), 0);
            // Six digits always fit; were they to fail, the zero bytes match no code.
            let _ = write!(digits, "{}", totp.generate(step.unsigned_abs().saturating_mul(30)));
            // A step before 1970 has no code.
            let right = digits.0.ct_eq(code.0.reveal()).unwrap_u8() & u8::from(step >= 0);
            hits |= u16::from(right) << bit;
        }
        Self(hits)
    }

    pub(super) fn at(&self, offset: i64) -> bool {
        u32::try_from(offset - LOWEST_OFFSET).is_ok_and(|bit| self.0.checked_shr(bit).unwrap_or(0) & 1 == 1)
    }
}

/// A code being written, on the stack and wiped.
struct Digits(Zeroizing<[u8; DIGITS]>, usize);

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.1 + text.len();
        self.0.get_mut(self.1..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.1 = end;
        Ok(())
    }
}
