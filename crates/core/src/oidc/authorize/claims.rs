//! `claims` (Core §5.5), of which `acr` in the ID token alone means something here (§5.5.1.1).

use serde::Deserialize;

use super::{Draft, levels};
use crate::oidc::{OauthError, Refusal};
use crate::token::Acr;

/// The longest text, in bytes.
const CLAIMS_BYTES_MAX: usize = 2048;

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    id_token: Option<IdToken>,
}

#[derive(Deserialize)]
struct IdToken {
    #[serde(default)]
    acr: Option<Wish>,
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    essential: bool,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

/// Reads the demand on `acr`. One that is essential and names only classes that are not ours cannot be met, ever.
pub(super) fn read(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let Some(text) = draft.params.one("claims") else { return Ok(()) };
    let unreadable = || Refusal::invalid("claims is not a JSON object of the form of Core 5.5");
    if text.len() > CLAIMS_BYTES_MAX || !text.trim_start().starts_with('{') {
        return Err(unreadable());
    }
    let claims: Claims = serde_json::from_str(text).map_err(|_| unreadable())?;
    let Some(wish) = claims.id_token.and_then(|id_token| id_token.acr) else { return Ok(()) };
    let named: Vec<&str> = wish.value.iter().chain(&wish.values).map(String::as_str).collect();
    let weakest = named.iter().filter_map(|value| Acr::parse(value)).min();
    if wish.essential && weakest.is_none() && !named.is_empty() {
        let error = OauthError::UnmetAuthenticationRequirements;
        return Err(Refusal::new(error, "none of the acr values asked for exists here"));
    }
    levels::raise(draft, weakest);
    Ok(())
}
