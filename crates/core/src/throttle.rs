//! Limits by source in constant memory: a fixed table of arrival times (the generic cell rate algorithm, ITU-T I.371).
//!
//! Never grows, never reads a clock, and never sees accounts: those are counted in the store. A known device does not
//! come by here.

use aws_lc_rs::hmac;

use crate::guard::Verdict;
use crate::secret::{Rng, Secret};
use crate::source::{Prefix, Rate, Source, SourceLimits};
use crate::time::{Span, Time};

/// Slots of a table made for a server: 16 bytes each, 1 MiB in all.
pub const SLOTS: usize = 1 << 16;

/// Slots that one prefix may lie in.
const WAYS: usize = 8;

/// How far a prefix has used up its rate.
#[derive(Clone, Copy)]
struct Slot {
    /// Which prefix, by 64 bits of its keyed hash; 0 for none.
    mark: u64,
    /// When its rate will be whole again, in microseconds.
    whole_at_micros: i64,
}

const EMPTY: Slot = Slot { mark: 0, whole_at_micros: i64::MIN };

/// The table.
pub struct Throttle {
    key: hmac::Key,
    limits: SourceLimits,
    sets: Box<[[Slot; WAYS]]>,
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Throttle({} slots, {:?})", self.sets.len() * WAYS, self.limits)
    }
}

impl Throttle {
    /// Makes a table of about `slots` slots. Its hash key is drawn anew each time, so nobody can aim at a slot.
    pub fn new(limits: SourceLimits, slots: usize, rng: &dyn Rng) -> Self {
        let key: Secret<[u8; 32]> = Secret::random(rng);
        let sets = (slots / WAYS).max(1);
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key.reveal()),
            limits,
            sets: vec![[EMPTY; WAYS]; sets].into_boxed_slice(),
        }
    }

    /// Admits one request, or says how long its source must wait: never `Refused`. Only an admitted request is charged,
    /// and then to every prefix; a refused one is free, so waiting always helps.
    pub fn admit(&mut self, source: Source, now: Time) -> Verdict {
        let now = now.millis().saturating_mul(1000);
        let charges: Vec<Charge> = source.prefixes().map(|prefix| self.charge_of(prefix)).collect();
        let wait = charges.iter().map(|charge| charge.wait_micros(self.owed(charge, now))).max().unwrap_or(0);
        if wait > 0 {
            return Verdict::Delay(Span::from_millis(wait.div_euclid(1000).saturating_add(1)));
        }
        for charge in &charges {
            self.spend(charge, now);
        }
        Verdict::Go
    }

    fn charge_of(&self, prefix: Prefix) -> Charge {
        let hash = hmac::sign(&self.key, &prefix.to_bytes());
        let word = |at: usize| {
            let bytes = hash.as_ref().iter().skip(at).take(8);
            bytes.fold(0_u64, |word, byte| word << 8 | u64::from(*byte))
        };
        let sets = u64::try_from(self.sets.len()).unwrap_or(u64::MAX);
        let set = usize::try_from(word(8) % sets).unwrap_or(0);
        Charge::new(set, word(0).max(1), self.limits.of(prefix.width()))
    }

    /// What the prefix owes. More than its burst can only come from a clock that has been set back: it is lowered in
    /// place, so that the prefix is whole again after one span, not after as long as the clock was ahead.
    fn owed(&mut self, charge: &Charge, now: i64) -> i64 {
        let slot = self.sets.get_mut(charge.set).into_iter().flatten().find(|slot| slot.mark == charge.mark);
        let Some(slot) = slot else { return 0 };
        slot.whole_at_micros = slot.whole_at_micros.min(now.saturating_add(charge.burst));
        slot.whole_at_micros.saturating_sub(now).max(0)
    }

    /// Charges the prefix's slot. A new prefix takes the slot of the one nearest to whole: a flood of sources pushes
    /// out its own, not those that are being held back.
    fn spend(&mut self, charge: &Charge, now: i64) {
        let Some(set) = self.sets.get_mut(charge.set) else { return };
        let emptiest = |slot: &&mut Slot| (slot.mark != charge.mark, slot.whole_at_micros);
        let Some(slot) = set.iter_mut().min_by_key(emptiest) else { return };
        let since = if slot.mark == charge.mark { slot.whole_at_micros.max(now) } else { now };
        *slot = Slot { mark: charge.mark, whole_at_micros: since.saturating_add(charge.cost) };
    }
}

/// One prefix of a request, with its place in the table and its rate.
struct Charge {
    set: usize,
    mark: u64,
    /// What one request costs, in microseconds of waiting.
    cost: i64,
    /// What may be owed at most: the whole rate.
    burst: i64,
}

impl Charge {
    fn new(set: usize, mark: u64, rate: Rate) -> Self {
        let times = i64::from(rate.times.get());
        // Rounded up: a rate is never exceeded. At least 1, or a zero span would be no limit at all.
        let micros = rate.within.millis().max(0).saturating_mul(1000);
        let cost = (micros / times + i64::from(micros % times != 0)).max(1);
        Self { set, mark, cost, burst: cost.saturating_mul(times) }
    }

    const fn wait_micros(&self, owed: i64) -> i64 {
        owed.saturating_add(self.cost).saturating_sub(self.burst)
    }
}

#[cfg(test)]
mod tests;
