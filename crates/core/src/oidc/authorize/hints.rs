//! Hints for the pages: whom to expect, and in which language. They prove nothing and open nothing.

use super::Draft;
use crate::oidc::Refusal;

/// The longest hint, in bytes.
const HINT_BYTES_MAX: usize = 256;

/// The name to begin a login with. It is shown in a field of the page, and checked like one that was typed.
pub(super) fn login_hint(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let hint = draft.params.one("login_hint");
    // Shown to a person: no control characters, and nothing that turns the writing around (T-35).
    let odd = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if hint.is_some_and(|hint| hint.len() > HINT_BYTES_MAX || hint.chars().any(odd)) {
        return Err(Refusal::invalid("login_hint is longer than 256 bytes or has control characters"));
    }
    draft.login_hint = hint.map(str::to_owned);
    Ok(())
}

/// Language tags, best first; what is none of ours is passed over by the pages.
pub(super) fn ui_locales(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let locales = draft.params.one("ui_locales");
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' ');
    if locales.is_some_and(|locales| locales.len() > HINT_BYTES_MAX || !locales.bytes().all(fits)) {
        return Err(Refusal::invalid("ui_locales is not a list of language tags"));
    }
    draft.ui_locales = locales.map(str::to_owned);
    Ok(())
}
