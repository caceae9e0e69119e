//! What comes back and how: a code, in the query. No token ever stands in a URL (OAE-05, RFC 9700 §2.1.2).

use super::Draft;
use crate::oidc::{OauthError, Refusal};

/// Only `code`.
pub(super) fn type_is_code(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    match draft.params.one("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(Refusal::new(OauthError::UnsupportedResponseType, "the only response_type is code")),
        None => Err(Refusal::invalid("response_type is missing")),
    }
}

/// Only `query`, which is the default of `code`.
pub(super) fn mode_is_query(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    match draft.params.one("response_mode") {
        None | Some("query") => Ok(()),
        Some(_) => Err(Refusal::invalid("the only response_mode is query")),
    }
}
