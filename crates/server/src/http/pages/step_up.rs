//! `/account/step-up`: both factors again, for one change. The right that comes out of it travels in a cookie to the
//! page of the change, or is used at once where nothing more is asked.

use axum::response::Response;
use poundlock_core::oidc::authorize::REQUEST_BYTES_MAX;
use poundlock_core::secret::Secret;
use poundlock_core::step_up::Action;
use serde::Deserialize;

use super::super::edge::cookie::Kind;
use super::super::url::Query;
use super::browser::{Browser, SignedIn};
use super::form::SignedForm;
use super::login::purpose;
use super::said::Said;
use super::{account, change};
use crate::app::SharedApp;
use crate::flow::browser::{Risen, signed_in};
use crate::flow::factor::{alone, called};
use crate::flow::login::attempt;
use crate::flow::step_up::{self as flow, Asked};
use crate::flow::{Channel, Denial, Refused};
use crate::page::view::{Hidden, StepUp};
use crate::page::{Trouble, What, url};

/// The longest target, in bytes: an id, or a request for a code.
const TARGET_BYTES_MAX: usize = REQUEST_BYTES_MAX;

#[derive(Deserialize)]
pub(crate) struct For {
    action: String,
    #[serde(default)]
    target: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    password: String,
    action: String,
    #[serde(default)]
    target: String,
}

/// Where the step-up for a change begins.
pub(in crate::http) fn page_of(action: Action, target: &str) -> String {
    let target = if target.is_empty() { String::new() } else { format!("&target={target}") };
    format!("{}?action={}{target}", url::ACCOUNT_STEP_UP, action.as_str())
}

pub(super) fn change_of(action: &str, target: &str) -> Option<Action> {
    let fits = target.len() <= TARGET_BYTES_MAX
        && target.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    Action::parse(action).filter(|_| fits)
}

/// The password again.
pub(crate) async fn show(signed: SignedIn, Query(For { action, target }): Query<For>) -> Response {
    let SignedIn { mut browser, caller } = signed;
    let Some(action) = change_of(&action, &target) else { return account::not_there(browser) };
    let shown = match called(&browser.app, &caller.account, &target).await {
        Ok(shown) => shown,
        Err(refused) => return browser.refused(refused),
    };
    let trouble = browser.said().and_then(|said| said.as_trouble());
    let view = StepUp {
        at: url::ACCOUNT_STEP_UP.to_owned(),
        name: caller.account.user.name.clone(),
        purpose: purpose(action, &shown),
        hidden: vec![
            Hidden { name: "action", value: action.as_str().to_owned() },
            Hidden { name: "target", value: target },
        ],
        passkeys: browser.app.party.is_some() && !alone(&browser.app, &caller.account).is_empty(),
        trouble,
    };
    browser.page(|frame| view.render(frame))
}

/// The first gate of it; the second is that of any login.
pub(crate) async fn begin(form: SignedForm<Begin>) -> Response {
    let SignedForm { signed: SignedIn { mut browser, caller }, fields } = form;
    let Some(action) = change_of(&fields.action, &fields.target) else { return account::not_there(browser) };
    let page = page_of(action, &fields.target);
    let password = match attempt(Secret::new(fields.password)) {
        Ok(password) => password,
        Err(refused) => return browser.refused(refused),
    };
    let asked =
        Asked { action, target: fields.target, password: Some(password), refresh_token: None, channel: Channel::Page };
    match flow::begin(SharedApp::clone(&browser.app), caller, asked, browser.origin.clone()).await {
        Ok(handle) => match browser.hold(&handle.login) {
            Some(id) => browser.to(&format!("{}/{id}", url::SIGN_IN)),
            None => browser.to(&page),
        },
        Err(refused) => wrong(browser, &page, refused),
    }
}

/// The name is known here: only the password can be wrong.
fn wrong(browser: Browser, page: &str, refused: Refused) -> Response {
    let Refused::Denied { denial: Denial::Credentials, reference, .. } = &refused else {
        return browser.again(page, refused, "");
    };
    let said = Said::trouble(page, Trouble { what: What::Password, reference: reference.clone() }, "");
    browser.again_saying(page, refused, &said)
}

/// Both factors were proved: the change is made, or its page asks for the rest.
pub(super) async fn completed(mut browser: Browser, right: Secret<String>, risen: Risen) -> Response {
    browser.put(Kind::Session, &risen.cookie);
    let now = match crate::flow::now(&browser.app, &browser.origin) {
        Ok(now) => now,
        Err(refused) => return browser.refused(refused),
    };
    let caller = match signed_in(&browser.app, &risen.cookie, now).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return browser.to(url::SIGN_IN),
        Err(refused) => return browser.refused(refused),
    };
    let signed = SignedIn { browser, caller };
    match risen.action {
        Action::ChangePassword => {
            let mut browser = signed.browser;
            browser.put(Kind::StepUp, &right);
            browser.to(url::ACCOUNT_PASSWORD_NEW)
        }
        Action::NewRecoveryCodes => change::make_codes(signed, &right).await,
        Action::RenameFactor => {
            let mut browser = signed.browser;
            browser.put(Kind::StepUp, &right);
            browser.to(&format!("{}/{}/name", url::ACCOUNT_FACTORS, risen.target))
        }
        Action::RemoveFactor => change::remove(signed, (&risen.target, &right)).await,
        // What counts is that the session has risen: the right itself is not used, and ends by itself.
        Action::Authorize => signed.browser.to(&format!("{}?request={}", url::AUTHORIZE_CONTINUE, risen.target)),
        Action::AddFactor => change::begin_enrolment(signed, Some(&right)).await,
    }
}
