//! The four kinds of value that both engines store alike. Booleans are 0 and 1, times are milliseconds, ids and digests
//! are bytes. `Debug` shows kinds and lengths only: a parameter may be a digest, a sealed seed or a name.

use std::fmt;

use poundlock_core::id::{
    ChallengeId, DeviceId, FactorId, FamilyId, InviteId, LoginId, NoticeId, RecordId, SessionId, StepUpId, Subject,
    UserId,
};
use poundlock_core::secret::Digest;
use poundlock_core::time::{Span, Time};

/// A parameter or a column.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number.
    Int(i64),
    /// Text in UTF-8, without U+0000, which PostgreSQL cannot store.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// What kind of value this is, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "integer",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }

    /// U+0000 is refused on both engines, so that a text which one of them cannot hold fails alike everywhere.
    pub(crate) fn storable(&self) -> bool {
        !matches!(self, Self::Text(text) if text.contains('\0'))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Int(_) => f.write_str("Int(…)"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

/// Builds the `Vec<Value>` of a statement's parameters, in the order `?1, ?2, …`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        ::std::vec![$($crate::Value::from($value)),*]
    };
}

macro_rules! from {
    ($($source:ty: |$value:ident| $into:expr;)*) => {
        $(impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $into
            }
        })*
    };
}

from! {
    i64: |value| Self::Int(value);
    i32: |value| Self::Int(value.into());
    u32: |value| Self::Int(value.into());
    u16: |value| Self::Int(value.into());
    u8: |value| Self::Int(value.into());
    bool: |value| Self::Int(value.into());
    &str: |value| Self::Text(value.to_owned());
    String: |value| Self::Text(value);
    &String: |value| Self::Text(value.clone());
    &[u8]: |value| Self::Bytes(value.to_vec());
    Vec<u8>: |value| Self::Bytes(value);
    &Vec<u8>: |value| Self::Bytes(value.clone());
    Digest: |value| Self::Bytes(value.as_bytes().to_vec());
    &Digest: |value| Self::Bytes(value.as_bytes().to_vec());
    Time: |value| Self::Int(value.millis());
    Span: |value| Self::Int(value.millis());
    &Subject: |value| Self::Text(value.as_str().to_owned());
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! ids {
    ($($id:ty),* $(,)?) => {
        $(from! {
            $id: |id| Self::Bytes(id.as_bytes().to_vec());
            &$id: |id| Self::Bytes(id.as_bytes().to_vec());
        })*
    };
}

ids!(UserId, LoginId, FactorId, SessionId, FamilyId, InviteId, DeviceId, RecordId, StepUpId, ChallengeId, NoticeId);

#[cfg(test)]
mod tests {
    use super::*;
    use poundlock_core::testing::SeededRng;

    #[test]
    fn each_kind_of_source_becomes_the_kind_that_is_stored() {
        let id = UserId::new(Time::from_millis(5), &SeededRng::new(1));
        let digest = Digest::of(b"x");
        let values = params![
            7_i64,
            u32::MAX,
            true,
            "a",
            String::from("b"),
            [1_u8, 2],
            b"xy",
            &[3_u8][..],
            None::<i64>,
            Some("c"),
            id,
            &id,
            digest,
            Time::from_millis(9),
            Some(Span::from_seconds(1))
        ];
        let text = |t: &str| Value::Text(t.to_owned());
        let bytes = |b: &[u8]| Value::Bytes(b.to_vec());
        let want = vec![
            Value::Int(7),
            Value::Int(4_294_967_295),
            Value::Int(1),
            text("a"),
            text("b"),
            bytes(&[1, 2]),
            bytes(b"xy"),
            bytes(&[3]),
            Value::Null,
            text("c"),
            bytes(id.as_bytes()),
            bytes(id.as_bytes()),
            bytes(digest.as_bytes()),
            Value::Int(9),
            Value::Int(1000),
        ];
        assert!(values == want);
    }

    #[test]
    fn car_06_debug_prints_no_content() {
        let shown = format!("{:?}", params!["hunter2", b"secret", 424_242_i64]);
        assert_eq!(shown, "[Text(7 bytes), Bytes(6 bytes), Int(…)]");
    }

    #[test]
    fn only_text_with_a_null_character_cannot_be_stored() {
        assert!(!Value::from("a\0b").storable());
        assert!(Value::from("ab").storable());
        assert!(Value::from(b"a\0b").storable());
    }
}
