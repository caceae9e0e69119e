//! Decides what a request for a code still needs, once it is known who is logged in at this browser. Each answer leads
//! to one page or to the client; whatever page was passed, the question is asked again from the start.

use super::authorize::Asked;
use super::consent::ConsentRow;
use super::{OauthError, Refusal};
use crate::time::{Span, Time};
use crate::token::Event;

/// What is true of the browser that asks.
#[derive(Clone, Copy, Debug)]
pub struct Browser<'a> {
    /// The present authentication of its session; `None` when nobody is logged in.
    pub event: Option<&'a Event>,
    /// When its second factor was last proved.
    pub mfa_time: Time,
    /// How old that proof may be for this client: its refresh tokens would ask for another one at once.
    pub mfa_max_age: Span,
    /// Whether this client asks its users for consent.
    pub asks_consent: bool,
    /// Whether whoever gets its codes can redeem them: it has no secret of its own.
    pub is_public: bool,
    /// What this user has allowed this client before.
    pub consented: Option<&'a ConsentRow>,
    /// Whether the user has just allowed exactly this request.
    pub consents_now: bool,
}

/// What is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Both factors, at a login or inside the session that is there.
    Login,
    /// Both factors, at a login of its own: what was proved inside the session just now is weaker than what the session
    /// has, and changed nothing. Asked for there again and again, its user would never come back.
    LoginAnew,
    /// The user's word.
    Consent,
    /// Nothing: give a code.
    Nothing,
    /// It cannot be had: say so to the client.
    Refuse(Refusal),
}

/// Decides.
#[must_use]
pub fn next(asked: &Asked, browser: Browser<'_>, now: Time) -> Need {
    let silent = asked.prompts.forbids_pages();
    let Some(event) = browser.event else {
        return if silent { refuse(OauthError::LoginRequired, "nobody is logged in") } else { Need::Login };
    };
    if let Some(need) = stronger_or_fresher(asked, (event, browser), now) {
        return match need {
            Need::Login | Need::LoginAnew if silent => {
                refuse(OauthError::LoginRequired, "the login is too old or too weak")
            }
            need => need,
        };
    }
    if needs_consent(asked, browser) {
        return if silent { refuse(OauthError::ConsentRequired, "the user has not consented") } else { Need::Consent };
    }
    Need::Nothing
}

/// What is missing of the login; `None` when it will do.
fn stronger_or_fresher(asked: &Asked, (event, browser): (&Event, Browser<'_>), now: Time) -> Option<Need> {
    let is_fresh = event.auth_time() >= asked.asked_at;
    let is_weak = asked.acr.is_some_and(|acr| event.acr() < acr);
    if is_weak && is_fresh {
        // It was just tried. Asked again and again, a user without such a factor would never come back.
        let error = OauthError::UnmetAuthenticationRequirements;
        return Some(refuse(error, "the user has no factor of the strength asked for"));
    }
    // A login made for this request is as fresh as can be, whatever the time since then.
    let is_old = asked.max_age.is_some_and(|max_age| now - event.auth_time() > max_age) && !is_fresh;
    let is_stale = now - browser.mfa_time > browser.mfa_max_age;
    if (is_weak || is_old) && browser.mfa_time >= asked.asked_at {
        return Some(Need::LoginAnew);
    }
    (is_weak || is_old || is_stale || (asked.prompts.wants_login() && !is_fresh)).then_some(Need::Login)
}

fn needs_consent(asked: &Asked, browser: Browser<'_>) -> bool {
    if browser.consents_now {
        return false;
    }
    let covered = browser.consented.is_some_and(|consented| consented.covers(asked));
    asked.prompts.wants_consent() || (browser.asks_consent && !covered) || is_anyones(asked, browser)
}

/// Whether nothing vouches for who gets the code: the address is one of this machine or a scheme of its own, and the client
/// has no secret. Attack: another user's program listens there, and a page sends the browser on its way (RFC 8252 section
/// 8.6). Then the user vouches, each time, and after a login too: the request may have been sealed before it, by somebody
/// who waited for the user to log in for anything at all.
fn is_anyones(asked: &Asked, browser: Browser<'_>) -> bool {
    browser.is_public && !asked.redirect_uri.starts_with("https://")
}

const fn refuse(error: OauthError, description: &'static str) -> Need {
    Need::Refuse(Refusal::new(error, description))
}
