//! Changes of the account: each asks for a step-up first, and is made with the right that comes out of it.

use axum::response::Response;
use poundlock_core::id::FactorId;
use poundlock_core::label::Label;
use poundlock_core::secret::Secret;
use poundlock_core::step_up::Action;
use serde::Deserialize;

use super::super::edge::cookie::Kind;
use super::super::url::Path;
use super::account::{not_there, told};
use super::browser::SignedIn;
use super::form::{Nothing, SignedForm};
use super::said::Said;
use super::step_up::page_of;
use crate::app::SharedApp;
use crate::flow::account::{self as flow, change_password};
use crate::flow::browser::{saved, shown};
use crate::flow::enrol::begin_adding;
use crate::flow::factor::called;
use crate::flow::invite::least;
use crate::flow::{Channel, Denial, Refused};
use crate::page::view::{ChangePassword, Notice, RecoveryCodes, RenameFactor};
use crate::page::{Field, Trouble, What, url};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    new_password: String,
    repeat: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewName {
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AreSaved {
    saved: Option<String>,
}

/// To the step-up for another password.
pub(crate) async fn password(form: SignedForm<Nothing>) -> Response {
    form.signed.browser.to(&page_of(Action::ChangePassword, ""))
}

/// Asks for the new password.
pub(crate) async fn new_password(signed: SignedIn) -> Response {
    let SignedIn { mut browser, caller } = signed;
    if browser.read(Kind::StepUp).is_none() {
        return browser.to(&page_of(Action::ChangePassword, ""));
    }
    let view = ChangePassword {
        at: url::ACCOUNT_PASSWORD_NEW.to_owned(),
        name: caller.account.user.name.clone(),
        least: least(&caller.account.user.groups),
        hidden: Vec::new(),
        trouble: browser.said().and_then(|said| said.as_trouble()),
    };
    browser.page(|frame| view.render(frame))
}

/// Sets it.
pub(crate) async fn set_password(form: SignedForm<NewPassword>) -> Response {
    let SignedForm { signed: SignedIn { mut browser, caller }, fields } = form;
    let Some(right) = browser.read(Kind::StepUp) else {
        return browser.to(&page_of(Action::ChangePassword, ""));
    };
    if fields.new_password != fields.repeat {
        let differs = Trouble { what: What::Differs, reference: String::new() };
        browser.say(&Said::trouble(url::ACCOUNT_PASSWORD_NEW, differs, ""));
        return browser.to(url::ACCOUNT_PASSWORD_NEW);
    }
    let change = (Secret::new(fields.new_password), right);
    match change_password(SharedApp::clone(&browser.app), caller, change, browser.origin.clone()).await {
        Err(refused @ Refused::Weak(_)) => browser.again(url::ACCOUNT_PASSWORD_NEW, refused, ""),
        done => {
            browser.take(Kind::StepUp);
            told_of_change(browser, done, (Action::ChangePassword, ""), Notice::PasswordChanged)
        }
    }
}

/// Asks for another name of a factor, after the step-up for that.
pub(crate) async fn new_name(Path(id): Path<String>, signed: SignedIn) -> Response {
    let SignedIn { mut browser, caller } = signed;
    let Ok(factor) = id.parse::<FactorId>() else { return not_there(browser) };
    if browser.read(Kind::StepUp).is_none() {
        return browser.to(&page_of(Action::RenameFactor, &factor.to_string()));
    }
    let label = match called(&browser.app, &caller.account, &id).await {
        Ok(label) => label,
        Err(refused) => return browser.refused(refused),
    };
    let trouble = browser.said().and_then(|said| said.as_trouble());
    let view = RenameFactor { at: name_page(factor), label, trouble };
    browser.page(|frame| view.render(frame))
}

/// Gives it.
pub(crate) async fn rename_factor(Path(id): Path<String>, form: SignedForm<NewName>) -> Response {
    let SignedForm { signed: SignedIn { mut browser, caller }, fields } = form;
    let Ok(factor) = id.parse::<FactorId>() else { return not_there(browser) };
    let page = name_page(factor);
    let Some(right) = browser.read(Kind::StepUp) else { return browser.to(&page) };
    let Ok(label) = Label::parse(&fields.label) else {
        browser.say(&Said::trouble(&page, Trouble { what: What::Empty(Field::Label), reference: String::new() }, ""));
        return browser.to(&page);
    };
    let done = flow::rename_factor(&browser.app, &caller, (factor, &label, &right), &browser.origin).await;
    browser.take(Kind::StepUp);
    told_of_change(browser, done, (Action::RenameFactor, &factor.to_string()), Notice::FactorRenamed)
}

fn name_page(factor: FactorId) -> String {
    format!("{}/{factor}/name", url::ACCOUNT_FACTORS)
}

/// To the step-up for the removal of a factor.
pub(crate) async fn remove_factor(Path(id): Path<String>, form: SignedForm<Nothing>) -> Response {
    let browser = form.signed.browser;
    match id.parse::<FactorId>() {
        Ok(id) => browser.to(&page_of(Action::RemoveFactor, &id.to_string())),
        Err(_) => not_there(browser),
    }
}

/// Removes it.
pub(super) async fn remove(signed: SignedIn, (target, right): (&str, &Secret<String>)) -> Response {
    let SignedIn { mut browser, caller } = signed;
    let Ok(id) = target.parse() else { return not_there(browser) };
    let done = flow::remove_factor(&browser.app, &caller, (id, right), &browser.origin).await;
    // The session may have rested on it, and is over then.
    match browser.caller_of(&caller).await {
        Ok(None) if done.is_ok() => {
            browser.take(Kind::Session);
            browser.to(url::SIGN_IN)
        }
        _ => told_of_change(browser, done, (Action::RemoveFactor, target), Notice::FactorRemoved),
    }
}

/// To the step-up for a new set of recovery codes.
pub(crate) async fn new_codes(form: SignedForm<Nothing>) -> Response {
    form.signed.browser.to(&page_of(Action::NewRecoveryCodes, ""))
}

/// Makes it, to be shown on the next page.
pub(super) async fn make_codes(signed: SignedIn, right: &Secret<String>) -> Response {
    let SignedIn { browser, caller } = signed;
    match flow::new_codes_to_show(&browser.app, &caller, right, &browser.origin).await {
        Ok(()) => browser.to(url::ACCOUNT_CODES),
        refused => told_of_change(browser, refused, (Action::NewRecoveryCodes, ""), Notice::CodesMade),
    }
}

/// The codes that wait to be shown.
pub(crate) async fn codes(signed: SignedIn) -> Response {
    let SignedIn { mut browser, caller } = signed;
    let shown = match shown(&browser.app, &caller).await {
        Ok(Some(shown)) => shown,
        Ok(None) => return browser.to(url::ACCOUNT),
        Err(refused) => return browser.refused(refused),
    };
    let view = RecoveryCodes {
        at: url::ACCOUNT_CODES_SAVED.to_owned(),
        name: caller.account.user.name.clone(),
        codes: shown.codes().collect(),
        first: shown.next() != url::ACCOUNT,
        hidden: Vec::new(),
        trouble: browser.said().and_then(|said| said.as_trouble()),
    };
    browser.page(|frame| view.render(frame))
}

/// They are saved: nobody sees them again, and the browser goes where it wanted to.
pub(crate) async fn codes_saved(form: SignedForm<AreSaved>) -> Response {
    let SignedForm { signed: SignedIn { mut browser, caller }, fields } = form;
    if fields.saved.is_none() {
        let trouble = Trouble { what: What::NotSaved, reference: String::new() };
        browser.say(&Said::trouble(url::ACCOUNT_CODES, trouble, ""));
        return browser.to(url::ACCOUNT_CODES);
    }
    let next = match shown(&browser.app, &caller).await {
        Ok(shown) => shown.map_or_else(|| url::ACCOUNT.to_owned(), |shown| shown.next().to_owned()),
        Err(refused) => return browser.refused(refused),
    };
    match saved(&browser.app, &caller).await {
        Ok(()) => browser.to(&next),
        Err(refused) => browser.refused(refused),
    }
}

/// Adds a factor: by the one enrolment that a session opened by a recovery code gives, else by a step-up.
pub(crate) async fn add_factor(form: SignedForm<Nothing>) -> Response {
    let signed = form.signed;
    if signed.caller.may_enrol() {
        return begin_enrolment(signed, None).await;
    }
    signed.browser.to(&page_of(Action::AddFactor, ""))
}

/// Begins the enrolment.
pub(super) async fn begin_enrolment(signed: SignedIn, right: Option<&Secret<String>>) -> Response {
    let SignedIn { mut browser, caller } = signed;
    match begin_adding(&browser.app, &caller, right, ("totp", Channel::Page), &browser.origin).await {
        Ok(handle) => match browser.hold(&handle.login) {
            Some(id) => browser.to(&format!("{}/{id}", url::SIGN_IN)),
            None => browser.to(url::ACCOUNT),
        },
        Err(refused) => browser.refused(refused),
    }
}

/// Back to the account, or to the step-up whose right was spent or has ended.
fn told_of_change(
    browser: super::browser::Browser,
    done: Result<(), Refused>,
    (action, target): (Action, &str),
    notice: Notice,
) -> Response {
    match done {
        Err(Refused::Denied { denial: Denial::StepUp, .. }) => browser.to(&page_of(action, target)),
        done => told(browser, done, notice),
    }
}
