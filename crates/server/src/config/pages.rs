//! What pages need to be told. Cookies are for TLS and for this machine.

use anyhow::bail;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PagesConfig {
    /// Cookies without `Secure` and without `__Host-`, for a browser that keeps neither from `http://localhost`.
    pub(crate) dev_plain_cookies: bool,
}

impl PagesConfig {
    /// Refuses plain cookies for other machines: whoever listens on the way could read and plant them.
    pub(super) fn check(&self, local: bool) -> anyhow::Result<()> {
        if self.dev_plain_cookies && !local {
            bail!("pages.dev_plain_cookies is for an issuer on localhost alone: take it out, or change the issuer");
        }
        Ok(())
    }
}
