//! Recovery codes: made, shown once, and opened one at a time. A code has 128 random bits, so a plain digest keeps it
//! (RCV-02) and nobody guesses it.
//!
//! Never stores a code, and never says that a login with one is phishing-resistant (RCV-08).

use std::fmt::Write;

use zeroize::Zeroizing;

use crate::id::{FactorId, UserId};
use crate::seal::{Keyring, Place};
use crate::secret::{Digest, Rng, Secret, random_bytes};
use crate::time::Time;

/// What tokens say of this factor: private, since no registered value exists (RCV-08).
pub const AMR: &str = "rcv";
/// Codes in one set.
pub const CODES_PER_SET: u32 = 10;

const CODE_BYTES: usize = 16;
/// 128 bits at five a character; the last carries three.
const CODE_CHARS: usize = 26;
/// No longer text is read: a code with a separator after every character is still shorter.
const TEXT_BYTES_MAX: usize = 64;
/// Digits and letters without those that look alike.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A recovery code as typed, read.
#[derive(Debug)]
pub struct RecoveryCode(Secret<[u8; CODE_BYTES]>);

/// The text is not a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a recovery code: it has 26 letters and digits")]
pub struct NotARecoveryCode;

impl RecoveryCode {
    /// Draws a new code.
    fn random(rng: &dyn Rng) -> Self {
        Self(Secret::new(random_bytes(rng)))
    }

    /// Reads what a person copied from paper: case, hyphens and spaces do not matter, `o` is 0, `i` and `l` are 1. All
    /// spellings give the same bytes, so that a code cannot be used once a spelling.
    ///
    /// # Errors
    /// [`NotARecoveryCode`] when it has another length, another character or bits beyond the 128.
    pub fn parse(text: &str) -> Result<Self, NotARecoveryCode> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(NotARecoveryCode);
        }
        let (mut bits, mut chars) = (Zeroizing::new(0_u128), 0);
        for byte in text.bytes().filter(|byte| *byte != b'-' && !byte.is_ascii_whitespace()) {
            let value = value_of(byte).ok_or(NotARecoveryCode)?;
            chars += 1;
            if chars < CODE_CHARS {
                *bits = (*bits << 5) | value;
            } else if chars == CODE_CHARS && value & 3 == 0 {
                *bits = (*bits << 3) | (value >> 2);
            } else {
                // Too long, or a second spelling of the last character, whose two spare bits are zero.
                return Err(NotARecoveryCode);
            }
        }
        if chars == CODE_CHARS { Ok(Self(Secret::new(bits.to_be_bytes()))) } else { Err(NotARecoveryCode) }
    }

    /// The code as shown: `xxxxx-xxxxx-xxxxx-xxxxx-xxxxxx`.
    fn shown(&self) -> Secret<String> {
        let bits = Zeroizing::new(u128::from_be_bytes(*self.0.reveal()));
        // Its final size at once: a growing string leaves copies behind that nobody wipes.
        let mut text = String::with_capacity(CODE_CHARS + 4);
        for i in 0..CODE_CHARS {
            if matches!(i, 5 | 10 | 15 | 20) {
                text.push('-');
            }
            let shift = 123_usize.checked_sub(5 * i);
            let value = shift.map_or(*bits << 2, |shift| *bits >> shift) & 31;
            let digit = usize::try_from(value).ok().and_then(|value| ALPHABET.get(value)).copied().unwrap_or(b'0');
            // Writing to a String cannot fail.
            let _ = text.write_char(char::from(digit));
        }
        Secret::new(text)
    }

    /// What is stored and looked up in place of this code. The owner is part of it, so a digest copied to another
    /// user's row is worthless.
    #[must_use]
    pub fn digest(&self, user: UserId) -> Digest {
        const LABEL: &[u8] = b"poundlock recovery code v1";
        let mut input = Zeroizing::new(Vec::with_capacity(LABEL.len() + 2 * CODE_BYTES));
        input.extend_from_slice(LABEL);
        input.extend_from_slice(user.as_bytes());
        input.extend_from_slice(self.0.reveal());
        Digest::of(&input)
    }
}

