//! The signature algorithms that exist here. There is no `none`, nothing symmetric, and no way to add one from outside.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A signature algorithm (RFC 7518 §3, RFC 8037). Each key has exactly one (KEY-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alg {
    /// ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits or more.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl Alg {
    /// The name that is written: `ES256`, `RS256` or `EdDSA`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm with this name, compared exactly (BND-02). `Ed25519` (RFC 9864) is read as [`Alg::EdDsa`], since
    /// this crate knows no other curve under that name (C-7).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Alg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Alg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = crate::strict::Text::deserialize(deserializer)?;
        Self::parse(&name.0).ok_or_else(|| de::Error::custom("not a supported algorithm"))
    }
}

#[cfg(test)]
mod tests {
    use super::Alg;

    #[test]
    fn bnd_02_names_are_compared_exactly() {
        for alg in [Alg::Es256, Alg::Rs256, Alg::EdDsa] {
            assert_eq!(Alg::parse(alg.as_str()), Some(alg));
            assert_eq!(alg.to_string(), alg.as_str());
            let json = serde_json::to_string(&alg).unwrap();
            assert_eq!(serde_json::from_str::<Alg>(&json).unwrap(), alg);
        }
        assert_eq!(Alg::parse("Ed25519"), Some(Alg::EdDsa));
        for name in
            ["", "none", "None", "noNE", "es256", "ES256 ", "HS256", "PS256", "RS512", "ES384", "ed25519", "Ed448"]
        {
            assert_eq!(Alg::parse(name), None, "{name}");
        }
        assert!(serde_json::from_str::<Alg>("\"HS256\"").is_err());
    }
}
