//! How strong a login was, in order. The order is the only thing this file decides.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::strict::Text;

/// The authentication context class of a login (`acr`), weakest first. A value outside this list is an error, so a
/// new class can never be taken for a strong one by an old service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Acr {
    /// A recovery code stood in for the second factor.
    Recovery,
    /// Two different kinds of factor.
    Aal2,
    /// Phishing-resistant: a user-verified passkey, or a password and a security key.
    Phr,
    /// As `phr`, with a device-bound key whose attestation was verified.
    Phrh,
}

impl Acr {
    /// The value of the claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Aal2 => "aal2",
            Self::Phr => "phr",
            Self::Phrh => "phrh",
        }
    }

    /// The class with this value, compared exactly.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        [Self::Recovery, Self::Aal2, Self::Phr, Self::Phrh].into_iter().find(|acr| acr.as_str() == value)
    }
}

impl fmt::Display for Acr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Acr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Acr {
    // By hand: a derived reader would also take {"phr": null} for "phr".
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Text::deserialize(deserializer)?;
        Self::parse(&value.0).ok_or_else(|| de::Error::custom("not a known acr"))
    }
}

#[cfg(test)]
mod tests {
    use super::Acr;

    #[test]
    fn classes_are_ordered_and_keep_their_names() {
        let all = [Acr::Recovery, Acr::Aal2, Acr::Phr, Acr::Phrh];
        assert!(all.is_sorted());
        for acr in all {
            assert_eq!(Acr::parse(acr.as_str()), Some(acr));
            assert_eq!(serde_json::to_string(&acr).unwrap(), format!("\"{acr}\""));
            assert_eq!(serde_json::from_str::<Acr>(&format!("\"{acr}\"")).unwrap(), acr);
        }
        for value in ["", "PHR", "phr ", "aal3", "phrhh"] {
            assert_eq!(Acr::parse(value), None);
            assert!(serde_json::from_str::<Acr>(&format!("\"{value}\"")).is_err());
        }
        assert!(serde_json::from_str::<Acr>(r#"{"phr":null}"#).is_err());
    }
}
