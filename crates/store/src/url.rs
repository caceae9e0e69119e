//! Where the store is: `sqlite:PATH` or `postgres://…`. `Debug` and `Display` never show a password.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// A parsed address of a store.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A PostgreSQL server, as the URL that libpq reads.
    Postgres(String),
}

impl StoreUrl {
    /// Reads `sqlite:/path/file.db`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// Anything else is refused with a sentence that names the two forms.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite:///path` is a common spelling of the same file.
            let path = path.strip_prefix("//").unwrap_or(path);
            return Self::file(path);
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(StoreError::Refused(
            "The store's address must be `sqlite:/path/to/file.db` or `postgres://user@host/database`.".to_owned(),
        ))
    }

    /// The address of a SQLite file.
    #[must_use]
    pub fn sqlite(path: &Path) -> Self {
        Self::Sqlite(path.to_owned())
    }

    fn file(path: &str) -> Result<Self, StoreError> {
        // SQLite would take these as a private database in memory, lost at exit.
        if path.is_empty() || path.starts_with(":memory:") || path.starts_with("file:") {
            return Err(StoreError::Refused("`sqlite:` must be followed by the path of a file.".to_owned()));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                // Only the part after the last `@` and before `?`: the rest may hold a password.
                let rest = url.rsplit_once('@').map_or(url.as_str(), |(_, rest)| rest);
                let rest = rest.split('?').next().unwrap_or_default();
                write!(f, "postgres://{}", rest.trim_start_matches("postgres://").trim_start_matches("postgresql://"))
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let sqlite = |path: &str| Ok(StoreUrl::Sqlite(PathBuf::from(path)));
        assert_eq!(StoreUrl::parse("sqlite:/a/b.db"), sqlite("/a/b.db"));
        assert_eq!(StoreUrl::parse("sqlite:///a/b.db"), sqlite("/a/b.db"));
        assert_eq!(StoreUrl::parse("sqlite:b.db"), sqlite("b.db"));
        assert!(matches!(StoreUrl::parse("postgres://u@h/d"), Ok(StoreUrl::Postgres(_))));
        assert!(matches!(StoreUrl::parse("postgresql://u@h/d"), Ok(StoreUrl::Postgres(_))));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "sqlite:", "sqlite::memory:", "sqlite:file:x?mode=memory", "mysql://h/d", "/a/b.db"] {
            assert!(matches!(StoreUrl::parse(bad), Err(StoreError::Refused(_))), "{bad}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in
            ["postgres://u:hun@ter2@h/d", "postgres://u@h/d?password=hunter2", "postgresql://h/d?password=hunter2"]
        {
            let url = StoreUrl::parse(url).unwrap();
            assert_eq!(format!("{url:?} {url}"), "postgres://h/d postgres://h/d");
        }
    }
}
