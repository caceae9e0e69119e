//! The audience of the access token: `audience`, or `resource` as RFC 8707 calls it.

use super::Draft;
use crate::oidc::{OauthError, Refusal};

/// One audience that the client may have; its default one when none is named.
pub(super) fn read(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let named = (draft.params.one("audience"), draft.params.one("resource"));
    let name = match named {
        (Some(one), Some(other)) if one != other => {
            return Err(Refusal::new(OauthError::InvalidTarget, "audience and resource name two different services"));
        }
        (one, other) => one.or(other),
    };
    let audience = draft.client.audience_for(name).map_err(|_| refused())?;
    audience.name.as_str().clone_into(&mut draft.audience);
    Ok(())
}

pub(super) const fn refused() -> Refusal {
    Refusal::new(OauthError::InvalidTarget, "this client may not have tokens for that audience")
}
