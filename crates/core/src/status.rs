//! Status lists: which place a session gets, and the signed list that services read. Never gives one place twice
//! (TOK-15), and no place tells how many sessions came before it.

#[cfg(test)]
mod tests;

use std::ops::Range;

use aws_lc_rs::hmac;
use poundlock_verify::{EncodedList, Seconds, StatusBits, StatusListClaims};

use crate::jws::{SignFault, SigningKey, TokenKind};
use crate::seal::Keyring;
use crate::time::{Span, Time};
use crate::token::ACCESS_LIFE_MAX;

/// How many sessions one list holds: 2^17, in 16 KiB before compression.
pub const ENTRIES: u32 = 1 << INDEX_BITS;

/// How many places a node reserves at once. A block lost in a crash is never used, which costs 64 places.
pub const BLOCK: u32 = 64;

/// How long a signed list is good for. Shorter than any retired key is kept, so a cached list never outlives its key.
pub const LIST_LIFE: Span = Span::from_hours(1);

const INDEX_BITS: u32 = 17;
const LIST_OPEN_FOR: Span = Span::from_hours(24);
/// Both halves of the Feistel network: 18 bits, the next even number.
const HALF_BITS: u32 = 9;
const HALF_MASK: u32 = (1 << HALF_BITS) - 1;
/// As many as the smallest domains of format-preserving encryption take (NIST SP 800-38G §5.1).
const ROUNDS: u8 = 10;

/// Whether new sessions still go to a list that was opened at `opened_at` and whose counter stands at `reserved`:
/// for a day, and while a whole block is left.
#[must_use]
pub fn is_open(opened_at: Time, reserved: u32, now: Time) -> bool {
    now - opened_at < LIST_OPEN_FOR && reserved.saturating_add(BLOCK) <= ENTRIES
}

/// Whether a list may be taken away that no session names any more. Not while a node may still hold places of it, or a
/// session would be born into a list that nobody can read, and all its tokens be refused. And never the newest one: its
/// number is the mark that keeps numbers, and so (list, index) pairs, from coming again (TOK-15).
#[must_use]
pub fn may_close(opened_at: Time, newest: bool, now: Time) -> bool {
    !newest && opened_at + LIST_OPEN_FOR + ACCESS_LIFE_MAX <= now
}

/// The order in which a list's places are given: a keyed permutation of the counter.
///
/// A place stands in every token. Given in order, it would tell each service how many sessions there are, and which
/// tokens belong to people who logged in one after the other. The order must stay the same as long as the list lives,
/// so its key is made from a data key, which a new master key leaves alone.
#[derive(Debug)]
pub struct Places(hmac::Key);

impl Places {
    /// The order of the list with this number.
    #[must_use]
    pub fn of(keyring: &Keyring, list: i64) -> Self {
        let key = keyring.counter_key(&[b"status list order", &list.to_be_bytes()]);
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
    }

    /// The index of the place that the counter value `counter` stands for; `None` from [`ENTRIES`] on.
    #[must_use]
    pub fn index(&self, counter: u32) -> Option<u32> {
        if counter >= ENTRIES {
            return None;
        }
        // The network permutes 18 bits. Walking on until a value of 17 bits comes up permutes those 17; it ends, since
        // the cycle that began with such a value comes back to it.
        let mut value = self.permute(counter);
        while value >= ENTRIES {
            value = self.permute(value);
        }
        Some(value)
    }

    fn permute(&self, value: u32) -> u32 {
        let (mut left, mut right) = (value >> HALF_BITS, value & HALF_MASK);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.mix(round, right));
        }
        left << HALF_BITS | right
    }

    fn mix(&self, round: u8, half: u32) -> u32 {
        let [.., high, low] = half.to_be_bytes();
        let tag = hmac::sign(&self.0, &[round, high, low]);
        let first = tag.as_ref().iter().take(2);
        first.fold(0, |mixed, byte| mixed << 8 | u32::from(*byte)) & HALF_MASK
    }
}

/// A reserved block of places, given out one by one. Not `Clone`: two copies would give each place twice.
#[derive(Debug)]
pub struct Block {
    list: i64,
    order: Places,
    counters: Range<u32>,
}

impl Block {
    /// The block of counter values that were reserved in the store for this process alone.
    #[must_use]
    pub fn reserved(keyring: &Keyring, list: i64, counters: Range<u32>) -> Self {
        Self { list, order: Places::of(keyring, list), counters }
    }
}

impl Iterator for Block {
    /// List and index, as a session stores them.
    type Item = (i64, i64);

    fn next(&mut self) -> Option<(i64, i64)> {
        let index = self.order.index(self.counters.next()?)?;
        Some((self.list, i64::from(index)))
    }
}

/// An ended session at an index that no list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session is stored at index {index}, which no status list has")]
pub struct BadIndex {
    /// The index.
    pub index: i64,
}

/// The bits of a list: one for every ended session.
///
/// # Errors
/// [`BadIndex`]: a list without that session would call it alive.
pub fn ended_bits(ended: impl IntoIterator<Item = i64>) -> Result<StatusBits, BadIndex> {
    let mut bits = StatusBits::all_valid(ENTRIES);
    for index in ended {
        let place = u64::try_from(index).map_err(|_| BadIndex { index })?;
        bits.invalidate(place).map_err(|_| BadIndex { index })?;
    }
    Ok(bits)
}

/// Signs a list for the address it is served from (Token Status List §5.1). Services keep it for `ttl` before they ask
/// again.
///
/// # Errors
/// [`SignFault`] when the key fails.
pub fn status_list_token(
    key: &SigningKey,
    uri: &str,
    bits: &StatusBits,
    ttl: Span,
    now: Time,
) -> Result<String, SignFault> {
    let lst = bits.encode().map_err(|_| SignFault::BadClaims)?;
    let claims = StatusListClaims {
        iss: None,
        sub: uri.to_owned(),
        iat: Seconds::new(now.seconds()),
        exp: Seconds::new((now + LIST_LIFE).seconds()),
        ttl: Some(Seconds::new(ttl.seconds_up())),
        status_list: EncodedList { bits: bits.bits(), lst },
    };
    key.sign(TokenKind::StatusList, &claims)
}
