//! How fresh and how strong the login must be: `max_age` and `acr_values` (Core §3.1.2.1, RFC 9470 §4).

use super::Draft;
use crate::oidc::Refusal;
use crate::time::Span;
use crate::token::Acr;

/// Seconds since the login, as a plain number. Zero asks for a login now.
pub(super) fn max_age(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let Some(text) = draft.params.one("max_age") else { return Ok(()) };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse::<u32>().ok().filter(|_| plain);
    let seconds = seconds.ok_or_else(|| Refusal::invalid("max_age is not a plain number of seconds"))?;
    draft.max_age = Some(Span::from_seconds(i64::from(seconds)));
    Ok(())
}

/// The weakest class named is what must be reached: any of them will do. Classes that are not ours are somebody else's
/// wishes, and left alone.
pub(super) fn acr_values(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let named = draft.params.one("acr_values").unwrap_or_default();
    let weakest = named.split(' ').filter_map(Acr::parse).min();
    raise(draft, weakest);
    Ok(())
}

/// Of two demands the stronger one stands.
pub(super) fn raise(draft: &mut Draft<'_>, acr: Option<Acr>) {
    draft.acr = draft.acr.max(acr);
}
