//! On the way back to an app: shown for a moment, and as long as needed where the browser does not go by itself.

use super::rendered;

/// Leads to `location`, which was checked.
#[derive(Clone, Debug)]
pub(crate) struct Leave {
    pub(crate) location: String,
    /// The host that the browser goes to.
    pub(crate) host: String,
}

rendered!(Leave, "leave.html");
