//! `[brand]`: whose pages these are. Refused at start where a page could not be read.

use std::path::PathBuf;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::page::Brand;
use crate::page::brand::Wish;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BrandConfig {
    /// Stands at the top of every page. Default: Poundlock.
    pub(crate) name: Option<String>,
    /// An SVG, PNG or WebP file, shown 32 pixels high.
    pub(crate) logo: Option<PathBuf>,
    /// Links and buttons on light ground, `#rrggbb`.
    pub(crate) accent: Option<String>,
    /// The same on dark ground.
    pub(crate) accent_dark: Option<String>,
}

impl BrandConfig {
    /// The brand, its logo read.
    pub(crate) fn load(&self) -> anyhow::Result<Brand> {
        let read = |path: &PathBuf| {
            std::fs::read(path).with_context(|| format!("cannot read the logo {} of brand.logo", path.display()))
        };
        let wish = Wish {
            name: self.name.clone(),
            logo: self.logo.as_ref().map(read).transpose()?,
            accent: self.accent.clone(),
            accent_dark: self.accent_dark.clone(),
        };
        Brand::new(wish).context("in [brand]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: &BrandConfig) -> String {
        format!("{:#}", config.load().unwrap_err())
    }

    #[test]
    fn nothing_said_is_our_own_brand() {
        assert_eq!(BrandConfig::default().load().unwrap().name(), "Poundlock");
    }

    #[test]
    fn a_logo_is_read_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let logo = folder.path().join("logo.svg");
        let config = BrandConfig { logo: Some(logo.clone()), ..BrandConfig::default() };
        assert!(refused(&config).contains("logo.svg"));
        std::fs::write(&logo, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
        assert!(config.load().unwrap().logo().unwrap().ends_with(".svg"));
        std::fs::write(&logo, "not a picture").unwrap();
        assert!(refused(&config).contains("brand.logo must be an SVG"));
    }

    /// OPS-02: a page that cannot be read is not served.
    #[test]
    fn ops_02_a_colour_that_cannot_be_read_is_refused_with_its_contrast() {
        let config = BrandConfig { accent: Some("#ffcc00".to_owned()), ..BrandConfig::default() };
        let said = refused(&config);
        assert!(said.contains("brand.accent") && said.contains("1.3"), "{said}");
    }
}
