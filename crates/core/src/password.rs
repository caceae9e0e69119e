//! Passwords: how an attempt is read, how a set password is hashed, and the one place where a password becomes a proof.
//!
//! Must never: store or print a password, cut or trim one, answer an unknown account with less work than a known one,
//! or make a [`PasswordProof`] from anything but a matching hash or a password that was set in the same call.
//!
//! **Architecture Invariant:** no `Instant`, no thread and no queue here. The server's hash pool bounds how many of
//! these calls run at once and hands each one its [`Memory`].

mod common;
mod context;
mod cost;
mod hash;
mod new;

#[cfg(test)]
mod tests;

use icu_normalizer::ComposingNormalizerBorrowed;
use subtle::{Choice, ConstantTimeEq};

pub use self::context::{Context, ContextWord};
pub use self::cost::{BadCost, Cost};
pub use self::hash::{Memory, StoredHash};
pub use self::new::{NewPassword, Weakness};

use crate::id::UserId;
use crate::seal::{Keyring, Place};
use crate::secret::{Rng, Secret, random_bytes};
use crate::time::Time;

/// The longest password that is looked at, in bytes of UTF-8 (PWD-02). Longer input is refused before anything is
/// spent on it: hashing 10 MB is the long-password denial of service of 2013 (T-22).
pub const BYTES_MAX: usize = 1024;

/// The input is longer than [`BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has at most {BYTES_MAX} bytes")]
pub struct TooLong;

/// A password as someone sent it, ready to be checked: at most [`BYTES_MAX`] bytes, in NFC, otherwise untouched (C-2).
/// The empty password is an attempt like any other, so that it costs the same work (T-23).
#[derive(Debug)]
pub struct Attempt(Secret<String>);

/// Somebody knew, or just set, the password of `user`. Only this file makes one; it is neither `Clone` nor stored
/// (`unforgeable.rs` holds that).
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct PasswordProof {
    user: UserId,
    at: Time,
}

/// What an attempt is checked against: an account's hash, or a decoy that costs the same and never matches.
#[derive(Debug)]
pub struct Verifier {
    target: StoredHash,
    wanted: Cost,
    subject: Subject,
}

#[derive(Debug)]
enum Subject {
    Known(UserId),
    /// The account has a hash that cannot be read.
    Damaged,
    /// No such account, or one without a password.
    Decoy,
}

/// The outcome of [`check`].
#[derive(Debug)]
pub struct Checked {
    /// Present when the attempt was right.
    pub proof: Option<PasswordProof>,
    /// The attempt was right and its hash is weaker than what is wanted now: call [`rehash`] and store the result
    /// (PWD-17).
    pub outdated: bool,
}

/// What making a hash takes.
pub struct Hashing<'a> {
    /// The cost to hash at: the configured one.
    pub cost: Cost,
    /// The work area.
    pub memory: &'a mut Memory,
    /// Draws the salt.
    pub rng: &'a dyn Rng,
}

impl Attempt {
    /// Reads what was sent as a password. Nothing is trimmed, folded or cut.
    ///
    /// # Errors
    /// [`TooLong`] over [`BYTES_MAX`] bytes, before or after normalisation.
    pub fn parse(raw: Secret<String>) -> Result<Self, TooLong> {
        let refuse_long = |text: &str| if text.len() > BYTES_MAX { Err(TooLong) } else { Ok(()) };
        refuse_long(raw.reveal())?;
        let nfc = to_nfc(raw);
        refuse_long(nfc.reveal())?;
        Ok(Self(nfc))
    }

    fn text(&self) -> &str {
        self.0.reveal()
    }
}

impl PasswordProof {
    /// Whose password it was.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// When it was proved.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }
}

impl Verifier {
    /// Opens the stored hash of `user`. A value that does not open, or opens to no hash, becomes a verifier that works
    /// as hard as any and never matches: a login is then denied, not crashed (T-37). See [`Verifier::damaged`].
    #[must_use]
    pub fn open(ring: &Keyring, user: UserId, sealed: &[u8], wanted: Cost) -> Self {
        let stored = ring
            .open_sealed(place(&user), sealed)
            .ok()
            .and_then(|plain| std::str::from_utf8(plain.reveal()).ok().and_then(StoredHash::parse));
        match stored {
            Some(target) => Self { target, wanted, subject: Subject::Known(user) },
            None => Self { subject: Subject::Damaged, ..Self::decoy(wanted) },
        }
    }

