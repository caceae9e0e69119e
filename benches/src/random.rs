//! Randomness: the system's for keys and ids, as the server has it, and a seeded order for interleaving. The second is
//! never used for a secret.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use poundlock_core::secret::Rng;

/// The system's random source.
pub(crate) struct SystemRng(SystemRandom);

impl SystemRng {
    #[expect(clippy::disallowed_methods, reason = "the one source of randomness of the bench")]
    pub(crate) fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        if self.0.fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// A repeatable order (SplitMix64), so that two runs interleave alike.
pub(crate) struct Shuffler(u64);

impl Shuffler {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `bound`, which is left out. The bias at these sizes is far below one in a million.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Puts the values into a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            values.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_order_again_and_loses_nothing() {
        let order = |seed| {
            let mut values: Vec<u32> = (0..100).collect();
            Shuffler::new(seed).shuffle(&mut values);
            values
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let mut back = order(1);
        back.sort_unstable();
        assert_eq!(back, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn every_place_is_reached_about_equally_often() {
        let mut draw = Shuffler::new(5);
        let mut counts = [0_u32; 5];
        for _ in 0..10_000 {
            counts[draw.below(5) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (1_800..2_200).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_system_gives_different_bytes() {
        let rng = SystemRng::new();
        let draw = || poundlock_core::secret::random_bytes::<16>(&rng);
        assert_ne!(draw(), draw());
    }
}
