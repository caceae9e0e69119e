//! The languages of the pages, and which of them a reader wants. Never guesses from an address or a name.

/// A language that every text is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    #[default]
    English,
    German,
}

/// How many wishes of a header or parameter are read; nobody has more languages.
const WISHES_MAX: usize = 20;

impl Language {
    pub(crate) const ALL: &'static [Self] = &[Self::English, Self::German];

    /// As in the attribute `lang` (BCP 47).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// As its readers call it.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language of a tag, whatever its region: `de-AT` is German.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        Self::ALL.iter().copied().find(|one| one.tag().eq_ignore_ascii_case(primary))
    }

    /// What a reader asked for: `ui_locales` (tags by preference, spaces between), else what was chosen before, else the
    /// header `Accept-Language`, else English.
    pub(crate) fn wanted(ui_locales: Option<&str>, chosen: Option<&str>, accept_language: Option<&str>) -> Self {
        ui_locales
            .and_then(|tags| tags.split_whitespace().take(WISHES_MAX).find_map(Self::of_tag))
            .or_else(|| chosen.and_then(Self::of_tag))
            .or_else(|| accept_language.and_then(Self::of_header))
            .unwrap_or_default()
    }

    /// The best of a header `Accept-Language` (RFC 9110 section 12.5.4).
    fn of_header(header: &str) -> Option<Self> {
        let wishes = header.split(',').take(WISHES_MAX).filter_map(|wish| {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
            Some((Self::of_tag(tag)?, weight)).filter(|(_, weight)| *weight > 0.0 && *weight <= 1.0)
        });
        // The first of those that are wanted most.
        wishes.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
    }
}

#[cfg(test)]
mod tests;