    /// A verifier for nobody: the work of `wanted`, and no proof whatever is tried.
    #[must_use]
    pub const fn decoy(wanted: Cost) -> Self {
        Self { target: StoredHash::of_nobody(wanted), wanted, subject: Subject::Decoy }
    }

    /// The verifier of an account that may not exist.
    #[must_use]
    pub fn or_decoy(known: Option<Self>, wanted: Cost) -> Self {
        known.unwrap_or_else(|| Self::decoy(wanted))
    }

    /// The account has a hash that cannot be read: the operator must hear of it, the caller must not.
    #[must_use]
    pub const fn damaged(&self) -> bool {
        matches!(self.subject, Subject::Damaged)
    }
}

/// Checks an attempt. One whole hash is computed whoever is asked for and whatever was sent; the only difference in
/// time between accounts is that of a hash stored at another cost than the wanted one, until its owner next logs in.
pub fn check(verifier: &Verifier, attempt: &Attempt, now: Time, memory: &mut Memory) -> Checked {
    let target = &verifier.target;
    let tag = hash::tag(target.cost(), target.salt(), attempt.text().as_bytes(), memory);
    let known = matches!(verifier.subject, Subject::Known(_));
    // A decoy is compared like any other and then cannot match, even on the one tag in 2^256 that would fit.
    let same = tag.map_or(Choice::from(0), |tag| tag.reveal().ct_eq(target.tag()));
    let right = same & Choice::from(u8::from(known));
    let proof = match verifier.subject {
        Subject::Known(user) if bool::from(right) => Some(PasswordProof { user, at: now }),
        _ => None,
    };
    let outdated = proof.is_some() && target.cost().weaker_than(verifier.wanted);
    Checked { proof, outdated }
}

/// Hashes a password that `user` is setting now, and says so: whoever sets a password knows it.
pub fn set(new: &NewPassword, user: UserId, now: Time, hashing: Hashing<'_>) -> (StoredHash, PasswordProof) {
    (hash_attempt(new.attempt(), hashing), PasswordProof { user, at: now })
}

/// Hashes a password anew that was just proved right, at a raised cost (PWD-17). The proof is asked for so that no
/// unchecked password can replace a hash.
#[must_use]
pub fn rehash(attempt: &Attempt, _proof: &PasswordProof, hashing: Hashing<'_>) -> StoredHash {
    hash_attempt(attempt, hashing)
}

impl StoredHash {
    /// Seals the hash for storage (PWD-16). The key is held apart from the table, so a stolen table cannot even be
    /// guessed against, and a hash copied to another account's row opens for nobody.
    pub fn seal(&self, ring: &Keyring, user: UserId, rng: &dyn Rng) -> Vec<u8> {
        ring.seal(place(&user), self.to_text().as_bytes(), rng)
    }
}

const fn place(user: &UserId) -> Place<'_> {
    Place { kind: "password", id: user.as_bytes(), version: 0 }
}

fn hash_attempt(attempt: &Attempt, hashing: Hashing<'_>) -> StoredHash {
    let Hashing { cost, memory, rng } = hashing;
    let salt = random_bytes(rng);
    let tag = hash::tag(cost, &salt, attempt.text().as_bytes(), memory);
    tag.map_or_else(|| StoredHash::of_nobody(cost), |tag| StoredHash::new(cost, salt, &tag))
}

/// NFC, so that a password typed on a Mac (decomposed) is the one typed on Windows (composed): PWD-04.
fn to_nfc(raw: Secret<String>) -> Secret<String> {
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    let text = raw.reveal();
    if NFC.is_normalized(text) {
        return raw;
    }
    // NFC never grows UTF-8 beyond three times (UAX 15), so the buffer never moves and leaves no copy behind.
    let mut out = String::with_capacity(text.len() * 3);
    let written = NFC.normalize_to(text, &mut out);
    // Writing to a String cannot fail.
    debug_assert!(written.is_ok());
    Secret::new(out)
}
