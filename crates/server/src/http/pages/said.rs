//! What a page is told to say by the one before it: what went wrong on its form, or what was just done. It travels in a
//! cookie for a minute, since a page that is got has nothing else to remember it by. Closed words only: a reader who
//! writes the cookie tells lies to nobody else.

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poundlock_core::password::{ContextWord, Weakness};
use poundlock_core::time::Span;

use crate::flow::{Denial, Refused};
use crate::page::view::Notice;
use crate::page::{Field, Trouble, What};

/// The longest name that is put back into its field, in bytes.
const TYPED_BYTES_MAX: usize = 256;

/// The longest path that stands in the cookie as it is, in bytes.
const PATH_BYTES_MAX: usize = 512;

/// Something to say at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    path: String,
    word: Word,
    typed: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Trouble(Trouble),
    Notice(Notice),
}

impl Said {
    /// What a refusal is on the form at `path`; `None` where the form cannot go on.
    pub(crate) fn of(refused: &Refused, request: &str, path: &str, typed: &str) -> Option<Self> {
        let trouble = match refused {
            Refused::Denied { denial, reference, .. } => {
                let reference = if reference.is_empty() { request } else { reference };
                Trouble::of_denial(*denial, reference.to_owned())?
            }
            Refused::Weak(weakness) => Trouble { what: What::Weak(*weakness), reference: String::new() },
            _ => return None,
        };
        Some(Self::trouble(path, trouble, typed))
    }

    /// Trouble at `path`, where `typed` was typed.
    pub(crate) fn trouble(path: &str, trouble: Trouble, typed: &str) -> Self {
        let typed = if typed.len() <= TYPED_BYTES_MAX { typed } else { "" };
        Self { path: short(path), word: Word::Trouble(trouble), typed: typed.to_owned() }
    }

    /// Something was done.
    pub(crate) fn notice(path: &str, notice: Notice) -> Self {
        Self { path: short(path), word: Word::Notice(notice), typed: String::new() }
    }

    /// Whether it is to be said at this path.
    pub(crate) fn is_for(&self, path: &str) -> bool {
        self.path == short(path)
    }

    /// What was typed before.
    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// The trouble, if it is any.
    pub(crate) fn as_trouble(&self) -> Option<Trouble> {
        match &self.word {
            Word::Trouble(trouble) => Some(trouble.clone()),
            Word::Notice(_) => None,
        }
    }

    /// The notice, if it is one.
    pub(crate) const fn as_notice(&self) -> Option<Notice> {
        match self.word {
            Word::Notice(notice) => Some(notice),
            Word::Trouble(_) => None,
        }
    }

    /// The same for another field: a code that was wrong on the form of recovery codes.
    pub(crate) fn about(mut self, what: What) -> Self {
        if let Word::Trouble(trouble) = &mut self.word {
            trouble.what = what;
        }
        self
    }

    /// The value of the cookie.
    pub(crate) fn text(&self) -> String {
        let (word, reference) = match &self.word {
            Word::Notice(notice) => (format!("notice-{}", index_of(*notice)), ""),
            Word::Trouble(trouble) => (word_of(trouble.what), trouble.reference.as_str()),
        };
        [self.path.as_str(), &word, reference, &self.typed].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    }

    /// Reads a cookie; `None` when it says nothing that we say.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts: Option<Vec<String>> =
            text.split('.').map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok()).collect();
        let [path, word, reference, typed] = <[String; 4]>::try_from(parts?).ok()?;
        let fits = reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && reference.len() <= 40;
        let word = match word.strip_prefix("notice-") {
            Some(index) => Word::Notice(*Notice::ALL.get(index.parse::<usize>().ok()?)?),
            None => Word::Trouble(Trouble { what: what_of(&word)?, reference: fits.then_some(reference)? }),
        };
        Some(Self { path, word, typed })
    }
}

/// A path as the cookie holds it. One with a request for a code in it would not fit there: browsers drop a cookie of
/// more than 4 KiB.
fn short(path: &str) -> String {
    if path.len() <= PATH_BYTES_MAX {
        return path.to_owned();
    }
    let digest = poundlock_core::secret::Digest::of(path.as_bytes());
    format!("#{}", URL_SAFE_NO_PAD.encode(digest.as_bytes()))
}

fn index_of(notice: Notice) -> usize {
    Notice::ALL.iter().position(|one| *one == notice).unwrap_or(usize::MAX)
}

/// What went wrong, by words that stand for themselves.
const PLAIN: [(&str, What); 16] = [
    ("credentials", What::Credentials),
    ("password", What::Password),
    ("code", What::Code),
    ("recovery_code", What::RecoveryCode),
    ("passkey", What::Passkey),
    ("invite", What::Invite),
    ("name_taken", What::NameTaken),
    ("differs", What::Differs),
    ("not_saved", What::NotSaved),
    ("blocked", What::Blocked),
    ("rebind", What::Rebind),
    ("stale", What::Stale),
    ("too_long", What::Weak(Weakness::TooLong)),
    ("common", What::Weak(Weakness::Common)),
    ("empty_name", What::Empty(Field::Name)),
    ("empty_label", What::Empty(Field::Label)),
];

fn word_of(what: What) -> String {
    match what {
        What::Wait(wait) => format!("wait-{}", wait.millis()),
        What::Busy(wait) => format!("busy-{}", wait.millis()),
        What::Weak(Weakness::TooShort { min }) => format!("short-{min}"),
        What::Weak(Weakness::Context(_)) => "context".to_owned(),
        what => PLAIN.iter().find(|(_, one)| *one == what).map_or(String::new(), |(word, _)| (*word).to_owned()),
    }
}

fn what_of(word: &str) -> Option<What> {
    let number = |prefix: &str| word.strip_prefix(prefix)?.parse::<u32>().ok();
    if let Some(millis) = number("wait-") {
        return Some(What::Wait(Span::from_millis(i64::from(millis))));
    }
    if let Some(millis) = number("busy-") {
        return Some(What::Busy(Span::from_millis(i64::from(millis))));
    }
    if let Some(min) = number("short-") {
        return Some(What::Weak(Weakness::TooShort { min: usize::try_from(min).ok()? }));
    }
    if word == "context" {
        return Some(What::Weak(Weakness::Context(ContextWord::Name)));
    }
    PLAIN.iter().find(|(one, _)| *one == word).map(|(_, what)| *what)
}

/// What a denial is on a form of recovery codes.
pub(crate) fn for_recovery(refused: &Refused, said: Said) -> Said {
    match refused {
        Refused::Denied { denial: Denial::Code, .. } => said.about(What::RecoveryCode),
        _ => said,
    }
}
