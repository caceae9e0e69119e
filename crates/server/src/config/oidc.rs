//! How this server calls applications.

use serde::{Deserialize, Serialize};

/// What an operator can set of it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OidcConfig {
    /// Whether word of a logout may go to private addresses: for applications in the operator's own network.
    pub(crate) private_addresses: bool,
}
