//! Notices to the owner of an account: what has changed, so that a change that was not theirs is found (MFA-08). Made with
//! the change and sent later. A notice never holds a secret, and is no proof of anything.

use std::collections::BTreeMap;

use crate::id::{NoticeId, UserId};
use crate::seal::{BadSeal, Keyring, Place};
use crate::secret::Rng;
use crate::time::Time;

/// Defines the kinds and their names from one table.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What a notice tells of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Each kind once.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

kinds! {
    /// The password was changed.
    PasswordChanged = "password_changed",
    /// A factor was added.
    FactorAdded = "factor_added",
    /// A factor was removed.
    FactorRemoved = "factor_removed",
    /// An older factor was proved, which ended the probation of a newer one early.
    FactorReleased = "factor_released",
    /// A factor has another name.
    FactorRenamed = "factor_renamed",
    /// An administrator removed every factor.
    FactorsReset = "factors_reset",
    /// New recovery codes were made.
    CodesMade = "recovery_codes_made",
    /// A recovery code was used.
    CodeUsed = "recovery_code_used",
    /// A passkey's counter went back: there may be a copy of it.
    PasskeyCopied = "passkey_copied",
}

impl Kind {
    /// Reads a stable name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// A notice as stored.
#[derive(Clone, Debug)]
pub struct NoticeRow {
    /// Row id.
    pub id: NoticeId,
    /// Whom it is for.
    pub user: UserId,
    /// What it tells of.
    pub kind: Kind,
    /// What else it says, sealed: it may name a factor, a client or an address.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub made_at: Time,
}

/// What a notice says beside its kind: names and values, in the order of the names.
pub type Says = BTreeMap<String, String>;

/// Makes a notice.
pub fn make(kind: Kind, user: UserId, says: &Says, now: Time, ring: &Keyring, rng: &dyn Rng) -> NoticeRow {
    let id = NoticeId::new(now, rng);
    // Plain data with text keys always becomes JSON; an empty text would not open again.
    let plain = serde_json::to_vec(&(user, kind.as_str(), says)).unwrap_or_default();
    NoticeRow { id, user, kind, sealed: ring.seal(place(&id), &plain, rng), made_at: now }
}

impl NoticeRow {
    /// What it says.
    ///
    /// # Errors
    /// [`BadSeal`] when the row was changed outside this program: a notice moved to another user says nothing.
    pub fn open(&self, ring: &Keyring) -> Result<Says, BadSeal> {
        let plain = ring.open_sealed(place(&self.id), &self.sealed)?;
        let (user, kind, says): (UserId, String, Says) = serde_json::from_slice(plain.reveal()).map_err(|_| BadSeal)?;
        if user == self.user && kind == self.kind.as_str() { Ok(says) } else { Err(BadSeal) }
    }
}

const fn place(id: &NoticeId) -> Place<'_> {
    Place { kind: "notice", id: id.as_bytes(), version: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::MasterKey;
    use crate::testing::SeededRng;

    #[test]
    fn mfa_08_a_notice_reads_back_for_its_user_and_its_kind_alone() {
        let (rng, now) = (SeededRng::new(1), Time::from_seconds(1_900_000_000));
        let master = MasterKey::random(&rng);
        let ring = Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap();
        let says = Says::from([("factor".to_owned(), "passkey".to_owned())]);
        let row = make(Kind::FactorAdded, UserId::new(now, &rng), &says, now, &ring, &rng);
        assert_eq!(row.open(&ring).unwrap(), says);
        let moved = [
            NoticeRow { user: UserId::new(now, &rng), ..row.clone() },
            NoticeRow { kind: Kind::FactorRemoved, ..row.clone() },
            NoticeRow { id: NoticeId::new(now, &rng), ..row.clone() },
        ];
        assert!(moved.iter().all(|row| row.open(&ring).is_err()));
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(Kind::parse("other"), None);
    }
}