fn value_of(byte: u8) -> Option<u128> {
    let folded = match byte.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    ALPHABET.iter().zip(0_u128..).find(|(letter, _)| **letter == folded).map(|(_, value)| value)
}

/// One unused code as stored. Using it deletes the row in the batch that grants (RCV-03).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryRow {
    /// Whose code it is.
    pub user: UserId,
    /// The set it belongs to: the factor that sessions rest on.
    pub set: FactorId,
    /// Its number in the set, from 1 on; replacements count on and never reuse one.
    pub number: u32,
    /// What it is looked up by; unique.
    pub digest: Digest,
    /// Owner and digest, sealed for this set and number: a row written in SQL proves nothing.
    pub seal: Vec<u8>,
}

/// New codes: texts to show once (RCV-07), and rows to store.
#[derive(Debug)]
pub struct RecoveryCodes {
    /// The texts, in the order of the rows.
    pub shown: Vec<Secret<String>>,
    /// The rows.
    pub rows: Vec<RecoveryRow>,
}

impl RecoveryCodes {
    /// Makes a whole set. Storing it voids the user's set before (RCV-07).
    pub fn generate(ring: &Keyring, user: UserId, set: FactorId, rng: &dyn Rng) -> Self {
        let made = (1..=CODES_PER_SET).map(|number| Self::replacement(ring, (user, set), number, rng));
        let (shown, rows) = made.unzip();
        Self { shown, rows }
    }

    /// Makes the code that replaces a used one (RCV-04). `number` is one over the highest of the set so far, used ones
    /// included.
    pub fn replacement(
        ring: &Keyring,
        owner: (UserId, FactorId),
        number: u32,
        rng: &dyn Rng,
    ) -> (Secret<String>, RecoveryRow) {
        let (user, set) = owner;
        let code = RecoveryCode::random(rng);
        let digest = code.digest(user);
        let seal = ring.seal(place(&set, number), &sealed_part(user, &digest), rng);
        (code.shown(), RecoveryRow { user, set, number, digest, seal })
    }
}

/// That an unused recovery code of this user was shown. It counts once the batch that uses it has deleted the row.
/// It cannot be made or copied elsewhere (`unforgeable.rs`).
#[derive(Debug)]
#[must_use]
pub struct RecoveryProof {
    user: UserId,
    set: FactorId,
    number: u32,
    digest: Digest,
    at: Time,
}

impl RecoveryProof {
    /// Whose code it was.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The set it belonged to.
    #[must_use]
    pub const fn set(&self) -> FactorId {
        self.set
    }

    /// Its number in the set.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The digest of the row to delete.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// When it was shown.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }
}

/// Checks a code against the row that its digest found for this user, if any.
pub fn check(
    ring: &Keyring,
    user: UserId,
    presented: &RecoveryCode,
    row: Option<&RecoveryRow>,
    now: Time,
) -> Option<RecoveryProof> {
    let row = row?;
    let digest = presented.digest(user);
    let opened = ring.open_sealed(place(&row.set, row.number), &row.seal).ok()?;
    let (owner, sealed) = opened.reveal().split_at_checked(user.as_bytes().len())?;
    let right = Digest::from_bytes(sealed)?.matches(&digest) & row.digest.matches(&digest);
    let mine = row.user == user && UserId::from_bytes(owner) == Some(user);
    (right && mine).then_some(RecoveryProof { user, set: row.set, number: row.number, digest, at: now })
}

fn sealed_part(user: UserId, digest: &Digest) -> Vec<u8> {
    [user.as_bytes().as_slice(), digest.as_bytes()].concat()
}

fn place(set: &FactorId, number: u32) -> Place<'_> {
    Place { kind: "recovery_code", id: set.as_bytes(), version: i64::from(number) }
}

#[cfg(test)]
mod tests;
