//! Who asks, and where the answer may go. What fails here is shown on a page of ours.

use super::Draft;
use crate::client::{Client, ClientKind};
use crate::oidc::{OauthError, Params, Refusal, is_registered};

pub(super) const KNOWN: &str = "client_id";

/// The client that is named, once and exactly.
pub(super) fn known<'a>(params: &Params, find: impl FnOnce(&str) -> Option<&'a Client>) -> Result<&'a Client, Refusal> {
    if params.is_repeated("client_id") {
        return Err(Refusal::invalid("client_id comes more than once"));
    }
    let id = params.one("client_id").ok_or_else(|| Refusal::invalid("client_id is missing"))?;
    find(id).ok_or_else(|| Refusal::new(OauthError::InvalidClient, "there is no client of this client_id"))
}

/// A service has no user, so nobody's browser is sent anywhere for it.
pub(super) fn may_use_browsers(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    match draft.client.kind {
        ClientKind::FirstParty | ClientKind::Public | ClientKind::Confidential => Ok(()),
        ClientKind::Service => {
            Err(Refusal::new(OauthError::UnauthorizedClient, "this client is a service and logs nobody in"))
        }
    }
}

/// The address is named once and is registered for this client.
pub(super) fn redirect_is_registered(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if draft.params.is_repeated("redirect_uri") {
        return Err(Refusal::invalid("redirect_uri comes more than once"));
    }
    let uri = draft.params.one("redirect_uri").ok_or_else(no_address)?;
    if !is_registered(draft.client, uri) {
        return Err(Refusal::invalid("this redirect_uri is not one that is registered for the client"));
    }
    draft.redirect_uri = Some(uri.to_owned());
    Ok(())
}

pub(super) const fn no_address() -> Refusal {
    Refusal::invalid("redirect_uri is missing")
}
