//! JSON read so that no two readers can differ about it: member names are unique at every depth, nesting and member
//! counts are capped, and an object is an object.
//!
//! It never builds a tree of values: a first pass only looks, a second fills the wanted type. Parsers that keep the
//! first of two equal names and parsers that keep the last let one token mean two things (trap T-07).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The deepest nesting of objects and arrays that is read.
const DEPTH_MAX: usize = 16;
/// The most members one object may have: the names are compared pairwise, so their number must be small.
const MEMBERS_MAX: usize = 64;

/// Reads one JSON object, strictly, into `T`.
pub(crate) fn object_from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, serde_json::Error> {
    refuse_ambiguous(bytes)?;
    serde_json::from_slice(bytes)
}

/// Refuses bytes that are not one JSON object, or that two readers could read differently.
pub(crate) fn refuse_ambiguous(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut look = serde_json::Deserializer::from_slice(bytes);
    object(&mut look).map(|Looked| ())?;
    look.end()
}

/// Reads a nested object. A derived reader alone would also take an array of the fields in order.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(ObjectOf(PhantomData))
}

/// Reads an optional member that must be an object when it is there: `null` is refused, absence is `default`.
pub(crate) fn object_if_present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    object(deserializer).map(Some)
}

/// Reads an optional member that must have its type when it is there: `null` is refused, absence is `default`.
pub(crate) fn if_present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A string, borrowed from the input when it has no escapes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

struct ObjectOf<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectOf<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(de::value::MapAccessDeserializer::new(members))
    }
}

/// A value that was looked at and dropped.
struct Looked;

impl<'de> Deserialize<'de> for Looked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Look { depth: 0 }.deserialize(deserializer)
    }
}

/// Looks through any value, `depth` containers below the top.
#[derive(Clone, Copy)]
struct Look {
    depth: usize,
}

impl Look {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Look {
    type Value = Looked;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Looked, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = Looked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_unit<E>(self) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Looked, A::Error> {
        let below = self.deeper()?;
        while items.next_element_seed(below)?.is_some() {}
        Ok(Looked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Looked, A::Error> {
        let below = self.deeper()?;
        let mut names: Vec<Text<'de>> = Vec::with_capacity(MEMBERS_MAX / 2);
        while let Some(name) = members.next_key::<Text<'de>>()? {
            if names.len() == MEMBERS_MAX {
                return Err(de::Error::custom("too many members"));
            }
            // Compared after escapes are resolved: "\u0065xp" is "exp".
            if names.contains(&name) {
                return Err(de::Error::custom("a member name stands twice"));
            }
            names.push(name);
            members.next_value_seed(below)?;
        }
        Ok(Looked)
    }
}

/// True when the member was there, whatever its value, `null` included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Present(pub(crate) bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

#[cfg(test)]
mod tests;
