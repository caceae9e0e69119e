//! What stands around every page: whose it is, its language, and the token that its forms carry.

use std::borrow::Cow;

use fluent_bundle::{FluentArgs, FluentValue};
use poundlock_core::time::Time;

use super::brand::Brand;
use super::language::Language;
use super::{assets, shown, url, words};

/// What a page needs beside its view.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) brand: &'a Brand,
    pub(crate) language: Language,
    /// The token against forged forms; each form carries it in the field [`url::CSRF_FIELD`].
    pub(crate) csrf: &'a str,
    /// Path and query at which a GET shows this page again, `ui_locales` left out: where the language switch leads.
    pub(crate) path: &'a str,
}

impl Frame<'_> {
    /// A text of the page's language.
    pub(crate) fn t(&self, key: &str) -> Cow<'static, str> {
        words::say(self.language, key, None)
    }

    /// A text with one value in it.
    pub(crate) fn t1(&self, key: &str, name: &str, value: &str) -> Cow<'static, str> {
        let value = FluentValue::from(shown::text(value).into_owned());
        words::say(self.language, key, Some(&FluentArgs::from_iter([(name, value)])))
    }

    /// A text with a number in it, which decides between one and many.
    pub(crate) fn tn(&self, key: &str, count: &i64) -> Cow<'static, str> {
        words::say(self.language, key, Some(&FluentArgs::from_iter([("count", *count)])))
    }

    /// A moment to the minute, in UTC.
    pub(crate) fn moment(&self, at: &Time) -> String {
        shown::moment(self.language, *at)
    }

    /// The other languages: each with the address at which this page speaks it.
    pub(crate) fn others(&self) -> Vec<(Language, String)> {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        let to = |language: Language| format!("{}{joint}{}={}", self.path, url::LANGUAGE_QUERY, language.tag());
        Language::ALL.iter().filter(|one| **one != self.language).map(|one| (*one, to(*one))).collect()
    }

    /// The address of a file of ours.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::path(name)
    }
}
