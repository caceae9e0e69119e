//! Identifiers: one type a thing, each with its own prefix in text. Row ids are time-ordered (`UUIDv7`, RFC 9562 §5.7)
//! from our clock and our randomness; they are names, never secrets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{Builder, Uuid};

use crate::secret::{Rng, random_bytes};
use crate::time::Time;

/// Why a text is not an id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: expected {prefix}_ and 32 hexadecimal digits")]
pub struct BadId {
    prefix: &'static str,
}

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// The id of nothing: no row has it.
            pub const NIL: Self = Self([0; 16]);

            /// Makes a new id that sorts by `now`.
            pub fn new(now: Time, rng: &dyn Rng) -> Self {
                let millis = u64::try_from(now.millis()).unwrap_or(0);
                let random: [u8; 10] = random_bytes(rng);
                Self(*Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_bytes())
            }

            /// An id as read back from storage; `None` unless it has 16 bytes.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// When it was made.
            #[must_use]
            pub fn made_at(&self) -> Time {
                let millis = self.0.iter().take(6).fold(0_i64, |millis, byte| millis << 8 | i64::from(*byte));
                Time::from_millis(millis)
            }

            /// The 16 bytes that are stored.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), Uuid::from_bytes(self.0).simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { prefix: $prefix };
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or(bad)?;
                // Only the canonical form: an id with two spellings would be two keys for one thing.
                if hex.len() != 32 || hex.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(bad);
                }
                Uuid::try_parse(hex).map(|uuid| Self(*uuid.as_bytes())).map_err(|_| bad)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

row_id!(/// A user's row. Tokens carry the random [`Subject`] instead.
    UserId, "usr");
row_id!(/// A stored login.
    LoginId, "lgn");
row_id!(/// An enrolled authenticator.
    FactorId, "fac");
row_id!(/// A session; `sid` in tokens.
    SessionId, "ses");
row_id!(/// A family of refresh tokens.
    FamilyId, "fam");
row_id!(/// An invite or ticket.
    InviteId, "inv");
row_id!(/// A known device.
    DeviceId, "dev");
row_id!(/// One record of the audit log; shown to people as the reference of a refusal.
    RecordId, "ref");
row_id!(/// A step-up: a proof bound to one action of one session.
    StepUpId, "stp");
row_id!(/// A challenge that a client carries: its id marks it as spent.
    ChallengeId, "cha");
row_id!(/// A notice that waits to be sent.
    NoticeId, "not");

/// The `sub` of tokens: 128 random bits, so it tells neither name nor age, and its prefix keeps it apart from every
/// client id (TOK-09).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(String);

impl Subject {
    /// Draws a new subject.
    pub fn new(rng: &dyn Rng) -> Self {
        let bytes: [u8; 16] = random_bytes(rng);
        Self(format!("sub_{}", Uuid::from_bytes(bytes).simple()))
    }

    /// A subject as read back from storage.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text as tokens carry it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRng;

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let rng = SeededRng::new(1);
        let early = UserId::new(Time::from_millis(1_700_000_000_000), &rng);
        let late = UserId::new(Time::from_millis(1_700_000_000_001), &rng);
        assert!(early < late);
        assert_eq!(early.to_string().parse::<UserId>(), Ok(early));
        assert_eq!(early.made_at(), Time::from_millis(1_700_000_000_000));
        assert!(early.to_string().starts_with("usr_"));
    }

    #[test]
    fn t_26_an_id_of_one_kind_is_not_an_id_of_another() {
        let id = LoginId::new(Time::from_millis(0), &SeededRng::new(2));
        assert!(id.to_string().parse::<SessionId>().is_err());
        assert!(id.to_string().to_uppercase().parse::<LoginId>().is_err());
        assert!(format!("lgn_{}", "é".repeat(16)).parse::<LoginId>().is_err());
    }

    #[test]
    fn tok_09_a_subject_is_random_and_prefixed() {
        let rng = SeededRng::new(3);
        let (a, b) = (Subject::new(&rng), Subject::new(&rng));
        assert_ne!(a, b);
        assert!(a.as_str().starts_with("sub_"));
    }
}
