//! How often a guessable authenticator may be tried: budgets, lanes, delays and verdicts (THR-01 to THR-05).
//!
//! An attempt is spent before it is checked, so what is counted here are tries, not failures. Never touches storage:
//! the one statement that spends lives in the store and must follow [`delay_after`] and [`FAILURES_MAX`].

use crate::id::{DeviceId, UserId};
use crate::seal::Keyring;
use crate::secret::Digest;
use crate::time::{Span, Time};

/// Tries that one lane has between two completed logins. Two lanes make 100, the most that SP 800-63B §3.2.2 allows
/// before the authenticator must be bound anew (THR-01).
pub const FAILURES_MAX: u32 = 50;

/// What can be guessed, and is therefore counted. Passkeys, security keys and recovery codes cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guessable {
    /// The password.
    Password,
    /// One-time codes, of all of a user's devices together: a second device must not double an attacker's tries.
    Totp,
}

/// Whose tries are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Everyone who shows no device known to this account.
    Strangers,
    /// This known device. All known devices of an account share one budget.
    Device(DeviceId),
}

/// The account that a name led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// One that exists. Its id is counted, so names, cases and aliases share one counter (THR-05, T-18).
    Known(UserId),
    /// One of 2^16 fixed stand-ins for names that do not exist: they wait and run dry like accounts (THR-14), and a
    /// flood of names adds no rows.
    Pseudo(u16),
}

impl Account {
    /// The stand-in of an unknown name. `canonical_name` is the one form that lookup uses.
    #[must_use]
    pub fn pseudo(ring: &Keyring, canonical_name: &str) -> Self {
        let key = ring.counter_key(&[b"unknown name", canonical_name.as_bytes()]);
        let [high, low, ..] = *key.as_bytes();
        Self::Pseudo(u16::from_be_bytes([high, low]))
    }
}

/// The counter that one attempt spends from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The key of its row. Carried with what was proved, so that a completed login clears exactly what it used
    /// (THR-03).
    pub key: Digest,
    /// Tries it holds.
    pub limit: u32,
}

impl Budget {
    /// The budget of an attempt on `account` by way of `lane`.
    #[must_use]
    pub fn of(ring: &Keyring, kind: Guessable, lane: Lane, account: Account) -> Self {
        Self { key: counter_key(ring, kind, lane, account), limit: FAILURES_MAX }
    }

    /// Both budgets of an account's authenticator, the strangers' first: what binding it anew clears.
    #[must_use]
    pub fn both(ring: &Keyring, kind: Guessable, account: Account) -> [Self; 2] {
        [b"strangers".as_slice(), b"devices"]
            .map(|lane| Self { key: lane_key(ring, kind, lane, account), limit: FAILURES_MAX })
    }
}

/// The key of a counter's row: it tells nothing without the ring, and survives renames (THR-05).
#[must_use]
pub fn counter_key(ring: &Keyring, kind: Guessable, lane: Lane, account: Account) -> Digest {
    let lane: &[u8] = match lane {
        Lane::Strangers => b"strangers",
        Lane::Device(_) => b"devices",
    };
    lane_key(ring, kind, lane, account)
}

fn lane_key(ring: &Keyring, kind: Guessable, lane: &[u8], account: Account) -> Digest {
    let kind: &[u8] = match kind {
        Guessable::Password => b"password",
        Guessable::Totp => b"totp",
    };
    match account {
        Account::Known(user) => ring.counter_key(&[b"attempts", kind, lane, b"known", user.as_bytes()]),
        Account::Pseudo(stand_in) => ring.counter_key(&[b"attempts", kind, lane, b"pseudo", &stand_in.to_be_bytes()]),
    }
}

/// One step of the delay ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The number of the try, counted from 1 since the lane was last cleared, from which on this wait follows.
    pub from_try: u32,
    /// How long the lane then waits.
    pub wait: Span,
}

const fn rung(from_try: u32, wait_seconds: i64) -> Rung {
    Rung { from_try, wait: Span::from_seconds(wait_seconds) }
}

/// The waits that follow tries (THR-02). None after the first five, under a minute in all for the first ten, so that
/// an owner with a slow finger hardly notices; then up to an hour, so that fifty guesses take half a day.
///
/// The spending statement holds the same ladder as a `CASE`. A test beside it spends a whole budget and compares each
/// `next_at` with `now +` [`delay_after`]`(tried)`.
pub const LADDER: &[Rung] = &[
    rung(6, 1),
    rung(7, 2),
    rung(8, 5),
    rung(9, 10),
    rung(10, 15),
    rung(11, 30),
    rung(13, 60),
    rung(16, 120),
    rung(21, 300),
    rung(31, 900),
    rung(41, 1800),
    rung(46, 3600),
];

/// How long a lane waits after its `tried`th try, that one included: what the spend adds to `now` for `next_at`.
#[must_use]
pub fn delay_after(tried: u32) -> Span {
    LADDER.iter().take_while(|rung| rung.from_try <= tried).last().map_or(Span::ZERO, |rung| rung.wait)
}

/// A counter as stored. No row means no tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterRow {
    /// Tries spent since the last completed login that used this budget.
    pub tried: u32,
    /// The earliest moment of the next.
    pub next_at: Time,
}

/// Why an attempt is refused for good, until someone does something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// This lane's budget is empty; the other lane, a passkey or a recovery code still opens the account (THR-04).
    BudgetSpent,
    /// Both budgets are empty: the authenticator must be bound anew (THR-01).
    MustRebind,
}

/// What may happen to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It was spent: check it.
    Go,
    /// Not now. It was not counted; answer at once, with the wait in `Retry-After`.
    Delay(Span),
    /// Not at all.
    Refused(Reason),
}

/// Tells why a spend found no row to update: `own` is the counter it wanted, `other_tried` the tries of the same
/// authenticator's other lane, both read afterwards. Never `Go`: what was not spent is not checked.
pub fn verdict_of_refusal(own: Option<CounterRow>, other_tried: u32, limit: u32, now: Time) -> Verdict {
    // A login may have cleared the row between the spend and this look: then a moment later all is well.
    const MOMENT: Span = Span::from_seconds(1);
    let Some(own) = own else { return Verdict::Delay(MOMENT) };
    if own.tried >= limit {
        let rebind = other_tried >= limit;
        return Verdict::Refused(if rebind { Reason::MustRebind } else { Reason::BudgetSpent });
    }
    Verdict::Delay(if own.next_at > now { own.next_at - now } else { MOMENT })
}

/// Whether an authenticator has failed in both lanes as often as it may (THR-01).
#[must_use]
pub const fn both_empty(strangers_tried: u32, devices_tried: u32) -> bool {
    strangers_tried >= FAILURES_MAX && devices_tried >= FAILURES_MAX
}

#[cfg(test)]
mod tests;
