//! What one password hash costs. Must never let a configuration go below the floor, nor a stored hash above the cap.

/// The cost of one Argon2id hash (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why a cost is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCost {
    /// Below the floor of PWD-13.
    #[error(
        "the password hash is too cheap: use at least 47104 KiB with 1 pass, 19456 KiB with 2 passes, or 12288 KiB with 3"
    )]
    TooLow,
    /// So high that a few logins would exhaust the machine.
    #[error("the password hash is too dear: use at most {} KiB and {} passes", Cost::MEMORY_KIB_MAX, Cost::PASSES_MAX)]
    TooHigh,
    /// More than one lane. Total work is what counts on a server under load: one hash a core, never one over several.
    #[error("a password hash has exactly one lane")]
    Lanes,
}

/// Memory in KiB and passes of which at least one pair must be reached (PWD-13; ASVS 11.4.2).
const FLOOR: [(u32, u32); 3] = [(47_104, 1), (19_456, 2), (12_288, 3)];

impl Cost {
    /// 46 MiB, one pass, one lane.
    pub const DEFAULT: Self = Self { memory_kib: 47_104, passes: 1, lanes: 1 };
    /// The most memory of one hash, in KiB: 1 GiB.
    pub const MEMORY_KIB_MAX: u32 = 1024 * 1024;
    /// The most passes of one hash.
    pub const PASSES_MAX: u32 = 16;
    /// Next to nothing, so that tests about other things are fast. No release build has it.
    #[cfg(any(test, feature = "testing"))]
    pub const FOR_TESTS: Self = Self { memory_kib: 64, passes: 1, lanes: 1 };

    /// A cost to hash new passwords at.
    ///
    /// # Errors
    /// [`BadCost`] below the floor of PWD-13, above the cap, or with more than one lane.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, BadCost> {
        let cost = Self { memory_kib, passes, lanes }.refuse_excess()?;
        let enough = FLOOR.iter().any(|&(memory, least)| memory_kib >= memory && passes >= least);
        if enough { Ok(cost) } else { Err(BadCost::TooLow) }
    }

    /// The cost named by a stored hash. It may lie below the floor: such a hash is checked once more and then replaced
    /// (PWD-17). It may not lie above the cap, so that no row can exhaust the memory.
    pub(super) fn of_stored(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        // 8 KiB a lane is the least that Argon2 is defined for (RFC 9106 §3.1).
        if memory_kib < 8 || passes == 0 {
            return None;
        }
        Self { memory_kib, passes, lanes }.refuse_excess().ok()
    }

    /// Less memory or fewer passes than `other`: a hash at this cost is replaced when its owner next logs in.
    #[must_use]
    pub const fn weaker_than(self, other: Self) -> bool {
        self.memory_kib < other.memory_kib || self.passes < other.passes
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes; always 1.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    const fn refuse_excess(self) -> Result<Self, BadCost> {
        if self.lanes != 1 {
            return Err(BadCost::Lanes);
        }
        if self.memory_kib > Self::MEMORY_KIB_MAX || self.passes > Self::PASSES_MAX {
            return Err(BadCost::TooHigh);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pwd_13_a_cost_below_the_floor_is_refused() {
        for (memory, passes) in [(47_103, 1), (19_455, 2), (12_287, 16), (46_000, 1), (0, 0), (47_104, 0)] {
            assert_eq!(Cost::new(memory, passes, 1), Err(BadCost::TooLow), "{memory}/{passes}");
        }
        for (memory, passes) in [(47_104, 1), (19_456, 2), (12_288, 3), (65_536, 3), (1_048_576, 16)] {
            assert!(Cost::new(memory, passes, 1).is_ok(), "{memory}/{passes}");
        }
        assert_eq!(Cost::new(47_104, 1, 1), Ok(Cost::DEFAULT));
    }

    #[test]
    fn t_22_a_cost_that_would_exhaust_the_memory_is_refused() {
        assert_eq!(Cost::new(1_048_577, 1, 1), Err(BadCost::TooHigh));
        assert_eq!(Cost::new(47_104, 17, 1), Err(BadCost::TooHigh));
        assert_eq!(Cost::new(u32::MAX, u32::MAX, 1), Err(BadCost::TooHigh));
        assert_eq!(Cost::new(65_536, 3, 4), Err(BadCost::Lanes));
        assert_eq!(Cost::of_stored(1_048_577, 1, 1), None);
        assert_eq!(Cost::of_stored(64, 1, 0), None);
        assert_eq!(Cost::of_stored(7, 1, 1), None);
        assert_eq!(Cost::of_stored(8, 0, 1), None);
    }

    #[test]
    fn pwd_17_weaker_means_less_of_either() {
        let low = Cost::new(19_456, 2, 1).unwrap();
        let high = Cost::new(65_536, 3, 1).unwrap();
        assert!(low.weaker_than(high) && !high.weaker_than(low));
        assert!(!low.weaker_than(low));
        assert!(low.weaker_than(Cost::DEFAULT), "less memory");
        assert!(Cost::DEFAULT.weaker_than(low), "fewer passes");
    }
}
