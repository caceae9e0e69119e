//! Base64url without padding (RFC 4648 §5, RFC 7515 §2), in its one canonical form.
//!
//! It never accepts two texts for the same bytes: padding, whitespace, `+` and `/`, and non-zero trailing bits are
//! refused. A second spelling of a token would let one token pass as two (8725bis §2.13).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Reject;

/// The canonical text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of `text`.
///
/// # Errors
/// [`Reject::Malformed`] unless `text` is exactly what [`encode`] would give for those bytes.
pub fn decode(text: &str) -> Result<Vec<u8>, Reject> {
    // This engine refuses padding and non-zero trailing bits; the tests hold it to that.
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Reject::Malformed)
}

#[cfg(test)]
mod tests;
