//! The files of the pages: styles, scripts, the operator's logo. Each has a name that changes with its content, so that
//! a browser may keep it for ever and still never sees an old one.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

use poundlock_core::secret::Digest;

use super::brand::Brand;
use super::url;

/// What such a file may be kept as.
pub(crate) const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// With its hash: `app.0123456789ab.css`.
    pub(crate) name: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: Cow<'static, [u8]>,
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// Name, kind and content of each file of ours.
const OWN: [(&str, &str, &str); 6] = [
    ("app.css", CSS, include_str!("../../assets/app.css")),
    ("more.css", CSS, include_str!("../../assets/more.css")),
    ("mark.svg", "image/svg+xml", include_str!("../../assets/mark.svg")),
    ("page.js", JS, include_str!("../../assets/page.js")),
    ("passkey.js", JS, include_str!("../../assets/passkey.js")),
    ("codes.js", JS, include_str!("../../assets/codes.js")),
];

static NAMED: LazyLock<Vec<(&'static str, String)>> =
    LazyLock::new(|| OWN.iter().map(|(name, _, content)| (*name, hashed(name, content.as_bytes()))).collect());

/// The name of a file with this content.
pub(super) fn hashed(name: &str, content: &[u8]) -> String {
    let mut hash = String::new();
    for byte in Digest::of(content).as_bytes().iter().take(6) {
        // A string takes whatever is written.
        let _ = write!(hash, "{byte:02x}");
    }
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
        None => format!("{name}.{hash}"),
    }
}

/// Every file to serve below [`url::ASSETS`].
pub(crate) fn all(brand: &Brand) -> Vec<Asset> {
    let own = OWN.iter().map(|(name, content_type, content)| Asset {
        name: hashed(name, content.as_bytes()),
        content_type,
        body: Cow::Borrowed(content.as_bytes()),
    });
    own.chain(brand.assets()).collect()
}

/// Where one of our own files is.
pub(super) fn path(name: &str) -> String {
    let named = NAMED.iter().find(|(own, _)| *own == name).map_or(name, |(_, hashed)| hashed.as_str());
    format!("{}/{named}", url::ASSETS)
}

#[cfg(test)]
mod tests;
