//! The pages for people: a view is what a page shows, and `render` makes the HTML of it. Pure: no I/O, no clock, no
//! decision. A view is told what was decided and where its forms go; it never asks whether something is allowed.
//!
//! Every page works without JavaScript, except that a passkey needs it. There is no inline script and no inline style,
//! so that the policy of the pages can forbid both (SES-09).

pub(crate) mod assets;
pub(crate) mod brand;
pub(crate) mod frame;
pub(crate) mod language;
pub(crate) mod shown;
pub(crate) mod trouble;
pub(crate) mod url;
pub(crate) mod view;
mod words;

pub(crate) use self::brand::Brand;
pub(crate) use self::frame::Frame;
pub(crate) use self::language::Language;
pub(crate) use self::trouble::{Field, Trouble, What};

/// A whole page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Html(pub(crate) String);

/// Fills a template.
fn html(template: &impl askama::Template) -> Html {
    // Writing to a string cannot fail, and no value of ours refuses to be shown.
    Html(template.render().unwrap_or_default())
}

#[cfg(test)]
mod tests;
