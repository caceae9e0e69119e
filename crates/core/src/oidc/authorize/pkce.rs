//! PKCE (OAE-03): `S256` for everybody. A confidential client that is registered without it must send a nonce, which
//! then does the same work (RFC 9700 §2.1.1).

use super::Draft;
use crate::oidc::Refusal;
use crate::oidc::pkce::Challenge;

/// The challenge that the code will be bound to.
pub(super) fn read(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let method = draft.params.one("code_challenge_method");
    let Some(text) = draft.params.one("code_challenge") else {
        return refuse_without(draft, method);
    };
    // A missing method means `plain` (RFC 7636 §4.3): whoever reads the request can then redeem the code.
    if method != Some("S256") {
        return Err(Refusal::invalid("code_challenge_method must be S256"));
    }
    let challenge = Challenge::parse(text).ok_or_else(|| Refusal::invalid("code_challenge is not 43 base64url digits"));
    draft.challenge = Some(challenge?);
    Ok(())
}

fn refuse_without(draft: &Draft<'_>, method: Option<&str>) -> Result<(), Refusal> {
    if !draft.client.pkce_optional || method.is_some() {
        return Err(required());
    }
    match draft.params.one("nonce") {
        Some(_) => Ok(()),
        None => Err(Refusal::invalid("without PKCE a nonce is required")),
    }
}

pub(super) const fn required() -> Refusal {
    Refusal::invalid("code_challenge is missing: PKCE with S256 is required")
}
