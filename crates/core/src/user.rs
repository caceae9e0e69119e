//! Users: the one canonical form of a name, and an account as it is read for a login. Never decides a login.

use std::fmt;

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation;
use serde::{Deserialize, Serialize};

use crate::id::{Subject, UserId};
use crate::secret::Digest;
use crate::time::Time;

/// Longest name, in bytes of its canonical form.
pub const NAME_BYTES_MAX: usize = 64;

/// The group whose members administer this server.
pub const ADMINS: &str = "admins";

/// A user name in its one canonical form: case-folded, width-mapped, NFC (RFC 8265 §3.3). Every spelling of a name
/// gives the same value, so that counters and accounts cannot be split by spelling (T-18).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct UserName(String);

/// Why a text cannot be a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing is left after trimming.
    #[error("a name needs at least one character")]
    Empty,
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("a name may have at most {NAME_BYTES_MAX} bytes")]
    TooLong,
    /// A character that names may not have, such as a space or a control character.
    #[error("a name may hold letters, digits and marks such as . _ - @, but no spaces or symbols (RFC 8265)")]
    Characters,
    /// It begins like an identifier of ours and could be taken for one (TOK-09).
    #[error("a name may not begin with an identifier's prefix such as usr_ or sub_")]
    Reserved,
}

impl UserName {
    /// Reads a name as a person typed it.
    ///
    /// # Errors
    /// [`BadName`] says what to change.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadName::Empty);
        }
        // Checked before mapping too: the mapping of a megabyte is work for an attacker to ask for.
        if text.len() > 4 * NAME_BYTES_MAX {
            return Err(BadName::TooLong);
        }
        let name = stable_form(text).ok_or(BadName::Characters)?;
        if name.len() > NAME_BYTES_MAX {
            return Err(BadName::TooLong);
        }
        if ["usr_", "sub_", "ses_", "fac_"].iter().any(|prefix| name.starts_with(prefix)) {
            return Err(BadName::Reserved);
        }
        Ok(Self(name))
    }

    /// The name under which an attempt is resolved and counted. A text that no account can have still gives one value,
    /// so that a bad spelling costs the same work and the same counter as an unknown name (THR-14).
    #[must_use]
    pub fn for_attempt(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| {
            let digest = Digest::of(text.trim().as_bytes());
            // U+0001 is in no name; the digest keeps a megabyte, or U+0000, out of the store.
            Self(digest.as_bytes().iter().fold("\u{1}".to_owned(), |name, byte| format!("{name}{byte:02x}")))
        })
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The form that mapping leaves as it is. Some letters, such as Cherokee capitals, map to ones that no name may have:
/// they would be an account that its own name does not find (RFC 8264 §7: apply again, at most three times).
fn stable_form(text: &str) -> Option<String> {
    let mut name = UsernameCaseMapped::enforce(text).ok()?.into_owned();
    for _ in 0..3 {
        let again = UsernameCaseMapped::enforce(name.as_str()).ok()?.into_owned();
        if again == name {
            return Some(name);
        }
        name = again;
    }
    None
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// It may log in.
    Active,
    /// An administrator has shut it.
    Disabled,
}

impl UserState {
    /// The text that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the stored text; anything unknown is closed, not open.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        if text == "active" { Self::Active } else { Self::Disabled }
    }
}

/// A user's row. `version` moves with every change that must end logins under way: state, password, factors.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Row id.
    pub id: UserId,
    /// `sub` of this user's tokens.
    pub subject: Subject,
    /// Canonical name.
    pub name: String,
    /// What to call the person.
    pub display_name: String,
    /// Open or shut.
    pub state: UserState,
    /// Guards what must not change under a login.
    pub version: i64,
    /// Sealed password hash.
    pub password: Vec<u8>,
    /// Sealed key of this user's personal data in the audit log.
    pub personal_key: Vec<u8>,
    /// When the account was made.
    pub made_at: Time,
    /// Last completed login.
    pub last_login_at: Option<Time>,
    /// Groups, sorted.
    pub groups: Vec<String>,
}

impl UserRow {
    /// Whether the user is an administrator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.groups.iter().any(|group| group == ADMINS)
    }
}

#[cfg(test)]
mod tests;
