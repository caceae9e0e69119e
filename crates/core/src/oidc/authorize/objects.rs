//! Request objects and registration inside a request (Core §6 and §7.2.1): not taken, and said so. Ignored, a client
//! would believe that what is signed in them was heeded.

use super::Draft;
use crate::oidc::{OauthError, Refusal};

/// Refuses them by their names.
pub(super) fn refuse(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let refused = [
        ("request", OauthError::RequestNotSupported, "request objects are not taken"),
        ("request_uri", OauthError::RequestUriNotSupported, "request objects by reference are not taken"),
        ("registration", OauthError::RegistrationNotSupported, "a request cannot register a client"),
    ];
    match refused.into_iter().find(|(name, ..)| draft.params.one(name).is_some()) {
        Some((_, error, description)) => Err(Refusal::new(error, description)),
        None => Ok(()),
    }
}
