//! The scope: no more than the client may have (OAE-06).

use super::Draft;
use crate::client::{Scope, ScopeRefusal};
use crate::oidc::{OauthError, Refusal};

pub(super) const TOO_WIDE: &str = "the scope has a word that this client may not ask for";

/// What was asked for; all that the client may have when nothing was.
pub(super) fn read(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let refused = |why: ScopeRefusal| match why {
        ScopeRefusal::Malformed => Refusal::new(OauthError::InvalidScope, "the scope cannot be read"),
        ScopeRefusal::TooWide { .. } => Refusal::new(OauthError::InvalidScope, TOO_WIDE),
    };
    let asked = draft.params.one("scope").map(Scope::parse).transpose().map_err(refused)?;
    let scope = draft.client.scope.narrow(asked.as_ref()).map_err(refused)?;
    scope.as_str().clone_into(&mut draft.scope);
    Ok(())
}
