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

/// See [`uses_browsers`].
pub(super) fn may_use_browsers(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    uses_browsers(draft.client)
}

/// A service has no user, so nobody's browser is sent anywhere for it. Nor for a client whose tokens must be bound to a
/// key: what it would get here is good for whoever has it.
pub(super) fn uses_browsers(client: &Client) -> Result<(), Refusal> {
    let refuse = |description| Err(Refusal::new(OauthError::UnauthorizedClient, description));
    match client.kind {
        _ if client.dpop_required => refuse("the tokens of this client must be bound to a key, and these would not be"),
        ClientKind::FirstParty | ClientKind::Public | ClientKind::Confidential => Ok(()),
        ClientKind::Service => refuse("this client is a service and logs nobody in"),
    }
}

/// The address is named once and is registered for this client.
pub(super) fn redirect_is_registered(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if draft.params.is_repeated("redirect_uri") {
        return Err(Refusal::invalid("redirect_uri comes more than once"));
    }
    let uri = draft.params.one("redirect_uri").ok_or_else(no_address)?;
    if !is_registered(draft.client, uri) {
        return Err(not_registered());
    }
    draft.redirect_uri = Some(uri.to_owned());
    Ok(())
}

pub(super) const fn not_registered() -> Refusal {
    Refusal::invalid("this redirect_uri is not one that is registered for the client")
}

pub(super) const fn no_address() -> Refusal {
    Refusal::invalid("redirect_uri is missing")
}
