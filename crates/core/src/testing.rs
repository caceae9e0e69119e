//! What tests of any crate need from `core`: a random source that repeats, and a hash written back. Compiled only for tests of this crate and
//! under the feature `testing`, which no release build turns on.

mod key;

use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

pub use self::key::{BE, BS, Said, SoftKey, UP, UV, assertion, attestation};
use crate::password::StoredHash;
use crate::secret::{Digest, Rng};

/// A random source that gives the same bytes for the same seed.
#[derive(Debug)]
pub struct SeededRng {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededRng {
    /// Starts the sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = self.drawn.fetch_add(1, Ordering::Relaxed);
            let mut input = [0; 16];
            let both = self.seed.to_le_bytes().into_iter().chain(block.to_le_bytes());
            input.iter_mut().zip(both).for_each(|(byte, part)| *byte = part);
            chunk.iter_mut().zip(Digest::of(&input).as_bytes()).for_each(|(byte, drawn)| *byte = *drawn);
        }
    }
}

/// A stored password hash, read and written again: equal to `text`, or there would be two spellings of one hash.
#[must_use]
pub fn reprinted_hash(text: &str) -> Option<Zeroizing<String>> {
    StoredHash::parse(text).map(|hash| hash.to_text())
}
