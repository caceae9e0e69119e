//! The one source of randomness: the operating system's, through aws-lc.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use poundlock_core::secret::Rng;

/// The system's random source.
#[derive(Debug)]
pub(crate) struct SystemRng(SystemRandom);

impl SystemRng {
    #[expect(clippy::disallowed_methods, reason = "this file is the one source of randomness")]
    pub(crate) fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        if self.0.fill(bytes).is_err() {
            // Without randomness every secret would be guessable: better no process than that one.
            tracing::error!("the system's random source failed; stopping");
            std::process::abort();
        }
    }
}
