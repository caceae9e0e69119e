//! One-time codes by time (RFC 6238): seeds, codes, the check, and the proof that only this file makes.
//!
//! Never reads a clock (OTP-10), never accepts a step twice (OTP-05), and never lets the window move by itself (C-3).

mod seed;

use zeroize::Zeroizing;

pub use self::seed::{Code, NotACode, Seed};

use self::seed::{Hits, SEED_BYTES};
use crate::id::{FactorId, UserId};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::Rng;
use crate::time::{Span, Time};

/// What tokens say of this factor (RFC 8176 §2, OTP-12).
pub const AMR: &str = "otp";
/// How long one step lasts (OTP-02).
pub const STEP: Span = Span::from_seconds(30);
/// Digits of a code (OTP-03).
pub const DIGITS: usize = 6;
/// The farthest that a device's clock may be off, in steps either way (OTP-04).
pub const DRIFT_STEPS_MAX: i64 = 5;

const USER_BYTES: usize = 16;
/// A clock five steps behind may also be one step late in sending.
const LOWEST_OFFSET: i64 = -DRIFT_STEPS_MAX - 1;

/// How many steps a device's clock is ahead of ours (behind: negative), within ±[`DRIFT_STEPS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift(i64);

impl Drift {
    /// A clock that agrees with ours.
    pub const NONE: Self = Self(0);

    /// A drift of `steps`; `None` beyond ±[`DRIFT_STEPS_MAX`].
    #[must_use]
    pub const fn from_steps(steps: i64) -> Option<Self> {
        if steps < -DRIFT_STEPS_MAX || steps > DRIFT_STEPS_MAX { None } else { Some(Self(steps)) }
    }

    /// The drift in steps of 30 seconds.
    #[must_use]
    pub const fn steps(self) -> i64 {
        self.0
    }
}

/// The first of the two codes that re-sync a clock: refused when it came, remembered on the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// How far off the code was, in steps.
    pub offset: i64,
    /// The step it belongs to.
    pub step: i64,
}

/// An enrolled authenticator as stored. The columns beside the seal only ever narrow or shift what the seed proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpRow {
    /// The factor.
    pub id: FactorId,
    /// Whose it is.
    pub user: UserId,
    /// Owner and seed, sealed for this factor (OTP-09).
    pub sealed: Vec<u8>,
    /// The last step that was accepted; moves only by `UPDATE … WHERE last_step < ?` (OTP-06).
    pub last_step: i64,
    /// The device's clock against ours, in steps.
    pub drift: i64,
    /// The first half of a re-sync.
    pub resync: Option<Remembered>,
    /// Until when a factor that a recovery code enrolled is on probation; sealed with the seed.
    pub held_until: Option<Time>,
}

impl TotpRow {
    /// The row of a factor just confirmed: its first step is already spent. `proof` must come from [`confirm`] of this
    /// seed.
    pub fn confirmed(ring: &Keyring, seed: &Seed, proof: &TotpProof, rng: &dyn Rng) -> Self {
        Self::sealed(ring, seed, proof, None, rng)
    }

    /// The row of a factor that a recovery code has enrolled: on probation until `held_until`. Attack: a stolen code
    /// enrols a factor and with it locks the owner out for good.
    pub fn confirmed_on_hold(ring: &Keyring, seed: &Seed, proof: &TotpProof, held_until: Time, rng: &dyn Rng) -> Self {
        Self::sealed(ring, seed, proof, Some(held_until), rng)
    }

    /// The same row without its hold: an older factor was proved.
    ///
    /// # Errors
    /// [`BadSeal`] when the row was changed outside this program.
    pub fn released(&self, ring: &Keyring, rng: &dyn Rng) -> Result<Self, BadSeal> {
        let plain = ring.open_sealed(place(&self.id, self.held_until), &self.sealed)?;
        Ok(Self { sealed: ring.seal(place(&self.id, None), plain.reveal(), rng), held_until: None, ..self.clone() })
    }

    fn sealed(ring: &Keyring, seed: &Seed, proof: &TotpProof, held_until: Option<Time>, rng: &dyn Rng) -> Self {
        let mut plain = Zeroizing::new(Vec::with_capacity(USER_BYTES + SEED_BYTES));
        plain.extend_from_slice(proof.user.as_bytes());
        plain.extend_from_slice(seed.bytes());
        Self {
            id: proof.factor,
            user: proof.user,
            sealed: ring.seal(place(&proof.factor, held_until), &plain, rng),
            last_step: proof.step,
            drift: proof.drift.steps(),
            resync: None,
            held_until,
        }
    }
}

/// An authenticator whose seal was opened: the only thing a code is checked against.
#[derive(Debug)]
pub struct Authenticator {
    factor: FactorId,
    user: UserId,
    seed: Seed,
    last_step: i64,
    drift: Drift,
    resync: Option<Remembered>,
    held_until: Option<Time>,
}

impl Authenticator {
    /// Opens a stored row.
    ///
    /// # Errors
    /// [`BadSeal`] when seed or owner are not those sealed for this factor (a row moved to another user proves
    /// nothing), or the drift lies beyond its bounds.
    pub fn open(ring: &Keyring, row: &TotpRow) -> Result<Self, BadSeal> {
        let plain = ring.open_sealed(place(&row.id, row.held_until), &row.sealed)?;
        let (user, seed) = plain.reveal().split_at_checked(USER_BYTES).ok_or(BadSeal)?;
        if UserId::from_bytes(user) != Some(row.user) {
            return Err(BadSeal);
        }
        Ok(Self {
            factor: row.id,
            user: row.user,
            seed: Seed::from_bytes(seed).ok_or(BadSeal)?,
            last_step: row.last_step,
            drift: Drift::from_steps(row.drift).ok_or(BadSeal)?,
            resync: row.resync,
            held_until: row.held_until,
        })
    }

