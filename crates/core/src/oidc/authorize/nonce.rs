//! `nonce`: what binds the ID token to the client's own session (Core §3.1.2.1).

use super::Draft;
use crate::oidc::Refusal;

/// The longest nonce, in bytes: it stands in the ID token.
const NONCE_BYTES_MAX: usize = 512;

/// Keeps the nonce.
pub(super) fn read(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let Some(nonce) = draft.params.one("nonce") else { return Ok(()) };
    if nonce.len() > NONCE_BYTES_MAX || nonce.bytes().any(|byte| !matches!(byte, 0x20..=0x7e)) {
        return Err(Refusal::invalid("nonce is longer than 512 bytes or not printable ASCII"));
    }
    draft.nonce = Some(nonce.to_owned());
    Ok(())
}
