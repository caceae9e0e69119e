//! Whose pages these are: a name, a logo, two colours. Colours that cannot be read are refused, since a page that an
//! operator made pretty is still the page that somebody has to sign in on.

mod colour;

use std::borrow::Cow;

use super::assets::{Asset, hashed};
use super::{shown, url};

pub(crate) use colour::Colour;

/// Longest name, in characters: it stands on one line of a narrow telephone.
const NAME_CHARS_MAX: usize = 40;
/// Largest logo: it is sent with every first page.
const LOGO_BYTES_MAX: usize = 64 * 1024;
/// What can be read without effort (WCAG 2.2, 1.4.3).
const CONTRAST_MIN: f64 = 4.5;

/// The surfaces that a colour is read on, as `assets/app.css` has them.
const LIGHT: [Colour; 2] = [Colour::new(0xff, 0xff, 0xff), Colour::new(0xf1, 0xf5, 0xf4)];
const DARK: [Colour; 2] = [Colour::new(0x17, 0x22, 0x24), Colour::new(0x0f, 0x17, 0x19)];

/// A brand that can be shown.
#[derive(Clone, Debug)]
pub(crate) struct Brand {
    name: String,
    /// A stylesheet after ours, or none.
    style: Option<String>,
    logo: Option<(&'static str, Vec<u8>)>,
}

/// What an operator asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) name: Option<String>,
    /// The bytes of an SVG, PNG or WebP file.
    pub(crate) logo: Option<Vec<u8>>,
    /// Links and buttons on light ground, `#rrggbb`.
    pub(crate) accent: Option<String>,
    /// The same on dark ground.
    pub(crate) accent_dark: Option<String>,
}

/// Why a brand cannot be shown.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum BadBrand {
    #[error("brand.name must have 1 to {NAME_CHARS_MAX} visible characters on one line")]
    Name,
    #[error("brand.{0}: {1:?} is not a colour such as #0b5c66")]
    Colour(&'static str, String),
    #[error("brand.{0}: its contrast with our background is {1:.2}, and under {CONTRAST_MIN} people cannot read it")]
    Contrast(&'static str, f64),
    #[error("brand.logo must be an SVG, PNG or WebP file of at most {} KiB", LOGO_BYTES_MAX / 1024)]
    Logo,
}

impl Default for Brand {
    fn default() -> Self {
        Self { name: "Poundlock".to_owned(), style: None, logo: None }
    }
}

impl Brand {
    /// Reads a wish.
    pub(crate) fn new(wish: Wish) -> Result<Self, BadBrand> {
        let mut brand = Self::default();
        if let Some(name) = wish.name {
            let fits = !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX;
            if !fits || shown::text(&name) != name {
                return Err(BadBrand::Name);
            }
            brand.name = name;
        }
        if let Some(logo) = wish.logo {
            brand.logo = Some((kind_of(&logo).ok_or(BadBrand::Logo)?, logo));
        }
        let light = wish.accent.map(|text| readable("accent", &text, LIGHT)).transpose()?;
        let dark = wish.accent_dark.map(|text| readable("accent_dark", &text, DARK)).transpose()?;
        brand.style = style(light, dark);
        Ok(brand)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where the logo is, if there is one.
    pub(crate) fn logo(&self) -> Option<String> {
        self.logo.as_ref().map(|(kind, bytes)| format!("{}/{}", url::ASSETS, hashed(kind, bytes)))
    }

    /// Where the stylesheet with its colours is, if it has any.
    pub(crate) fn style(&self) -> Option<String> {
        self.style.as_ref().map(|style| format!("{}/{}", url::ASSETS, hashed("brand.css", style.as_bytes())))
    }

    pub(super) fn assets(&self) -> Vec<Asset> {
        let logo = self.logo.as_ref().map(|(name, bytes)| Asset {
            name: hashed(name, bytes),
            content_type: match *name {
                "logo.svg" => "image/svg+xml",
                "logo.webp" => "image/webp",
                _ => "image/png",
            },
            body: Cow::Owned(bytes.clone()),
        });
        let style = self.style.as_ref().map(|style| Asset {
            name: hashed("brand.css", style.as_bytes()),
            content_type: "text/css; charset=utf-8",
            body: Cow::Owned(style.clone().into_bytes()),
        });
        logo.into_iter().chain(style).collect()
    }
}

/// The file name that goes with the content, which alone decides: a name can say anything.
fn kind_of(logo: &[u8]) -> Option<&'static str> {
    if logo.len() > LOGO_BYTES_MAX {
        return None;
    }
    if logo.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("logo.png");
    }
    if logo.starts_with(b"RIFF") && logo.get(8..12) == Some(b"WEBP") {
        return Some("logo.webp");
    }
    let text = std::str::from_utf8(logo).ok()?.trim_start_matches('\u{feff}').trim_start();
    (text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg"))).then_some("logo.svg")
}

fn readable(key: &'static str, text: &str, grounds: [Colour; 2]) -> Result<Colour, BadBrand> {
    let colour = Colour::parse(text).ok_or_else(|| BadBrand::Colour(key, text.to_owned()))?;
    let least = grounds.iter().map(|ground| colour.contrast(*ground)).fold(f64::INFINITY, f64::min);
    if least < CONTRAST_MIN { Err(BadBrand::Contrast(key, least)) } else { Ok(colour) }
}

fn style(light: Option<Colour>, dark: Option<Colour>) -> Option<String> {
    let mut text = String::new();
    if let Some(colour) = light {
        text.push_str(&format!(":root{{--accent:{colour}}}\n"));
    }
    if light.is_some() || dark.is_some() {
        // Without a dark colour of its own a brand has ours in the dark, never its light one.
        let colour = dark.map_or_else(|| "#7fd3d6".to_owned(), |colour| colour.to_string());
        text.push_str(&format!("@media (prefers-color-scheme:dark){{:root{{--accent:{colour}}}}}\n"));
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
