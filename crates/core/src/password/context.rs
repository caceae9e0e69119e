//! Passwords made from what anyone knows about an account: its name, its owner, the service. Must never refuse a
//! password for merely containing such a word (PWD-09): only the whole password, less a few digits or signs around it,
//! is compared.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

/// What anyone knows about the account.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The name that the user logs in with.
    pub name: &'a str,
    /// The name shown to people; may be empty.
    pub display_name: &'a str,
    /// The name or host of this service.
    pub service: &'a str,
}

/// Which known word a password was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextWord {
    /// The login name.
    Name,
    /// The display name.
    DisplayName,
    /// The service.
    Service,
}

/// Digits and signs taken off the ends of a password, together, in code points: a year and two signs, or a date.
const AFFIX_MAX: usize = 8;
/// Shorter parts of a name are no words of their own: `de`, `van`'s first two letters, `.io`.
const WORD_MIN: usize = 3;
/// Words looked at from each source; a display name may be long.
const WORDS_MAX: usize = 8;

impl fmt::Display for ContextWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "your user name",
            Self::DisplayName => "your name",
            Self::Service => "the name of this service",
        })
    }
}

impl Context<'_> {
    /// The word that `password` is a simple derivative of: the word, two words in a row, either backwards, in any case,
    /// with separators, with the usual digits for letters, with some digits or signs around it.
    pub(super) fn word_behind(&self, password: &str) -> Option<ContextWord> {
        let words = self.words();
        let mut refused = BTreeMap::new();
        for (first, source) in &words {
            refused.entry(first.clone()).or_insert(*source);
            for (second, _) in &words {
                refused.entry([first.as_str(), second.as_str()].concat()).or_insert(*source);
            }
        }
        disguises(password).iter().find_map(|text| refused.get(text.as_str()).copied())
    }

    fn words(&self) -> Vec<(String, ContextWord)> {
        let sources = [
            (self.name, ContextWord::Name),
            (self.display_name, ContextWord::DisplayName),
            (self.service, ContextWord::Service),
        ];
        let mut words: Vec<(String, ContextWord)> = Vec::new();
        for (text, source) in sources {
            let text = text.to_lowercase();
            let room = words.len() + WORDS_MAX;
            let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() >= WORD_MIN);
            let whole = squeeze(text.chars());
            for word in std::iter::once(whole.as_str()).chain(parts) {
                let letters = word.trim_matches(|c: char| !c.is_alphabetic());
                for word in [word, letters] {
                    if words.len() < room && !word.is_empty() && !words.iter().any(|(known, _)| known == word) {
                        words.push((word.to_owned(), source));
                    }
                }
            }
        }
        words
    }
}

/// What a password may hide: itself and without its affixes, with digits read as letters, forwards and backwards.
fn disguises(password: &str) -> Vec<Zeroizing<String>> {
    let folded = Zeroizing::new(password.to_lowercase());
    let mut all = Vec::new();
    for core in cores(&folded) {
        for one in [None, Some('i'), Some('l')] {
            let read = |c: char| one.map_or(c, |one| letter_behind(c, one));
            all.push(squeeze(core.chars().map(read)));
            all.push(squeeze(core.chars().rev().map(read)));
        }
    }
    all
}

/// `text` less every number of digits and signs at its ends that is still a disguise. More of them are none: a random
/// password may well hold the letter that is someone's name.
fn cores(text: &str) -> Vec<&str> {
    let mut cores = Vec::new();
    let mut front = text;
    for taken in 0..=AFFIX_MAX {
        let mut core = front;
        for _ in taken..=AFFIX_MAX {
            cores.push(core);
            let Some(shorter) = core.strip_suffix(|c: char| !c.is_alphabetic()) else { break };
            core = shorter;
        }
        let Some(shorter) = front.strip_prefix(|c: char| !c.is_alphabetic()) else { break };
        front = shorter;
    }
    cores.retain(|core| !core.is_empty());
    cores
}

/// Letters and digits alone: `anna.berg`, `anna-berg` and `anna berg` are one word.
fn squeeze(chars: impl Iterator<Item = char>) -> Zeroizing<String> {
    Zeroizing::new(chars.filter(|c| c.is_alphanumeric()).collect())
}

/// The letter that a digit or sign commonly stands for; `one` is what `1`, `!` and `|` stand for.
const fn letter_behind(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Context<'static> =
        Context { name: "anna42", display_name: "Anna-Lena Berg", service: "login.harbour.example" };

    fn behind(password: &str) -> Option<ContextWord> {
        ANNA.word_behind(password)
    }

    #[test]
    fn pwd_09_derivatives_of_known_words_are_seen() {
        for password in ["anna42", "ANNA42", "anna1999", "42anna!!", "24anna", "4nn4_2024!", "anna42anna42", "!!@nn@!!"]
        {
            assert_eq!(behind(password), Some(ContextWord::Name), "{password}");
        }
        for password in ["anna-lena berg", "AnnaLenaBerg1", "grebanelanna", "lena.berg", "b3rg-2024", "BergLena99"] {
            assert_eq!(behind(password), Some(ContextWord::DisplayName), "{password}");
        }
        for password in ["Harbour2024", "h4rb0ur!", "loginharbour", "login.harbour.example", "ruobrah", "harbourlogin1"]
        {
            assert_eq!(behind(password), Some(ContextWord::Service), "{password}");
        }
    }

    #[test]
    fn pwd_09_a_password_that_merely_contains_a_word_is_not_refused() {
        for password in
            ["annagramme", "my harbour of old ropes", "berg und tal und see", "xanna42x", "anna42 likes tea"]
        {
            assert_eq!(behind(password), None, "{password}");
        }
    }

    #[test]
    fn pwd_05_a_short_name_does_not_swallow_random_passwords() {
        let short = Context { name: "a", display_name: "", service: "" };
        assert_eq!(short.word_behind("9!4#8$2%a5&7*1(3)"), None);
        assert_eq!(short.word_behind("a1234567"), Some(ContextWord::Name));
        let empty = Context { name: "", display_name: "", service: "" };
        assert_eq!(empty.word_behind(""), None);
        assert_eq!(empty.word_behind("12345678"), None);
    }

    #[test]
    fn words_beyond_ascii_fold_too() {
        let context = Context { name: "zoë", display_name: "Ζωή Παπά", service: "öl" };
        assert_eq!(context.word_behind("ZOË2024!"), Some(ContextWord::Name));
        assert_eq!(context.word_behind("ΠΑΠΆ1"), Some(ContextWord::DisplayName));
        assert_eq!(context.word_behind("ÖL"), Some(ContextWord::Service));
    }
}
