//! Where the pages are: the one place for the URL of a page. Forms post to these, handlers are mounted on them.

/// Name and password.
pub(crate) const SIGN_IN: &str = "/sign-in";
/// Signing in by a passkey alone; its options are at `/options` below.
pub(crate) const SIGN_IN_PASSKEY: &str = "/sign-in/passkey";
/// An invite or a ticket.
pub(crate) const INVITE: &str = "/invite";
/// Signing out: asks first.
pub(crate) const SIGN_OUT: &str = "/sign-out";
/// Where a request for a code goes on after its sign-in, `?request=NAME`.
pub(crate) const AUTHORIZE_CONTINUE: &str = "/oauth/authorize/continue";
/// The answer to the question for consent.
pub(crate) const AUTHORIZE_CONSENT: &str = "/oauth/authorize/consent";
/// After it.
pub(crate) const SIGNED_OUT: &str = "/sign-out/done";
/// The account.
pub(crate) const ACCOUNT: &str = "/account";
/// Below it: each begins with a step-up where it needs one.
pub(crate) const ACCOUNT_PASSWORD: &str = "/account/password";
/// The new one, after the step-up.
pub(crate) const ACCOUNT_PASSWORD_NEW: &str = "/account/password/new";
/// Both factors again, for one change: `?action=NAME`, with `&target=ID` where it is of one of several.
pub(crate) const ACCOUNT_STEP_UP: &str = "/account/step-up";
/// Add a factor; `/{id}/name` and `/{id}/remove` change one.
pub(crate) const ACCOUNT_FACTORS: &str = "/account/factors";
/// A new set of recovery codes.
pub(crate) const ACCOUNT_CODES: &str = "/account/codes";
/// They are saved.
pub(crate) const ACCOUNT_CODES_SAVED: &str = "/account/codes/saved";
/// `/{id}/end` ends one, `/end-others` all but this.
pub(crate) const ACCOUNT_SESSIONS: &str = "/account/sessions";
/// `/{id}/forget` makes a device a stranger.
pub(crate) const ACCOUNT_DEVICES: &str = "/account/devices";
/// `/{client}/withdraw` takes back what an app was allowed.
pub(crate) const ACCOUNT_GRANTS: &str = "/account/grants";
/// Files with names that change with their content.
pub(crate) const ASSETS: &str = "/assets";
/// The hidden field with the token against forged forms.
pub(crate) const CSRF_FIELD: &str = "csrf";
/// The query parameter that chooses the language (OIDC Core section 3.1.2.1).
pub(crate) const LANGUAGE_QUERY: &str = "ui_locales";
