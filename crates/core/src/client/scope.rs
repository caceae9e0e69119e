//! Scopes (RFC 6749 §3.3): a set of words that may shrink and never grows (RFC 9700 §4.14, T-25).

use std::fmt;

use serde::{Serialize, Serializer};

/// The longest scope taken, in bytes: it is repeated in every token.
const SCOPE_BYTES_MAX: usize = 1024;

/// A set of scope words, in the order first given, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(String);

/// Why a scope was refused; the answer is `invalid_scope` (RFC 6749 §5.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeRefusal {
    /// A character that RFC 6749 §3.3 does not allow, an empty word, or more than 1,024 bytes.
    #[error("the scope is not a list of words of printable ASCII, separated by one space, of at most 1024 bytes")]
    Malformed,
    /// A word that is not among those allowed.
    #[error("the scope \"{word}\" is not one that may be asked for here")]
    TooWide {
        /// The first such word.
        word: String,
    },
}

impl Scope {
    /// Parses words separated by single spaces; an empty text is the empty scope.
    ///
    /// # Errors
    /// [`ScopeRefusal::Malformed`].
    pub fn parse(text: &str) -> Result<Self, ScopeRefusal> {
        if text.len() > SCOPE_BYTES_MAX {
            return Err(ScopeRefusal::Malformed);
        }
        if text.is_empty() {
            return Ok(Self::default());
        }
        Self::from_words(text.split(' '))
    }

    /// Makes a scope of separate words.
    ///
    /// # Errors
    /// [`ScopeRefusal::Malformed`].
    pub fn from_words<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, ScopeRefusal> {
        let mut scope = Self::default();
        for word in words {
            if word.is_empty() || !word.bytes().all(is_scope_byte) {
                return Err(ScopeRefusal::Malformed);
            }
            if !scope.holds(word) {
                scope.push(word);
            }
        }
        if scope.0.len() > SCOPE_BYTES_MAX { Err(ScopeRefusal::Malformed) } else { Ok(scope) }
    }

    /// What is given when `requested` is asked for and `self` is the most there may be: what was asked for, or all of
    /// `self` when nothing was. A word outside `self` is refused and not dropped, so that no client believes it holds
    /// what it does not.
    ///
    /// # Errors
    /// [`ScopeRefusal::TooWide`].
    pub fn narrow(&self, requested: Option<&Self>) -> Result<Self, ScopeRefusal> {
        let Some(requested) = requested else { return Ok(self.clone()) };
        match requested.words().find(|word| !self.holds(word)) {
            Some(word) => Err(ScopeRefusal::TooWide { word: word.to_owned() }),
            None => Ok(requested.clone()),
        }
    }

    /// What is left of this scope when no more than `most` may be given: for a grant that is older than its limits.
    #[must_use]
    pub fn within(&self, most: &Self) -> Self {
        let mut left = Self::default();
        self.words().filter(|word| most.holds(word)).for_each(|word| left.push(word));
        left
    }

    /// The words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|word| !word.is_empty())
    }

    /// Whether `word` is in the set. Case matters (RFC 6749 §3.3).
    #[must_use]
    pub fn holds(&self, word: &str) -> bool {
        self.words().any(|held| held == word)
    }

    /// The words separated by single spaces: the form of the claim (RFC 9068 §2.2.3).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the set has no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, word: &str) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(word);
    }
}

/// RFC 6749 Appendix A.4: `%x21 / %x23-5B / %x5D-7E`.
const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    #[test]
    fn words_keep_their_order_and_stand_once() {
        assert_eq!(scope("b a b").as_str(), "b a");
        assert!(scope("").is_empty());
        assert!(scope("Read").holds("Read") && !scope("Read").holds("read"));
        assert!(!scope("read").holds("") && !scope("").holds(""));
    }

    #[test]
    fn a_scope_with_other_characters_is_refused() {
        for bad in [" ", "a ", " a", "a  b", "a\tb", "a\"b", "a\\b", "é", "a\u{0}", "a\nb"] {
            assert_eq!(Scope::parse(bad), Err(ScopeRefusal::Malformed), "{bad:?}");
        }
        assert!(Scope::parse(&"a".repeat(SCOPE_BYTES_MAX)).is_ok());
        assert!(Scope::parse(&"a".repeat(SCOPE_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn t_25_a_scope_never_grows() {
        let allowed = scope("read write");
        assert_eq!(allowed.narrow(None).unwrap(), allowed);
        assert_eq!(allowed.narrow(Some(&scope("write"))).unwrap().as_str(), "write");
        assert_eq!(allowed.narrow(Some(&scope(""))).unwrap().as_str(), "");
        let wider = allowed.narrow(Some(&scope("write admin")));
        assert_eq!(wider, Err(ScopeRefusal::TooWide { word: "admin".to_owned() }));
        assert!(scope("reading").narrow(Some(&scope("read"))).is_err());
        assert!(Scope::default().narrow(Some(&scope("read"))).is_err());
    }

    proptest! {
        #[test]
        fn rft_06_whatever_is_asked_the_result_is_a_subset(have in "[a-d]( [a-d]){0,3}", ask in "[a-f]( [a-f]){0,3}") {
            let (have, ask) = (scope(&have), scope(&ask));
            if let Ok(given) = have.narrow(Some(&ask)) {
                prop_assert!(given.words().all(|word| have.holds(word)));
                prop_assert_eq!(given, ask);
            }
        }
    }
}
