//! The texts of the pages, by key and language. Every text is compiled in, in every language.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

use super::language::Language;

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::English));
static GERMAN: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::German));

/// The texts of a language, as written.
pub(super) const fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("words/en.ftl"),
        Language::German => include_str!("words/de.ftl"),
    }
}

fn bundle(language: Language) -> Bundle {
    let mut bundle = Bundle::new_concurrent(language.tag().parse().into_iter().collect());
    // What does not parse is left out, and a test finds that.
    let texts = FluentResource::try_new(source(language).to_owned()).unwrap_or_else(|(texts, _)| texts);
    bundle.add_resource_overriding(texts);
    bundle
}

/// The text of `key`. A key that is not there shows itself; a test finds that, too.
pub(super) fn say(language: Language, key: &str, values: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
    let bundle = match language {
        Language::English => &*ENGLISH,
        Language::German => &*GERMAN,
    };
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        return Cow::Owned(key.to_owned());
    };
    Cow::Owned(bundle.format_pattern(pattern, values, &mut Vec::new()).into_owned())
}
