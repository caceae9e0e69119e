//! Audiences: the services that tokens are for (RFC 8707). Never a wildcard, never more than one in a token (TOK-04).

use std::fmt;

use crate::jws::Alg;

/// The longest audience name taken, in bytes: it stands in every token.
const NAME_BYTES_MAX: usize = 255;

/// The name of an audience: the `aud` of its tokens, compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AudienceName(String);

/// An audience and the one algorithm of its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// The `aud` claim.
    pub name: AudienceName,
    /// What its tokens are signed with. RSA keys exist only once an audience asks for them.
    pub alg: Alg,
}

/// A text that cannot be the name of an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAudience {
    /// Empty, too long, or with other characters.
    #[error("expected 1 to 255 visible ASCII characters without quotes, backslash, * and #")]
    Malformed,
    /// The account API's audience, or a spelling that could be taken for it.
    #[error("this is the audience of the account API, which no service may be: it could change its users' factors")]
    Account,
}

impl AudienceName {
    /// Parses a name as it stands in a configuration.
    ///
    /// # Errors
    /// [`BadAudience::Malformed`].
    pub fn parse(text: &str) -> Result<Self, BadAudience> {
        // RFC 8707 §2 forbids fragments; a star would look like a pattern, and names are never patterns.
        let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b'*' | b'#');
        if text.is_empty() || text.len() > NAME_BYTES_MAX || !text.bytes().all(fits) {
            return Err(BadAudience::Malformed);
        }
        Ok(Self(text.to_owned()))
    }

    /// The audience of the account API of `issuer`. Only this server accepts it.
    #[must_use]
    pub fn account(issuer: &str) -> Self {
        Self(format!("{}/account", issuer.trim_end_matches('/')))
    }

    /// The text of the claim.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the account API of `issuer`, or a person, or a service that compares loosely, could think so.
    pub(super) fn is_account_of(&self, issuer: &str) -> bool {
        self.0.trim_end_matches('/').eq_ignore_ascii_case(&Self::account(issuer).0)
    }
}

impl fmt::Display for AudienceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Audience {
    /// An audience that is configured, so a service and not the account API.
    ///
    /// # Errors
    /// [`BadAudience`] when the name is malformed or that of the account API of `issuer`.
    pub fn service(name: &str, alg: Alg, issuer: &str) -> Result<Self, BadAudience> {
        let name = AudienceName::parse(name)?;
        if name.is_account_of(issuer) {
            return Err(BadAudience::Account);
        }
        Ok(Self { name, alg })
    }

    /// The account API of `issuer`.
    #[must_use]
    pub fn account(issuer: &str) -> Self {
        Self { name: AudienceName::account(issuer), alg: Alg::Es256 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://login.example";

    #[test]
    fn names_are_visible_ascii_and_never_patterns() {
        for good in ["orders", "https://api.example/v1?x=1", "app.example:8443"] {
            assert_eq!(AudienceName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", "a b", "a\n", "é", "*", "https://*.example", "https://a#b", "\"", "\\"] {
            assert_eq!(AudienceName::parse(bad), Err(BadAudience::Malformed), "{bad:?}");
        }
        assert!(AudienceName::parse(&"a".repeat(255)).is_ok());
        assert!(AudienceName::parse(&"a".repeat(256)).is_err());
    }

    #[test]
    fn no_service_may_be_the_account_api() {
        for name in ["https://login.example/account", "https://login.example/account/", "HTTPS://Login.Example/Account"]
        {
            assert_eq!(Audience::service(name, Alg::Es256, ISSUER), Err(BadAudience::Account), "{name}");
        }
        assert!(Audience::service("https://login.example/accounts", Alg::Es256, ISSUER).is_ok());
        assert!(Audience::service("https://other.example/account", Alg::Rs256, ISSUER).is_ok());
        assert!(Audience::service("https://login.example/account", Alg::Es256, "https://login.example/").is_err());
    }
}
