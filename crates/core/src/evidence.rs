//! What has been proved in one login, carried between requests. Only [`crate::policy`] turns it into a grant.
//!
//! **Architecture Invariant:** no other crate can make or read back evidence. Its fields are private, it is not
//! `Deserialize`, and it leaves this crate only sealed, inside a login row ([`crate::login`]). The examples of
//! `unforgeable.rs` hold that.

use serde::{Deserialize, Serialize};

use crate::id::{FactorId, UserId};
use crate::passkey::PasskeyProof;
use crate::password::PasswordProof;
use crate::recovery::RecoveryProof;
use crate::time::Time;
use crate::totp::TotpProof;

/// What one proof was of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Means {
    Password,
    Totp(FactorId),
    /// An authenticator app on probation after a recovery.
    HeldTotp(FactorId),
    RecoveryCode,
    Passkey(FactorId, Signed),
}

/// How a passkey was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signed {
    /// Its device verified its user.
    pub(crate) verified: bool,
    /// The key is bound to its device, by an attestation on the allow-list.
    pub(crate) attested: bool,
    /// It is on probation after a recovery.
    pub(crate) held: bool,
}

/// The kinds of factor. Two of one kind never count (MFA-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Knowledge,
    Possession,
    /// The device asked its user for a PIN, a finger or a face. Never without the key that the device holds (MFA-10).
    Verification,
}

impl Means {
    /// The kinds that it is of: one, but for a passkey whose device verified its user (WAN-08).
    pub(crate) const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Password => &[Kind::Knowledge],
            Self::Passkey(_, Signed { verified: true, .. }) => &[Kind::Possession, Kind::Verification],
            Self::Totp(_) | Self::HeldTotp(_) | Self::RecoveryCode | Self::Passkey(..) => &[Kind::Possession],
        }
    }

    pub(crate) fn is_of(self, kind: Kind) -> bool {
        self.kinds().contains(&kind)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proved {
    pub(crate) means: Means,
    pub(crate) at: Time,
}

/// The stored form; private to the crate, so that only the opener of a seal can read one back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredEvidence {
    user: UserId,
    user_version: i64,
    proved: Vec<Proved>,
}

/// Proofs of one user in one login.
#[derive(Debug)]
pub struct Evidence {
    inner: StoredEvidence,
}

impl Evidence {
    /// Evidence begins with a password proof. `user_version` is the account's version when it was checked: the grant
    /// fails if the account has changed since.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a proof is spent by its use")]
    pub fn first(proof: PasswordProof, user_version: i64) -> Self {
        let proved = vec![Proved { means: Means::Password, at: proof.at() }];
        Self { inner: StoredEvidence { user: proof.user(), user_version, proved } }
    }

    /// Evidence begins with a passkey, where nobody was named before.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a proof is spent by its use")]
    pub fn by_passkey(proof: PasskeyProof, user_version: i64) -> Self {
        Self { inner: StoredEvidence { user: proof.user(), user_version, proved: vec![signed(&proof)] } }
    }

    /// Adds a passkey. `None` when the proof is another user's.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a proof is spent by its use")]
    pub fn and_passkey(self, proof: PasskeyProof) -> Option<Self> {
        self.and(proof.user(), signed(&proof))
    }

    /// Adds a code of an authenticator app. `None` when the proof is another user's.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a proof is spent by its use")]
    pub fn and_totp(self, proof: TotpProof) -> Option<Self> {
        let means = if proof.held() { Means::HeldTotp(proof.factor()) } else { Means::Totp(proof.factor()) };
        self.and(proof.user(), Proved { means, at: proof.at() })
    }

    /// Adds a recovery code. `None` when the proof is another user's.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a proof is spent by its use")]
    pub fn and_recovery(self, proof: RecoveryProof) -> Option<Self> {
        self.and(proof.user(), Proved { means: Means::RecoveryCode, at: proof.at() })
    }

    /// Whose proofs these are.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.inner.user
    }

    /// The account's version when the first proof was made.
    #[must_use]
    pub const fn user_version(&self) -> i64 {
        self.inner.user_version
    }

    pub(crate) fn proved(&self) -> &[Proved] {
        &self.inner.proved
    }

    pub(crate) fn stored(&self) -> StoredEvidence {
        self.inner.clone()
    }

    pub(crate) const fn from_stored(inner: StoredEvidence) -> Self {
        Self { inner }
    }

    fn and(mut self, user: UserId, proved: Proved) -> Option<Self> {
        // Attack: proving the second factor of an account of one's own inside another's login.
        if user != self.inner.user {
            return None;
        }
        self.inner.proved.push(proved);
        Some(self)
    }
}

fn signed(proof: &PasskeyProof) -> Proved {
    let signed = Signed { verified: proof.is_verified(), attested: proof.is_attested(), held: proof.is_held() };
    Proved { means: Means::Passkey(proof.factor(), signed), at: proof.at() }
}

#[cfg(test)]
pub(crate) mod tests;
