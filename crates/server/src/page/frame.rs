//! What stands around every page: whose it is, its language, and the token that its forms carry.

use std::borrow::Cow;
use std::fmt;

use fluent_bundle::{FluentArgs, FluentValue};
use poundlock_core::time::Time;

use super::brand::Brand;
use super::language::Language;
use super::trouble::{Field, Trouble, What};
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
    pub(super) fn t(&self, key: &str) -> Cow<'static, str> {
        words::say(self.language, key, None)
    }

    /// A text with one value in it that somebody chose.
    pub(super) fn t1(&self, key: &str, name: &str, value: &str) -> Cow<'static, str> {
        self.with(key, name, &shown::text(value))
    }

    /// A text with one of our own texts in it.
    pub(super) fn with(&self, key: &str, name: &str, value: &str) -> Cow<'static, str> {
        let value = FluentValue::from(value.to_owned());
        words::say(self.language, key, Some(&FluentArgs::from_iter([(name, value)])))
    }

    /// A text with a number in it, which decides between one and many.
    pub(super) fn tn(&self, key: &str, count: &i64) -> Cow<'static, str> {
        words::say(self.language, key, Some(&FluentArgs::from_iter([("count", *count)])))
    }

    /// A text that somebody chose.
    pub(super) fn shown<'v>(&self, text: &'v str) -> Cow<'v, str> {
        shown::text(text)
    }

    /// A moment to the minute, in UTC.
    pub(super) fn moment(&self, at: &Time) -> String {
        shown::moment(self.language, *at)
    }

    /// A moment as programs read it.
    pub(super) fn machine(&self, at: &Time) -> String {
        shown::machine_moment(*at)
    }

    /// The title of a page: that something went wrong comes first, since a screen reader reads it first.
    pub(super) fn title(&self, trouble: &Option<Trouble>, key: &str) -> Cow<'static, str> {
        let title = self.t(key);
        if trouble.is_some() { self.with("title-error", "title", &title) } else { title }
    }

    /// What is told beside the field `id`.
    pub(super) fn said(&self, trouble: &Option<Trouble>, id: &str) -> Option<String> {
        trouble.as_ref().filter(|trouble| trouble.field().id() == id).map(|trouble| trouble.said(self))
    }

    /// What is told above a form that has these fields: whatever none of them tells.
    pub(super) fn said_above(&self, trouble: &Option<Trouble>, fields: &[Field]) -> Option<String> {
        trouble.as_ref().filter(|trouble| !fields.contains(&trouble.field())).map(|trouble| trouble.said(self))
    }

    pub(super) fn reference<'t>(&self, trouble: &'t Option<Trouble>) -> &'t str {
        trouble.as_ref().map_or("", |trouble| trouble.reference.as_str())
    }

    /// The attributes that tie the field `id` to its hint and to what is wrong with it.
    pub(super) fn marks(&self, trouble: &Option<Trouble>, id: &'static str, hint: &'static str) -> Marks {
        let here = trouble.as_ref().is_some_and(|trouble| trouble.field().id() == id);
        let both =
            matches!(trouble, Some(Trouble { what: What::Credentials, .. })) && matches!(id, "name" | "password");
        let error = if here { Some(id) } else { both.then_some("form") };
        Marks { hint, error, focus: here || (both && id == "password") }
    }

    /// The other languages: each with the address at which this page speaks it.
    pub(super) fn others(&self) -> Vec<(Language, String)> {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        let to = |language: Language| format!("{}{joint}{}={}", self.path, url::LANGUAGE_QUERY, language.tag());
        Language::ALL.iter().filter(|one| **one != self.language).map(|one| (*one, to(*one))).collect()
    }

    /// The address of a file of ours.
    pub(super) fn asset(&self, name: &str) -> String {
        assets::path(name)
    }
}

/// Attributes of a field. Made of our own words alone, so that they need no escape.
pub(super) struct Marks {
    hint: &'static str,
    error: Option<&'static str>,
    focus: bool,
}

impl askama::filters::HtmlSafe for Marks {}

impl fmt::Display for Marks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error {
            Some(error) => {
                let gap = if self.hint.is_empty() { "" } else { " " };
                write!(out, " aria-invalid=\"true\" aria-describedby=\"{}{gap}{error}-error\"", self.hint)?;
            }
            None if self.hint.is_empty() => {}
            None => write!(out, " aria-describedby=\"{}\"", self.hint)?,
        }
        if self.focus { out.write_str(" autofocus") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
