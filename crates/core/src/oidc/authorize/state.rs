//! `state`: what the client gets back, unread (RFC 6749 §4.1.1).

use super::Draft;
use crate::oidc::{Params, Refusal};

/// The longest state, in bytes: it comes back in a URL.
const STATE_BYTES_MAX: usize = 1024;

/// Keeps the state.
pub(super) fn read(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if draft.params.one("state").is_none() {
        return Ok(());
    }
    draft.state = readable(draft.params);
    match draft.state {
        Some(_) => Ok(()),
        None => Err(Refusal::invalid("state is longer than 1024 bytes or not printable ASCII")),
    }
}

/// The state, if it is one (RFC 6749 Appendix A.5).
pub(super) fn readable(params: &Params) -> Option<String> {
    let state = params.one("state")?;
    let printable = state.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    (printable && state.len() <= STATE_BYTES_MAX).then(|| state.to_owned())
}
