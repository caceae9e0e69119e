//! Which passwords may be set. Must never ask for kinds of characters (PWD-05), match a mere part of a password
//! (PWD-09), or be run on a login: there, an old password that would no longer be allowed still opens its account.

use super::common;
use super::context::{Context, ContextWord};
use super::{Attempt, BYTES_MAX};
use crate::secret::Secret;

/// A password that may be set: long enough, and on none of the lists.
#[derive(Debug)]
pub struct NewPassword(Attempt);

/// Why a password may not be set, with what to do about it (PWD-09).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer code points than asked for.
    #[error("this password is too short: use at least {min} characters, for example four or five unrelated words")]
    TooShort {
        /// The least number of code points.
        min: usize,
    },
    /// More bytes than are looked at.
    #[error("this password is too long: use at most {BYTES_MAX} bytes")]
    TooLong,
    /// Known from breaches, and among the first that anyone tries.
    #[error("this password is among the most used ones, which are tried first: use several unrelated words instead")]
    Common,
    /// Made from something known about the account.
    #[error("this password is made from {0}, which others know: use several unrelated words instead")]
    Context(ContextWord),
}

impl NewPassword {
    /// Reads a password that someone wants to set. `code_points_min` is 8 where a second factor is always asked for,
    /// 12 for administrators, 15 where none is (PWD-01); each code point of the NFC form counts as one (PWD-03).
    ///
    /// # Errors
    /// The first [`Weakness`] found.
    pub fn parse(raw: Secret<String>, context: &Context<'_>, code_points_min: usize) -> Result<Self, Weakness> {
        let attempt = Attempt::parse(raw).map_err(|_| Weakness::TooLong)?;
        if attempt.text().chars().count() < code_points_min {
            return Err(Weakness::TooShort { min: code_points_min });
        }
        if let Some(word) = context.word_behind(attempt.text()) {
            return Err(Weakness::Context(word));
        }
        if common::contains(attempt.text()) {
            return Err(Weakness::Common);
        }
        Ok(Self(attempt))
    }

    pub(super) const fn attempt(&self) -> &Attempt {
        &self.0
    }
}