    fn proof(&self, step: i64, drift: Drift, at: Time) -> TotpProof {
        let held = self.held_until.is_some_and(|until| at < until);
        TotpProof { user: self.user, factor: self.factor, step, drift, held, at }
    }
}

/// That a right, unspent code was shown. It counts once the batch that uses it has moved `last_step` on to
/// [`TotpProof::step`].
/// It cannot be made or copied elsewhere (`unforgeable.rs`).
#[derive(Debug)]
#[must_use]
pub struct TotpProof {
    user: UserId,
    factor: FactorId,
    step: i64,
    drift: Drift,
    held: bool,
    at: Time,
}

impl TotpProof {
    /// Whether the factor is on probation: it proves a login, and no change of the account.
    #[must_use]
    pub const fn held(&self) -> bool {
        self.held
    }

    /// Whose factor it was.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Which factor it was.
    #[must_use]
    pub const fn factor(&self) -> FactorId {
        self.factor
    }

    /// The step that is now spent, with all before it: the new `last_step`.
    #[must_use]
    pub const fn step(&self) -> i64 {
        self.step
    }

    /// The drift to store: the old one, unless two codes re-synced it.
    #[must_use]
    pub const fn drift(&self) -> Drift {
        self.drift
    }

    /// When it was shown.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }
}

/// What a check found.
#[derive(Debug)]
#[must_use]
pub enum Checked {
    /// Right and unspent.
    Match(TotpProof),
    /// Refused, and to be remembered: right for another offset. With the next step's code at that offset it re-syncs.
    Resync(Remembered),
    /// Refused: a right code of a step that is already spent. Someone may have seen it; the user is warned (OTP-14).
    Replay {
        /// The step of the code.
        step: i64,
    },
    /// Refused.
    NoMatch,
}

impl Checked {
    /// What the row's re-sync columns hold from now on. Only a code of the very next attempt can complete a re-sync, so
    /// everything else clears them.
    #[must_use]
    pub const fn remembered(&self) -> Option<Remembered> {
        match self {
            Self::Resync(first) => Some(*first),
            Self::Match(_) | Self::Replay { .. } | Self::NoMatch => None,
        }
    }
}

/// Checks a code: the current step or the one before, as the device's clock has it, and no step twice.
pub fn check(factor: &Authenticator, code: &Code, now: Time) -> Checked {
    let here = step_at(now);
    let hits = Hits::of(&factor.seed, code, here);
    let drift = factor.drift.steps();
    let spent = |offset: &i64| hits.at(*offset) && here + offset <= factor.last_step;
    // Before anything else: digits of a spent step stay refused, even where they happen to fit an unspent one. What
    // hits below is therefore unspent.
    if let Some(offset) = (LOWEST_OFFSET..=DRIFT_STEPS_MAX).find(spent) {
        return Checked::Replay { step: here + offset };
    }
    // The later first: a code that happens to fit both steps spends both.
    if let Some(offset) = [drift, drift - 1].into_iter().find(|offset| hits.at(*offset)) {
        return Checked::Match(factor.proof(here + offset, factor.drift, now));
    }
    if let Some(moved) = factor.resync.and_then(|first| completes(first, here)).filter(|moved| hits.at(moved.steps())) {
        return Checked::Match(factor.proof(here + moved.steps(), moved, now));
    }
    match (-DRIFT_STEPS_MAX..=DRIFT_STEPS_MAX).rev().find(|offset| hits.at(*offset)) {
        Some(offset) => Checked::Resync(Remembered { offset, step: here + offset }),
        None => Checked::NoMatch,
    }
}

/// Confirms a new authenticator by its first code, accepting any offset within ±[`DRIFT_STEPS_MAX`]: there is nothing
/// to guess, since the seed was in that very answer. An offset of −1 is the time it takes to type; any other is the
/// device's drift, stored and told to the user.
pub fn confirm(seed: &Seed, user: UserId, factor: FactorId, code: &Code, now: Time) -> Option<(TotpProof, Drift)> {
    let here = step_at(now);
    let hits = Hits::of(seed, code, here);
    let mut offsets: Vec<i64> = (-DRIFT_STEPS_MAX..=DRIFT_STEPS_MAX).filter(|offset| hits.at(*offset)).collect();
    offsets.sort_by_key(|offset| offset.abs());
    let offset = *offsets.first()?;
    let drift = if offset == -1 { Drift::NONE } else { Drift::from_steps(offset)? };
    Some((TotpProof { user, factor, step: here + offset, drift, held: false, at: now }, drift))
}

/// The offset of `first`, when the present step at that offset is the one right after it.
fn completes(first: Remembered, here: i64) -> Option<Drift> {
    let moved = Drift::from_steps(first.offset)?;
    (Some(here + moved.steps()) == first.step.checked_add(1)).then_some(moved)
}

const fn step_at(now: Time) -> i64 {
    now.seconds().div_euclid(STEP.seconds())
}

/// The hold is part of the place: a row whose hold was edited away does not open.
const fn place(factor: &FactorId, held_until: Option<Time>) -> Place<'_> {
    let version = match held_until {
        Some(until) => until.millis(),
        None => 0,
    };
    Place { kind: "totp", id: factor.as_bytes(), version }
}

#[cfg(test)]
mod tests;
