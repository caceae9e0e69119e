//! A parameter that comes twice (RFC 6749 §3.1): the client and a proxy may have read another one than we would.

use super::Draft;
use crate::oidc::Refusal;

/// Refuses any repeated name, known or not.
pub(super) fn refuse(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if draft.params.has_repeated() {
        return Err(Refusal::invalid("a parameter comes more than once"));
    }
    Ok(())
}
