//! The proof that a passkey answered. Only the check of the parent makes one.

use super::PasskeyRow;
use crate::id::{FactorId, UserId};
use crate::time::Time;

/// That a passkey of this user signed our challenge. It counts once the batch that uses it has written
/// [`PasskeyProof::row`].
/// It cannot be made or copied elsewhere (`unforgeable.rs`).
#[derive(Debug)]
#[must_use]
pub struct PasskeyProof {
    row: PasskeyRow,
    is_verified: bool,
    is_attested: bool,
    is_held: bool,
    at: Time,
}

impl PasskeyProof {
    /// What the parent's check has found, and nobody else may say.
    pub(super) fn of(row: PasskeyRow, (is_verified, is_attested): (bool, bool), at: Time) -> Self {
        let is_held = row.held_until.is_some_and(|until| at < until);
        Self { row, is_verified, is_attested, is_held, at }
    }

    /// Whose passkey it was.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.row.user
    }

    /// Which factor it was.
    #[must_use]
    pub const fn factor(&self) -> FactorId {
        self.row.id
    }

    /// Whether the device verified its user: then this one factor is of both kinds.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// Whether the key is bound to its device, by an attestation that the allow-list still knows.
    #[must_use]
    pub const fn is_attested(&self) -> bool {
        self.is_attested
    }

    /// Whether the factor is on probation: it proves a login, and no change of the account.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.is_held
    }

    /// The row to store: counter and backup state as the authenticator has just said.
    #[must_use]
    pub const fn row(&self) -> &PasskeyRow {
        &self.row
    }

    /// When it answered.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }
}
